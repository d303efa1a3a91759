//! Fixed: each counter is aligned to a cache line of its own.
//!
//! `align(64)` also makes the type 64 bytes large. `crossbeam::utils::CachePadded` knows the size
//! for each processor: 128 bytes on newer x86-64 and on Apple's. It costs memory, so use it for the
//! few values that several threads write all the time. A counter on the thread's own stack, added
//! up at the end, is better still (`slow_contended_counter`).
//!
//! Python: not needed: the interpreter costs more
//! Broken: `slow_false_sharing_broken`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin slow_false_sharing_fixed
//! sent and received are 64 bytes apart: on different cache lines
//! 2 x 1000000 additions took [..]
//! ```

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Instant;

/// A counter that one thread writes.
#[derive(Default)]
#[repr(align(64))] // FIXED: begins on a cache line, and fills it
pub struct Counter(AtomicU64);

/// The traffic of a connection: one thread sends, another one receives.
#[derive(Default)]
#[repr(C, align(64))]
pub struct Traffic {
    sent: Counter,
    received: Counter,
}

fn add_a_million(counter: &Counter) {
    for _packet in 0..1_000_000 {
        counter.0.fetch_add(1, Relaxed);
    }
}

fn main() -> ExitCode {
    let traffic = Traffic::default();
    let sent = &raw const traffic.sent as usize;
    let received = &raw const traffic.received as usize;
    let distance = received - sent;
    let apart = sent / 64 != received / 64;
    let lines = if apart {
        "different cache lines"
    } else {
        "the same cache line"
    };
    println!("sent and received are {distance} bytes apart: on {lines}");

    let start = Instant::now();
    thread::scope(|scope| {
        scope.spawn(|| add_a_million(&traffic.sent));
        scope.spawn(|| add_a_million(&traffic.received));
    });
    println!("2 x 1000000 additions took {:?}", start.elapsed());
    if apart {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
