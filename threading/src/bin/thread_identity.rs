//! See which threads there are: name, id, kernel id, alive or not, and how much stack each has.
//!
//! `thread::current()` has a name and an id; the kernel has an id of its own (the one in `top -H`
//! and in a debugger) and a name cut to 15 bytes. The id of std is never used again, the kernel's
//! is. Std keeps no list of its threads, so `threads_alive` asks the kernel. `is_finished` does
//! not wait and does not join. A thread may still be in the list just after its `join`. A spawned
//! thread has 2 MiB of stack (`RUST_MIN_STACK`), `Builder::stack_size` gives it more; main has
//! what `ulimit -s` says. To overflow it is no panic: nothing is unwound, and the process dies.
//!
//! Python: `current_thread()`, `native_id`, `enumerate()`, `is_alive()`, `threading.stack_size()`.
//! Copy: `threads_alive`.
//! Needs: `cargo add clap@4 -F derive`, `cargo add nix@0.31 -F process`
//! Runs on: Linux
//!
//! ```console
//! $ cargo run -p threading --bin thread_identity
//! main: ThreadId([..]), named "main"; its kernel id is that of the process: true
//! worker: ThreadId([..]), named "resize-images-from-inbox"
//! alive in the kernel, where a name has 15 bytes: ["thread_identity", "resize-images-f"]
//! is_finished: false; told to end: true; joined, and main is alone: true
//! 4096 KiB of calls on 8192 KiB of stack: exit status: 0
//! 4096 KiB of calls on 64 KiB of stack: signal: 6 (SIGABRT)
//!   thread 'diver' ([..]) has overflowed its stack
//!
//! $ cargo run -p threading --bin thread_identity -- --calls 7000
//! ...
//! 7000 KiB of calls on 8192 KiB of stack: exit status: 0
//! 7000 KiB of calls on 64 KiB of stack: signal: 6 (SIGABRT)
//! ...
//!
//! $ cargo run -p threading --bin thread_identity -- --stack 2048 # what a thread has by default
//! ? 1
//! ...
//! 4096 KiB of calls on 2048 KiB of stack: signal: 6 (SIGABRT)
//! ...
//! ```

use std::hint::black_box;
use std::io::{self, ErrorKind};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode, ExitStatus};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};
use std::{env, fs};

use clap::{Parser, value_parser};
use nix::errno::Errno;
use nix::sys::prctl::set_dumpable;
use nix::unistd::{Pid, gettid};

/// The threads of this process: the kernel's id of each (what `gettid` returns in it), and its name
/// in the kernel, which has at most 15 bytes. A thread that ends meanwhile may be missing.
pub fn threads_alive() -> io::Result<Vec<(Pid, String)>> {
    let mut threads = Vec::new();
    for task in fs::read_dir("/proc/self/task")? {
        let task = task?;
        match fs::read(task.path().join("comm")) {
            Ok(name) => {
                let id = task
                    .file_name()
                    .to_string_lossy()
                    .parse()
                    .map_err(io::Error::other)?;
                let name = String::from_utf8_lossy(&name); // the cut may be within a character
                threads.push((Pid::from_raw(id), name.trim_end().to_owned()));
            }
            Err(e) if e.kind() == ErrorKind::NotFound => {} // it has ended
            Err(e) if e.raw_os_error() == Some(Errno::ESRCH as i32) => {} // it ends now
            Err(e) => return Err(e),
        }
    }
    Ok(threads)
}

// Only for the demo from here on.

const SMALL: usize = 64;

#[derive(Parser)]
struct Args {
    /// How deep to call, in KiB of stack
    #[arg(long, value_name = "KIB", default_value_t = 4096,
        value_parser = value_parser!(u32).range(128..=1 << 20))]
    calls: u32,

    /// The large stack, in KiB
    #[arg(long, value_name = "KIB", default_value_t = 8192,
        value_parser = value_parser!(u32).range(64..=1 << 21))]
    stack: u32,

    /// What the child is to do: the program starts itself with it
    #[arg(long, hide = true)]
    dive: bool,
}

fn main() -> io::Result<ExitCode> {
    let args = Args::parse();
    let (calls, stack) = (args.calls as usize, args.stack as usize);
    if args.dive {
        set_dumpable(false)?; // no core file, and none for a core handler either
        let diver = thread::Builder::new()
            .name("diver".to_owned())
            .stack_size(stack << 10);
        let dived = diver.spawn(move || dive(calls))?.join();
        return Ok(if dived.is_ok() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        });
    }
    let (me, first) = (thread::current(), gettid() == Pid::this());
    let name = me.name().unwrap_or("none");
    println!(
        "main: {:?}, named {name:?}; its kernel id is that of the process: {first}",
        me.id()
    );

    let name = "resize-images-from-inbox".to_owned();
    let (kernel_id, kernel_ids) = mpsc::sync_channel(1);
    let (end, ended) = mpsc::sync_channel::<()>(0);
    let worker = thread::Builder::new().name(name.clone()).spawn(move || {
        let _ = kernel_id.send(gettid());
        let _ = ended.recv(); // until `end` is dropped
    })?;
    let kernel_id = kernel_ids.recv().map_err(io::Error::other)?;
    let mut alive = threads_alive()?;
    alive.sort_by_key(|(id, _)| *id != Pid::this()); // main first
    let names: Vec<_> = alive.iter().map(|(_, name)| name).collect();
    println!("worker: {:?}, named {name:?}", worker.thread().id());
    println!("alive in the kernel, where a name has 15 bytes: {names:?}");
    let listed = alive.len() == 2 && alive[1] == (kernel_id, name[..15].to_owned());

    let before = worker.is_finished();
    drop(end);
    let after = until(|| worker.is_finished());
    worker.join().expect("it only waits");
    let gone = until(|| threads_alive().is_ok_and(|alive| alive.len() == 1));
    println!("is_finished: {before}; told to end: {after}; joined, and main is alone: {gone}");

    let (roomy, _) = dive_in_child(calls, stack)?;
    println!("{calls} KiB of calls on {stack} KiB of stack: {roomy}");
    let (tight, said) = dive_in_child(calls, SMALL)?;
    println!("{calls} KiB of calls on {SMALL} KiB of stack: {tight}\n  {said}");

    let held = first && listed && !before && after && gone;
    let overflowed = tight.signal().is_some() && !tight.core_dumped();
    Ok(if held && roomy.success() && overflowed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Whether it holds within two seconds.
fn until(mut holds: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while !holds() && start.elapsed() < Duration::from_secs(2) {
        thread::sleep(Duration::from_millis(1));
    }
    holds()
}

/// Calls itself until `kib` KiB of stack are in use.
fn dive(kib: usize) -> u8 {
    let frame = black_box([1_u8; 1024]);
    if kib <= 1 {
        frame[0]
    } else {
        dive(kib - 1) ^ frame[kib % 1024]
    } // used after the call
}

/// Lets a child do it, and returns how that ended, and the first line the child said.
fn dive_in_child(calls: usize, stack: usize) -> io::Result<(ExitStatus, String)> {
    let mut child = Command::new(env::current_exe()?);
    child.args([
        "--dive",
        "--calls",
        &calls.to_string(),
        "--stack",
        &stack.to_string(),
    ]);
    let output = child.output()?; // waits, so there is no zombie
    let said = String::from_utf8_lossy(&output.stderr);
    let first = said
        .lines()
        .find(|line| !line.is_empty())
        .unwrap_or_default()
        .to_owned();
    Ok((output.status, first))
}
