//! Stop a thread that naps between its rounds, at once and not at the end of the nap.
//!
//! Use it for what is done every so often: a cache to refresh, a heartbeat, a poll. Nobody can kill
//! a thread: it may hold a lock, so it must end by itself. And nobody can wake it from
//! `thread::sleep`. So it naps in `recv_timeout` on a channel, and the message to stop ends the
//! nap. A message that comes during a round waits for its end; none is lost. Dropping the sender
//! stops it as well, so it does not outlive an owner that returned early or panicked. A round that
//! computes for long looks at an `AtomicBool` now and then (`Relaxed` will do). One object that
//! owns all of it: `worker_stops_on_drop`. In async code a task can be aborted.
//!
//! Python: `while not stop.wait(10):` on a `threading.Event`; there is no kill either.
//! Copy: `rounds_until_stopped`.
//! Needs: `cargo add clap@4 -F derive`
//!
//! ```console
//! $ cargo run -p threading --bin stop_a_thread
//! told in the nap of 10 s: stopped at once, after 1 round(s)
//! its owner dropped the sender: stopped at once, after 1 round(s)
//! told during a round: stopped at once, after 1 round(s)
//! told before the first: stopped at once, after 0 round(s)
//! another, in thread::sleep, told as well: still asleep
//!
//! $ cargo run -p threading --bin stop_a_thread -- --nap 86400
//! told in the nap of 86400 s: stopped at once, after 1 round(s)
//! ...
//!
//! $ cargo run -p threading --bin stop_a_thread -- --nap 0
//! ? 2
//! error: invalid value '0' for '--nap <SECONDS>': 0 is not in 10..=1000000
//!
//! For more information, try '--help'.
//! ```

use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, TryRecvError};
use std::thread;
use std::time::Duration;

use clap::{Parser, value_parser};

/// Calls `round`, naps, and so on, until a message comes on `stop` or its sender is dropped; then
/// returns how many rounds there were. It stops at once in a nap, else after the round that is
/// under way. Stopped before the first round, there is none.
pub fn rounds_until_stopped(stop: &Receiver<()>, nap: Duration, mut round: impl FnMut()) -> u64 {
    let mut rounds = 0;
    let mut stopped = stop.try_recv() != Err(TryRecvError::Empty);
    while !stopped {
        round();
        rounds += 1;
        stopped = stop.recv_timeout(nap) != Err(RecvTimeoutError::Timeout);
    }
    rounds
}

// Only for the demo from here on.

#[derive(Parser)]
struct Args {
    /// How long to nap between two rounds
    #[arg(long, value_name = "SECONDS", default_value_t = 10,
        value_parser = value_parser!(u64).range(10..=1_000_000))]
    nap: u64,
}

#[derive(Clone, Copy, PartialEq)]
enum When {
    InNap,
    Dropped,
    InRound,
    Before,
}

fn main() -> ExitCode {
    let seconds = Args::parse().nap;
    let nap = Duration::from_secs(seconds);
    let (tell_sleeper, told) = mpsc::sync_channel(1);
    let (awake, woken) = mpsc::sync_channel::<()>(1);
    // Nobody joins it: it ends with main, since nothing else can end its sleep.
    thread::spawn(move || {
        let _awake = awake; // dropped when it ends
        while told.try_recv() == Err(TryRecvError::Empty) {
            thread::sleep(nap);
        }
    });

    let mut held = true;
    for (what, when, expected) in [
        (format!("told in the nap of {seconds} s"), When::InNap, 1),
        ("its owner dropped the sender".to_owned(), When::Dropped, 1),
        ("told during a round".to_owned(), When::InRound, 1),
        ("told before the first".to_owned(), When::Before, 0),
    ] {
        let rounds = stop(when, nap);
        let stopped = if rounds.is_some() {
            "stopped at once"
        } else {
            "still running"
        };
        println!("{what}: {stopped}, after {} round(s)", rounds.unwrap_or(0));
        held &= rounds == Some(expected);
    }

    let _ = tell_sleeper.send(());
    thread::sleep(Duration::from_millis(10)); // time to wake up, if it could
    let asleep = woken.try_recv() == Err(TryRecvError::Empty);
    let state = if asleep { "still asleep" } else { "awake" };
    println!("another, in thread::sleep, told as well: {state}");
    if held && asleep {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Starts a worker, stops it, and returns how many rounds it made; `None` if it did not stop within
/// half a nap.
fn stop(when: When, nap: Duration) -> Option<u64> {
    let (stopper, stop) = mpsc::sync_channel(1);
    let (in_round, seen) = mpsc::sync_channel(1);
    let (go_on, gate) = mpsc::sync_channel(1);
    let (end, ended) = mpsc::sync_channel(1);
    if when == When::Before {
        let _ = stopper.send(());
    }
    let worker = thread::spawn(move || {
        let round = || {
            let _ = in_round.send(());
            let _ = gate.recv();
        };
        let _ = end.send(rounds_until_stopped(&stop, nap, round));
    });
    if when != When::Before {
        seen.recv().ok()?;
    }
    if when == When::InRound {
        let _ = stopper.send(());
    }
    let _ = go_on.send(());
    thread::sleep(Duration::from_millis(10)); // now it naps; else the word waits for it
    match when {
        When::InNap => _ = stopper.send(()),
        When::Dropped => drop(stopper),
        When::InRound | When::Before => {}
    }
    let rounds = ended
        .recv_timeout((nap / 2).min(Duration::from_secs(5)))
        .ok()?;
    worker.join().ok()?;
    Some(rounds)
}
