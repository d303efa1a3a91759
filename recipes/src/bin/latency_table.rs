//! What a wait costs: a lock, a system call, a file, a thread, a round trip on loopback, a sleep.
//!
//! Measure your own machine before you argue about it. Each line is the median of many runs of one
//! thing that programs wait for; `times` says how often a free mutex could be had meanwhile. What
//! costs less than a few microseconds is not worth a model: do it. What costs more than that is
//! time in which another task could run, and from a round trip on it is nearly all waiting. A
//! network, or a disk that turns, adds milliseconds. Other work on the machine makes all of it
//! longer; only the order mutex, system call, round trip is checked.
//!
//! Python: `timeit` on `with lock: pass`, `os.getppid()`, `socket.recv()`; each costs more there.
//! Needs: `cargo add clap@4 -F derive`
//!
//! ```console
//! $ cargo run -p recipes --bin latency_table
//! a free mutex             [..] ns       1 times
//! a system call            [..] ns [..] times
//! a file read, cached      [..] ns [..] times
//! a thread woken, and back [..] ns [..] times
//! a round trip on loopback [..] ns [..] times
//! a new thread, joined     [..] ns [..] times
//! a sleep of 1 ms          [..] ns [..] times
//! mutex < system call < round trip, each by 2 and more: true
//!
//! $ cargo run -p recipes --bin latency_table -- --runs 0
//! ? 2
//! error: invalid value '0' for '--runs <N>': 0 is not in 1..=10000
//! ...
//! ```

use std::fs::File;
use std::hint::black_box;
use std::io::{self, Read, Seek, Write, stdout};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};
use std::{env, thread};

use clap::{Parser, value_parser};

/// Calls `work` in `runs` rounds of `round` calls, between two looks at the clock each, and returns
/// the median time of a call, in nanoseconds. What is short beside the clock wants a long round.
/// The first error of `work` ends it; if it has none: `Ok::<_, Infallible>(value)`. Panics if
/// `runs` or `round` is 0.
pub fn median<R, E>(
    runs: usize,
    round: u32,
    mut work: impl FnMut() -> Result<R, E>,
) -> Result<f64, E> {
    assert!(runs > 0 && round > 0, "nothing to measure");
    let mut times = Vec::with_capacity(runs);
    for _ in 0..runs {
        let start = Instant::now();
        for _ in 0..round {
            black_box(work()?); // or what computes and is not used could be left out
        }
        times.push(start.elapsed().as_secs_f64() * 1e9 / f64::from(round));
    }
    times.sort_unstable_by(f64::total_cmp);
    Ok(times[runs / 2])
}

/// Measures what waits cost.
#[derive(Parser)]
struct Args {
    /// How many times to measure each
    #[arg(long, value_name = "N", default_value = "101", value_parser = value_parser!(u16).range(1..=10_000))]
    runs: u16,
}

fn main() -> io::Result<ExitCode> {
    let runs = Args::parse().runs.into();
    let (lock, mut file) = (Mutex::new(0_u64), File::open(env::current_exe()?)?);
    let mutex = median(runs, 1000, || {
        *black_box(&lock).lock().expect("no panic in here") += 1;
        io::Result::Ok(())
    })?;
    let system_call = median(runs, 100, || file.stream_position())?;
    let file_read = median(runs, 10, || {
        file.rewind()?;
        file.read_exact(&mut [0; 4096])
    })?;
    let wake_up = wake_up(runs)?;
    let round_trip = round_trip(runs)?;
    let new_thread = median(runs, 1, || {
        thread::spawn(|| ()).join().expect("no panic in it");
        io::Result::Ok(())
    })?;
    let sleep = median(runs, 1, || {
        thread::sleep(Duration::from_millis(1));
        io::Result::Ok(())
    })?;

    for (name, nanos) in [
        ("a free mutex", mutex),
        ("a system call", system_call),
        ("a file read, cached", file_read),
        ("a thread woken, and back", wake_up),
        ("a round trip on loopback", round_trip),
        ("a new thread, joined", new_thread),
        ("a sleep of 1 ms", sleep),
    ] {
        writeln!(
            stdout(),
            "{name:<24} {nanos:>8.0} ns {:>7.0} times",
            nanos / mutex
        )?;
    }
    let held = 2.0 * mutex < system_call && 2.0 * system_call < round_trip;
    writeln!(
        stdout(),
        "mutex < system call < round trip, each by 2 and more: {held}"
    )?;
    Ok(if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// A message to a thread that sleeps, and its answer.
fn wake_up(runs: usize) -> io::Result<f64> {
    let (ask, asked) = mpsc::sync_channel(1);
    let (answer, answered) = mpsc::sync_channel(1);
    thread::scope(|s| {
        s.spawn(move || asked.iter().try_for_each(|()| answer.send(())));
        let ask = ask; // dropped at the end of this closure, which ends the thread
        median(runs, 1, || {
            ask.send(()).map_err(io::Error::other)?;
            answered.recv().map_err(io::Error::other)
        })
    })
}

/// A byte to a server on loopback, and back.
fn round_trip(runs: usize) -> io::Result<f64> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    let (mut server, _) = listener.accept()?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    thread::scope(|s| {
        s.spawn(move || io::copy(&mut server.try_clone()?, &mut server));
        let mut client = client; // closed at the end of this closure, which ends the server
        median(runs, 1, || {
            client.write_all(&[1])?;
            client.read_exact(&mut [0])
        })
    })
}
