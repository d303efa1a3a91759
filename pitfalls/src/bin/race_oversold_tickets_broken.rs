//! Race: two buyers see the last ticket, both buy it, and the count wraps around.
//!
//! You see: more sold than there was, and a count of 18446744073709551615.
//! Why: `load` and then `fetch_sub` is check-then-act: in between, the other buyer takes the
//! ticket. `fetch_sub` does not stop at 0 and never panics, not even in a debug build: 0 - 1 is
//! `u64::MAX`, and from then on every check passes. Here a barrier forces the bad moment on every
//! run.
//! Rule: check and change a shared value in one step, or under one lock.
//!
//! Python: `if left > 0: pay(); left -= 1` from two threads
//! Caught by: no lint; shuttle (`models/tests/races.rs`)
//! Fixed: `race_oversold_tickets_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_oversold_tickets_broken
//! ? 1
//! 1 ticket, 2 buyers: 2 sold, 18446744073709551615 left
//! ```

use std::process::ExitCode;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;

/// Takes one of the tickets that are `left`. Returns whether there was one.
pub fn buy(left: &AtomicU64, all_have_looked: &Barrier) -> bool {
    if left.load(Relaxed) == 0 {
        return false;
    }
    all_have_looked.wait(); // only for the demo: all buyers have seen a ticket
    left.fetch_sub(1, Relaxed); // BROKEN: the ticket may be gone by now
    true
}

/// Each of `buyers` threads tries to buy one ticket. Returns how many were sold and are left.
pub fn sell(tickets: u64, buyers: usize) -> (u64, u64) {
    let left = AtomicU64::new(tickets);
    let sold = AtomicU64::new(0);
    let all_have_looked = Barrier::new(buyers);
    thread::scope(|scope| {
        for _ in 0..buyers {
            scope.spawn(|| {
                if buy(&left, &all_have_looked) {
                    sold.fetch_add(1, Relaxed);
                }
            });
        }
    });
    (sold.into_inner(), left.into_inner())
}

fn main() -> ExitCode {
    let (sold, left) = sell(1, 2);
    println!("1 ticket, 2 buyers: {sold} sold, {left} left");
    if sold == 1 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
