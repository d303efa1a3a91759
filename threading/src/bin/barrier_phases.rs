//! Compute in phases: no thread begins the next one before all have ended the one before.
//!
//! Use it for a step-by-step simulation, where each part of the next state depends on all of the
//! one before. Two waits at a `Barrier` make a phase: after the first, all values are in and one
//! thread, the leader, puts them together; after the second, all go on with them. A barrier knows
//! no way out: no timeout and no `abort`, so a thread that does not come leaves the others there
//! forever (`deadlock_barrier_short_broken`). Hence a panic is caught here, its thread still comes
//! to the barrier, and the phase that lacks a value is the last; the caller gets the panic. Where
//! the phases are short, rayon's `par_iter` over the values has threads ready.
//!
//! Python: `threading.Barrier(4, action=combine)`, `wait()`, `BrokenBarrierError`.
//! Copy: `in_phases`.
//! Needs: `cargo add clap@4 -F derive`
//!
//! ```console
//! $ cargo run -p threading --bin barrier_phases
//! 4 threads, 5 phases: 20 of 20 times a thread saw all values of the phase before
//! leaders in each phase: [1, 1, 1, 1, 1]
//! a panic in phase 2: the caller saw "no value"; begun by: phase 1 4, 2 4, 3 0
//!
//! $ cargo run -p threading --bin barrier_phases -- --threads 1 --phases 0
//! 1 threads, 0 phases: 0 of 0 times a thread saw all values of the phase before
//! leaders in each phase: []
//! ...
//! ```

use std::num::NonZeroU8;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Barrier, Mutex, RwLock};
use std::thread;
use std::time::Duration;

use clap::Parser;

/// Computes a list of values again and again, with a thread for each of them: `work` gets the
/// number of the value and all values of the phase before, and returns the value for the next
/// phase. Before each phase, and so after the last, one of the threads asks `go_on`, while the
/// others wait. Returns the values as they were when it said no. No values: no phases.
///
/// # Panics
/// With the panic of `work` or `go_on`, at the end of that phase, when all threads have ended.
/// Also if the system has no more threads to give.
pub fn in_phases<T: Send + Sync>(
    first: Vec<T>,
    go_on: impl FnMut(&[T]) -> bool + Send,
    work: impl Fn(usize, &[T]) -> T + Sync,
) -> Vec<T> {
    let (barrier, ready) = (Barrier::new(first.len()), Mutex::new(()));
    let slots: Vec<_> = first
        .into_iter()
        .map(|value| Mutex::new(Some(value)))
        .collect();
    let before = RwLock::new((Vec::new(), true)); // the values, and whether to go on
    let (go_on, panicked) = (Mutex::new(go_on), Mutex::new(None));
    let keep = |panic| *panicked.lock().unwrap() = Some(panic);
    let compute = |me: usize| {
        if ready.lock().is_err() {
            return; // a thread could not be started: the barrier would wait for it forever
        }
        loop {
            if barrier.wait().is_leader() {
                let (values, again) = &mut *before.write().unwrap();
                // `None`: `work` has panicked somewhere.
                let all: Option<_> = slots
                    .iter()
                    .map(|slot| slot.lock().unwrap().take())
                    .collect();
                *again = all.is_some_and(|all| {
                    *values = all;
                    let answer = AssertUnwindSafe(|| go_on.lock().unwrap()(values));
                    catch_unwind(answer).map_err(keep).unwrap_or(false)
                });
            }
            barrier.wait(); // until the leader is done
            let (values, true) = &*before.read().unwrap() else {
                return;
            };
            let value = catch_unwind(AssertUnwindSafe(|| work(me, values))).map_err(keep);
            *slots[me].lock().unwrap() = value.ok();
        }
    };
    thread::scope(|s| {
        let _starting = ready.lock().unwrap(); // poisoned, and open, where `spawn` panics
        (0..slots.len()).for_each(|me| drop(s.spawn(move || compute(me))));
    });
    if let Some(panic) = panicked.into_inner().unwrap() {
        resume_unwind(panic);
    }
    before.into_inner().unwrap().0
}

// Only for the demo from here on.

#[derive(Parser)]
struct Args {
    /// How many values, each with its thread
    #[arg(long, value_name = "N", default_value = "4")]
    threads: NonZeroU8,

    /// How many phases
    #[arg(long, value_name = "N", default_value_t = 5)]
    phases: u8,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let (threads, phases) = (usize::from(args.threads.get()), usize::from(args.phases));
    let mut leaders = vec![0; phases + 1];
    let saw_all = AtomicUsize::new(0);
    let go_on = |before: &[usize]| {
        leaders[before[0]] += 1;
        before[0] < phases
    };
    // The value is the number of the phase. The first thread is slow, the others would run ahead.
    let last = in_phases(vec![0; threads], go_on, |me, before| {
        thread::sleep(Duration::from_millis(if me == 0 { 2 } else { 0 }));
        let all = before.len() == threads && before.iter().all(|&phase| phase == before[me]);
        saw_all.fetch_add(all.into(), Relaxed);
        before[me] + 1
    });
    let (saw_all, all) = (saw_all.into_inner(), threads * phases);
    println!(
        "{threads} threads, {phases} phases: {saw_all} of {all} times a thread saw all values of the phase before"
    );
    println!("leaders in each phase: {:?}", &leaders[1..]);

    let begun = [const { AtomicUsize::new(0) }; 4];
    let until_3 = |before: &[usize]| before[0] < 3;
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        in_phases(vec![0; threads], until_3, |me, before| {
            begun[before[me] + 1].fetch_add(1, Relaxed);
            if (me, before[me]) == (0, 1) {
                resume_unwind(Box::new("no value")); // as `panic!`, without the line on stderr
            }
            before[me] + 1
        })
    }));
    let message = panicked
        .as_ref()
        .err()
        .and_then(|panic| panic.downcast_ref::<&str>());
    let [_, first, second, third] = begun.map(AtomicUsize::into_inner);
    println!(
        "a panic in phase 2: the caller saw {:?}; begun by: phase 1 {first}, 2 {second}, 3 {third}",
        message.unwrap_or(&"nothing")
    );
    let held = (last, saw_all) == (vec![phases; threads], all)
        && leaders.iter().all(|&leaders| leaders == 1)
        && (message, [first, second, third]) == (Some(&"no value"), [threads, threads, 0]);
    if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
