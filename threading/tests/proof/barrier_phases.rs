use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

#[path = "../../src/bin/barrier_phases.rs"]
#[allow(dead_code)]
mod program;
use program::run_phases;

const PARTS: usize = 8;
const PHASES: usize = 500;

// Closures count what is wrong: after a panic in one of them the threads would wait forever.

#[test]
fn every_phase_sees_all_parts_of_the_phase_before() {
    let mixed_states = AtomicUsize::new(0);
    // The value of a part is the number of the phase that computed it.
    let compute = |state: &[usize], part: usize| {
        let phase = state[part];
        if state != [phase; PARTS] {
            mixed_states.fetch_add(1, Relaxed);
        }
        phase + 1
    };
    let last = run_phases(vec![0; PARTS], PHASES, compute, |_, _| ());
    assert_eq!(last, [PHASES; PARTS]);
    assert_eq!(mixed_states.into_inner(), 0);
}

#[test]
fn each_phase_is_reported_once_with_the_whole_new_state() {
    let reports = Mutex::new(Vec::new());
    let compute = |state: &[usize], part: usize| state[part] + 1;
    run_phases(vec![0; PARTS], PHASES, compute, |phase, state| {
        reports.lock().unwrap().push((phase, state.to_vec()));
    });

    let mut expected = Vec::new();
    for phase in 1..=PHASES {
        expected.push((phase, vec![phase; PARTS]));
    }
    assert_eq!(reports.into_inner().unwrap(), expected);
}

#[test]
fn without_parts_or_without_phases_nothing_is_computed() {
    let calls = AtomicUsize::new(0);
    let compute = |_: &[u32], _| calls.fetch_add(1, Relaxed) as u32;
    assert_eq!(run_phases(vec![], 3, compute, |_, _| ()), []);
    assert_eq!(run_phases(vec![1, 2], 0, compute, |_, _| ()), [1, 2]);
    assert_eq!(calls.into_inner(), 0);
}
