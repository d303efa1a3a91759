//! Measure what a thousand threads that wait cost the one that works: memory, and no switches.
//!
//! The guides for Python say that the system does not know who has work, and so wastes its time
//! on switching to threads that wait. It does know: a thread that waits (for a lock, a channel, a
//! socket) stands in no queue, and is not run before it is woken. What it costs is memory: some
//! 9 KiB of its stack and its tables, and 16 KiB for its stack in the kernel. Address space (2 MiB,
//! and a share of malloc's arenas) is only a number. What costs time is to sleep and look again:
//! with `--poll` each thread is run a hundred times a second, to see that nothing has changed. To
//! wait for ten thousand things, use tasks, as `fanout` does.
//!
//! Python: the same: a `threading.Thread` that waits is one of these, and not run either; it takes
//! some 14 KiB, and 8 MiB of address space.
//! Copy: `switches`, `Switches` and `memory`.
//! Needs: `cargo add clap@4 -F derive`, `cargo add nix@0.31 -F resource`
//! Runs on: Linux
//!
//! ```console
//! $ cargo run -p threading --bin thousand_idle_threads
//! one works alone: 17984 primes; it waited 0 times, was interrupted [..]
//! one works, 1000 wait: 17984 primes; it waited 0 times, was interrupted [..]
//! the 1000 were run 0 times: the system knows who has work
//! memory for each: [..] KiB in use, [..] KiB of address space
//!
//! $ cargo run -p threading --bin thousand_idle_threads -- --poll
//! ? 1
//! one works alone: 17984 primes; it waited 0 times, was interrupted [..]
//! one works, 1000 look every 10 ms: 17984 primes; it waited 0 times, was interrupted [..]
//! the 1000 were run [..] times: for nothing
//! memory for each: [..] KiB in use, [..] KiB of address space
//! ```

use std::ffi::c_long;
use std::hint::black_box;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{RwLock, TryLockError};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use clap::{Parser, value_parser};
use nix::sys::resource::{Usage, UsageWho, getrusage};

/// How often the system has taken a core away from someone.
#[derive(Clone, Copy, PartialEq)]
pub struct Switches {
    /// From this thread, since it had to wait: for a lock, for time to pass, for a disk.
    pub voluntary: c_long,
    /// From this thread, since someone else had a turn.
    pub involuntary: c_long,
    /// From the other threads of this process, ended ones too, for either reason.
    pub others: c_long,
}

/// The context switches so far. The difference of two calls is what happened between them.
pub fn switches() -> nix::Result<Switches> {
    let count = |usage: Usage| {
        (
            usage.voluntary_context_switches(),
            usage.involuntary_context_switches(),
        )
    };
    let of = |who| getrusage(who).map(count);
    loop {
        let this = of(UsageWho::RUSAGE_THREAD)?;
        let all = of(UsageWho::RUSAGE_SELF)?;
        if of(UsageWho::RUSAGE_THREAD)? == this {
            let others = all.0 + all.1 - this.0 - this.1;
            return Ok(Switches {
                voluntary: this.0,
                involuntary: this.1,
                others,
            });
        } // else this thread was switched between the two, and the difference is not the others'
    }
}

/// The memory of this process in KiB: its address space, and how much of it is in use, that is, in
/// RAM. What the kernel holds for it is not in there.
pub fn memory() -> io::Result<(u64, u64)> {
    let status = fs::read_to_string("/proc/self/status")?;
    let kib = |key| {
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        let number = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        number.ok_or_else(|| io::Error::other(format!("no {key} in /proc/self/status")))
    };
    Ok((kib("VmSize:")?, kib("VmRSS:")?))
}

// Only for the demo from here on.

#[derive(Parser)]
struct Args {
    /// How many threads wait
    #[arg(long, value_name = "N", default_value_t = 1000,
        value_parser = value_parser!(u16).range(1..=10_000))]
    threads: u16,

    /// Let them sleep 10 ms and look, again and again, instead of waiting to be woken
    #[arg(long)]
    poll: bool,
}

fn main() -> io::Result<ExitCode> {
    let Args { threads, poll } = Args::parse();
    let threads = u64::from(threads);
    let (alone, _) = work()?;
    println!("one works alone: {alone}");

    let (gate, came) = (RwLock::new(()), AtomicU64::new(0));
    let closed = || matches!(gate.try_read(), Err(TryLockError::WouldBlock));
    let wait = || {
        came.fetch_add(1, Relaxed); // only a count
        while poll && closed() {
            thread::sleep(Duration::from_millis(10));
        }
        drop(gate.read());
    };
    let (space, used) = memory()?;
    let (beside, others, space, used) = thread::scope(|s| {
        let _closed = gate.write(); // to the end of this block, also after an error
        for _ in 0..threads {
            thread::Builder::new().spawn_scoped(s, wait)?;
        }
        until_asleep(|| came.load(Relaxed) == threads, poll)?;
        let (space_now, used_now) = memory()?;
        let (beside, others) = work()?;
        Ok::<_, io::Error>((beside, others, space_now - space, used_now - used))
    })?;
    let how = if poll { "look every 10 ms" } else { "wait" };
    println!("one works, {threads} {how}: {beside}");
    let verdict = if others == 0 {
        "the system knows who has work"
    } else {
        "for nothing"
    };
    println!("the {threads} were run {others} times: {verdict}");
    let (used, space) = (used / threads, space / threads);
    println!("memory for each: {used} KiB in use, {space} KiB of address space");
    Ok(if others == 0 && used < space {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Works on this thread; returns what became of it, and how often the others were run meanwhile.
fn work() -> io::Result<(String, c_long)> {
    let before = switches()?;
    let is_prime = |n: u32| (2..=n.isqrt()).all(|divisor| !n.is_multiple_of(divisor));
    let primes = (2..black_box(200_000)).filter(|&n| is_prime(n)).count();
    let after = switches()?;
    let waited = after.voluntary - before.voluntary;
    let interrupted = after.involuntary - before.involuntary;
    let line = format!("{primes} primes; it waited {waited} times, was interrupted {interrupted}");
    Ok((line, after.others - before.others))
}

/// Returns when all came and have gone to sleep, so that nobody moves. Those that `poll` do.
fn until_asleep(all_came: impl Fn() -> bool, poll: bool) -> io::Result<()> {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(10) {
        let (came, before) = (all_came(), switches()?.others);
        thread::sleep(Duration::from_millis(50));
        if came && (poll || switches()?.others == before) {
            return Ok(());
        }
    }
    Err(io::ErrorKind::TimedOut.into())
}
