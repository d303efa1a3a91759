//! Slow: two counters have nothing to do with each other, and stand on the same cache line.
//!
//! You see: two threads, each with an atomic of its own, are several times slower than one after
//! the other. There is no lock, and the code looks independent.
//! Why: cores exchange memory in lines of 64 bytes, on some machines 128. A core that writes to a
//! line takes it away from all others, whichever bytes of it they use.
//! Rule: what different threads write often stands on different cache lines.
//!
//! Python: not to be seen: the interpreter costs more
//! Caught by: no lint; `perf c2c` shows such lines
//! Fixed: `slow_false_sharing_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin slow_false_sharing_broken
//! ? 1
//! sent and received are 8 bytes apart: on the same cache line
//! 2 x 1000000 additions took [..]
//! ```

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Instant;

/// A counter that one thread writes.
#[derive(Default)]
#[repr(C)] // BROKEN: as small as possible, so that two stand side by side
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
