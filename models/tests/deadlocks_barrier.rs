//! A barrier that is itself the subject, so both halves run under the one that holds.

extern crate std_model as std;

use std::sync::Barrier;
use std::sync::atomic::AtomicU64;
use std::thread;

use models::outcomes;

models::examples! {
    deadlock_barrier_short_broken: "../../pitfalls/src/bin/deadlock_barrier_short_broken.rs",
    deadlock_barrier_short_fixed: "../../pitfalls/src/bin/deadlock_barrier_short_fixed.rs",
}

/// What each party of `behind_best` returns, with `None` for an error.
macro_rules! all_behind_best {
    ($half:ident, $scores:expr) => {
        outcomes(|| {
            let (all_in, best) = (&Barrier::new($scores.len()), &AtomicU64::new(0));
            thread::scope(|s| {
                $scores
                    .map(|score| s.spawn(move || $half::behind_best(score, all_in, best).ok()))
                    .map(|party| party.join().unwrap())
            })
        })
    };
}

#[test]
#[should_panic(expected = "deadlock")]
fn broken() {
    all_behind_best!(deadlock_barrier_short_broken, ["20", "30", "ten"]);
}

/// As long as all scores are numbers, the broken half is right.
#[test]
fn broken_without_errors() {
    let behind = all_behind_best!(deadlock_barrier_short_broken, ["20", "30"]);
    assert_eq!(behind, [[Some(10), Some(0)]].into());
}

#[test]
fn fixed() {
    let behind = all_behind_best!(deadlock_barrier_short_fixed, ["20", "30", "ten"]);
    assert_eq!(behind, [[Some(10), Some(0), None]].into());
}
