//! Compute in phases: no thread starts a phase before all have finished the one before.
//!
//! Use it for a simulation in steps, where each part of the next state depends on all parts of the
//! current one. `Barrier::wait` blocks until all threads have called it. Two waits make a phase:
//! after the first, everyone has read the old state; after the second, everyone has written the
//! new one. Each wait names one thread the leader, for a job that one of them has to do.
//!
//! - A barrier has no timeout and cannot be canceled. If a thread panics, or could not be started,
//!   the others wait for it forever: `deadlock_barrier_short_broken`.
//! - A thread for each part is right for a few parts that take long. For many small ones, use
//!   rayon: the end of a `par_iter` is a barrier too (`rayon_map`).
//!
//! Python: `threading.Barrier(4, action=report)` and `barrier.wait()`
//! Needs: nothing
//! Tested: `threading/tests/proof/barrier_phases.rs`
//!
//! ```console
//! $ cargo run -p threading --bin barrier_phases
//! start:   [64, 0, 0, 0]
//! phase 1: [48, 16, 0, 0]
//! phase 2: [40, 20, 4, 0]
//! phase 3: [35, 21, 7, 1]
//! ```

use std::sync::{Barrier, RwLock};
use std::thread;

/// Computes a new state from the old one, `phases` times, and returns the last.
///
/// Each part of the state has a thread of its own. In each phase that thread calls `compute` with
/// the old state and the number of its part, which returns the new part. At the end of each phase
/// one of the threads calls `report` with the number of the phase, from 1 on, and the new state.
///
/// If `compute` or `report` panics, the other threads wait forever, and this does not return.
pub fn run_phases<T: Send + Sync>(
    start: Vec<T>,
    phases: usize,
    compute: impl Fn(&[T], usize) -> T + Sync,
    report: impl Fn(usize, &[T]) + Sync,
) -> Vec<T> {
    let parts = start.len();
    let barrier = Barrier::new(parts);
    let state = RwLock::new(start);

    let work = |part: usize| {
        for phase in 1..=phases {
            let new_part = compute(&state.read().unwrap(), part);
            barrier.wait(); // everyone has read the old state

            state.write().unwrap()[part] = new_part;
            let waited = barrier.wait(); // everyone has written the new state
            if waited.is_leader() {
                // The others read meanwhile. Nobody writes before the leader comes to the barrier.
                report(phase, &state.read().unwrap());
            }
        }
    };
    thread::scope(|scope| {
        for part in 0..parts {
            scope.spawn(move || work(part));
        }
    });
    state.into_inner().unwrap()
}

// ---- Demo ----------------------------------------------------------------------------------

fn main() {
    // A metal rod in four pieces, hot at its left end.
    let rod = vec![64, 0, 0, 0];
    println!("start:   {rod:?}");
    run_phases(rod, 3, spread_heat, |phase, rod| {
        println!("phase {phase}: {rod:?}");
    });
}

/// Half of a piece's heat stays, a quarter comes from each neighbor.
fn spread_heat(rod: &[u32], piece: usize) -> u32 {
    let last = rod.len() - 1;
    let left = rod[piece.saturating_sub(1)]; // at an end, the piece is its own neighbor
    let right = rod[last.min(piece + 1)];
    (left + 2 * rod[piece] + right) / 4
}
