//! Run one map on the cores of several machines, with timely dataflow, as if they were one.
//!
//! Use it when a computation takes too long on one machine, and you have others that stay up. You
//! start the same program on each of them. timely connects the processes, each worker maps its
//! share of the items, and process 0 gets all results, in order.
//!
//! - timely reads the arguments. For two machines with four threads each, start the program with
//!   `-w 4 -n 2 -h hosts.txt -p 0` on the first, and with `-p 1` on the second. Each line of the
//!   file is `host:port`.
//! - A process waits forever for one that does not start, and prints a line a second meanwhile.
//! - If a process dies, the others print `timely communication error` and wait forever. If `f`
//!   panics, the other workers wait forever. With `panic = "abort"` in the profile of your
//!   Cargo.toml all processes end instead, and you start them again.
//! - Each worker gets the same number of items, so make many more items than there are workers.
//! - Nothing is encrypted, and timely trusts whoever connects. Use it in a network of your own.
//! - Where machines come and go, or a failed job must be tried again: `job_queue`. On one machine:
//!   `rayon_map`, `cpu_across_processes`.
//!
//! Python: `ray.get([f.remote(x) for x in items])`, or
//! `dask.bag.from_sequence(items).map(f).compute()`
//! Needs: `cargo add timely@0.32`
//! Demo needs: `cargo add anyhow@1 socket2@0.6 tempfile@3`, `cargo add nix@0.31 -F process,signal`
//! Runs on: Linux, for the two processes of the demo; `cluster_map` anywhere
//! Tested: `recipes/tests/proof/cluster_map.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin cluster_map -F cluster
//! 1 process: [4203, 3634, 3464, 3382, 3301]
//! ...
//! 2 processes: [4203, 3634, 3464, 3382, 3301]
//! ```

use std::sync::Arc;

use timely::ExchangeData;
use timely::dataflow::operators::capture::Event;
use timely::dataflow::operators::vec::Map;
use timely::dataflow::operators::{Capture, Exchange, ToStream};

/// Calls `f` for each item, on the workers of all processes. Returns the results in the order of
/// the items in process 0, and an empty list in the others. Each process must call it with the
/// same items. serde turns the results into bytes.
///
/// `arguments` are what [`timely::execute_from_args`] takes, with the name of the program first.
///
/// # Errors
/// If the arguments are wrong, a file or a port cannot be opened, or `f` panics on the only
/// worker.
pub fn cluster_map<T: Send + Sync + 'static, R: ExchangeData>(
    arguments: impl Iterator<Item = String>,
    items: Vec<T>,
    f: impl Fn(&T) -> R + Send + Sync + 'static,
) -> Result<Vec<R>, String> {
    let items = Arc::new(items);
    let f = Arc::new(f);
    let workers = timely::execute_from_args(arguments, move |worker| {
        let items = Arc::clone(&items);
        let f = Arc::clone(&f);
        let share = (worker.index()..items.len()).step_by(worker.peers());
        worker.dataflow::<(), _, _>(|scope| {
            share
                .to_stream(scope)
                .map(move |index| (index, f(&items[index])))
                .exchange(|_| 0) // to worker 0, which is in process 0
                .capture()
        })
    })?;
    let mut results = Vec::new();
    for captured in workers.join() {
        for event in captured? {
            if let Event::Messages(_, batch) = event {
                results.extend(batch);
            }
        }
    }
    results.sort_by_key(|(index, _)| *index);
    Ok(results.into_iter().map(|(_, result)| result).collect())
}

// ---- Demo ----------------------------------------------------------------------------------

use std::env;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::ops::Range;
use std::os::unix::process::CommandExt;
use std::process::{self, Command, Stdio};
use std::thread;

use anyhow::{Error, Result};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use socket2::{Domain, Socket, Type};

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().collect();
    if arguments.len() > 1 {
        // One process of a cluster, started by you or by the code below.
        println!("{:?}", count_primes(&arguments)?);
        return Ok(());
    }
    println!("1 process: {:?}", count_primes(&arguments)?);

    let ports = [reserve_port()?, reserve_port()?];
    let mut hosts = tempfile::NamedTempFile::new()?;
    for port in &ports {
        let address = port.local_addr()?.as_socket().expect("it has a port");
        writeln!(hosts, "{address}")?;
    }
    let hosts = hosts.path().to_str().expect("the name of a temporary file");
    let arguments = |process: &str| {
        let arguments = [
            "cluster_map",
            "-w",
            "2",
            "-n",
            "2",
            "-p",
            process,
            "-h",
            hosts,
        ];
        arguments.map(str::to_owned)
    };
    let second = start_process(&arguments("1"))?;
    println!("2 processes: {:?}", count_primes(&arguments("0"))?);
    second.join().expect("waiting does not panic");
    Ok(())
}

/// Counts the primes below 200000 in five ranges.
fn count_primes(arguments: &[String]) -> Result<Vec<usize>> {
    let arguments = arguments.iter().cloned();
    let ranges: Vec<Range<u32>> = (0..5).map(|n| n * 40_000..(n + 1) * 40_000).collect();
    let counts = cluster_map(arguments, ranges, |range| {
        range.clone().filter(|n| is_prime(*n)).count()
    });
    counts.map_err(Error::msg)
}

fn is_prime(n: u32) -> bool {
    n >= 2 && (2..=n.isqrt()).all(|divisor| !n.is_multiple_of(divisor))
}

/// Finds a free port on loopback. While the socket exists, the system gives the port to nobody by
/// itself, and a process that asks for it can still listen on it.
fn reserve_port() -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
    Ok(socket)
}

/// Starts this program as another process. Neither of the two outlives a failure of the other.
fn start_process(arguments: &[String]) -> Result<thread::JoinHandle<()>> {
    let mut command = Command::new(env::current_exe()?);
    command.args(&arguments[1..]).stdout(Stdio::null());
    // SAFETY: between fork and exec it makes one system call, and neither allocates nor locks.
    unsafe { command.pre_exec(|| Ok(set_pdeathsig(Signal::SIGKILL)?)) };
    let mut process = command.spawn()?;
    Ok(thread::spawn(move || {
        let status = process.wait().expect("nobody else waits for it");
        if !status.success() {
            eprintln!("the other process: {status}");
            process::exit(1);
        }
    }))
}
