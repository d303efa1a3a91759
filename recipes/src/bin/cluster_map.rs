//! Run the same map on several machines, with timely dataflow, and get what one machine would get.
//!
//! Use it when a computation is too long for the cores of one machine, and the machines are there
//! from start to end. Every process has all the items; item i is mapped by worker i % (all
//! workers), and the results go to process 0, in the order of the items. Without `--hosts` it is
//! threads in one process: start there. For more, start the same program with the same arguments on
//! each machine, with the same file of addresses, and with its own number, as in the second run
//! (whose `own` is an address of this machine, on Linux, so that runs at the same time do not
//! collide).
//!
//! A process that does not come in time is named, with its address and what came back; one with
//! other arguments is not let in. timely cannot go on without a process: if one is lost, or your
//! function panics, the others end with `error: process 1 is lost, start all again`, and you get no
//! results, not even some. A machine that is gone without a word is noticed after 30 s. The shares
//! are dealt before, so the slowest machine decides: make many more items than there are workers.
//! Nothing is encrypted or authenticated: listen on loopback, or in a network that is yours alone.
//! Where machines come and go, or a failed job is to be tried again: `job_queue`. On one machine:
//! `parallel_primes`, `cpu_across_processes`.
//!
//! Python: `ray.get([f.remote(x) for x in xs])`, `dask.bag.from_sequence(xs).map(f).compute()`;
//! those have a scheduler to start first, which gives a lost task to somebody else.
//! Needs: `cargo add anyhow@1 timely@0.32`, `cargo add clap@4 -F derive`,
//! `cargo add socket2@0.6 -F all`
//! Tested: `recipes/tests/proof/cluster_map.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin cluster_map -F cluster
//! process 0, timely:work-0: 10 items
//! process 0, timely:work-1: 10 items
//! 2 workers: 17984 primes below 200000 in [..]
//! in turn, item by item the same: true
//!
//! $ own=127.1.$(($$ / 250 % 250)).$(($$ % 250)); printf "$own:4701\n$own:4702\n" >hosts.txt; \
//!   cargo run -p recipes --bin cluster_map -F cluster -- --hosts hosts.txt --process 1 & \
//!   cargo run -p recipes --bin cluster_map -F cluster -- --hosts hosts.txt --process 0 && \
//!   wait $! && rm hosts.txt
//! process 0, timely:work-0: 5 items
//! process 0, timely:work-1: 5 items
//! process 1, timely:work-0: 5 items
//! process 1, timely:work-1: 5 items
//! 4 workers: 17984 primes below 200000 in [..]
//! in turn, item by item the same: true
//!
//! $ echo 127.0.0.1:9 127.0.0.1:0 | cargo run -p recipes --bin cluster_map -F cluster -- \
//!   --hosts /dev/stdin --process 1 --wait 1
//! ? 2
//! error: process 0 at 127.0.0.1:9: Connection refused (os error [..])
//! ```

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash};
use std::io::{self, Error, ErrorKind, Read, Write, stderr, stdout};
use std::net::{TcpListener, TcpStream};
use std::{collections::BTreeMap, fs, num::NonZero, panic, path::PathBuf, sync::Arc, thread};
use std::{process::ExitCode, process::exit, time::Duration, time::Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::Parser;
use socket2::{SockRef, TcpKeepalive};
use timely::communication::allocator::zero_copy::initialize::initialize_networking_from_sockets;
use timely::communication::{AllocatorBuilder, Hooks, allocator::ProcessBuilder};
use timely::dataflow::operators::{Capture, Exchange, ToStream, capture::Event};
use timely::{ExchangeData, WorkerConfig, execute::execute_from, worker::Worker};

/// Maps all items on `workers` threads in each process, and returns the results in the order of the
/// items on process 0, `None` on the others. All call it with the same items; `peers` is what
/// [`connect`] gave, or `vec![None]` for one process. A result is sent as serde has it.
///
/// # Exits
/// With status 1 if `f` panics or a process is lost: timely cannot go on, its other threads would
/// wait forever, and only so do the other processes hear of it. An item in hand is not finished.
pub fn cluster_map<T: Send + Sync + 'static, R: ExchangeData>(
    peers: Vec<Option<TcpStream>>,
    workers: usize,
    items: Vec<T>,
    f: impl Fn(&T) -> R + Send + Sync + 'static,
) -> Result<Option<Vec<R>>> {
    let process = peers
        .iter()
        .position(Option::is_none)
        .expect("the place of this process");
    let (asked, items, f) = (items.len(), Arc::new(items), Arc::new(f));
    let work = move |worker: &mut Worker| {
        let (items, f) = (Arc::clone(&items), Arc::clone(&f));
        let share = (worker.index()..asked).step_by(worker.peers());
        let gathered = worker.dataflow::<(), _, _>(|scope| {
            // A panic that is resumed, such as one from rayon, has no hook that would exit.
            let one = move |n| panic::catch_unwind(panic::AssertUnwindSafe(|| f(&items[n])));
            let all = share
                .map(move |n| (n, one(n).unwrap_or_else(|_| exit(1))))
                .to_stream(scope);
            all.container::<Vec<_>>().exchange(|_| 0).capture() // all go to worker 0
        });
        while worker.step_or_park(None) {} // until no worker has anything left to send
        let found = |event| {
            if let Event::Messages(_, found) = event {
                found
            } else {
                vec![]
            }
        };
        gathered.try_iter().flat_map(found).collect::<Vec<_>>()
    };
    exit_if_timely_panics();
    let threads = ProcessBuilder::new_typed_vector(workers, Hooks::default().refill, None);
    let (threads, network) =
        initialize_networking_from_sockets(threads, peers, process, workers, Hooks::default())?;
    let threads = threads.into_iter().map(AllocatorBuilder::Tcp).collect();
    let running = execute_from(threads, Box::new(network), WorkerConfig::default(), work);
    let shares = running.map_err(|why| anyhow!(why))?.join(); // when all is sent
    let results: BTreeMap<_, _> = shares.into_iter().flatten().flatten().collect();
    ensure!(
        process > 0 || results.keys().copied().eq(0..asked),
        "not all results have come"
    );
    Ok((process == 0).then(|| results.into_values().collect()))
}

/// Connects this process to all the others. `hosts` has the address of each, `host:port`, where it
/// listens; `process` is the place of this one. `job` is what all must have in common, such as the
/// items and the number of workers: who comes with another is not let in.
///
/// # Errors
/// With the process that did not come within `patience`, its address, and what came back (where a
/// machine swallows packets, when the system gives up, after some two minutes on Linux); at once
/// if one that it calls has another job, or if this process cannot listen.
pub fn connect(
    hosts: &[String],
    process: usize,
    patience: Duration,
    job: impl Hash,
) -> Result<Vec<Option<TcpStream>>> {
    // This hasher has no seed: the same everywhere.
    let job = BuildHasherDefault::<DefaultHasher>::default().hash_one((hosts, job));
    let (hello, deadline) = ([job, process as u64], Instant::now() + patience);
    ensure!(
        process < hosts.len().max(1),
        "process {process} is none of {}",
        hosts.len()
    );
    let Some(own) = hosts.get(process) else {
        return Ok(vec![None]);
    }; // alone
    let listener = TcpListener::bind(own).with_context(|| own.clone())?;
    listener.set_nonblocking(true)?;
    let mut peers: Vec<_> = hosts.iter().map(|_| None).collect();
    while let Some(peer) = (0..hosts.len()).find(|&at| at != process && peers[at].is_none()) {
        let left = deadline
            .saturating_duration_since(Instant::now())
            .max(PAUSE);
        // Each calls those before it, and is called by those behind it.
        let (calls, host) = (peer < process, &hosts[peer]);
        let met = if calls {
            TcpStream::connect(host)
        } else {
            listener.accept().map(|it| it.0)
        };
        match met.and_then(|stream| greet(stream, hello, if calls { left } else { 100 * PAUSE })) {
            // The last one, if it has tried again.
            Ok((at, stream)) if at < hosts.len() => peers[at] = Some(stream),
            Err(why) if left == PAUSE || calls && why.kind() == ErrorKind::InvalidData => {
                let silent = why.kind() == ErrorKind::WouldBlock;
                let why = if silent {
                    "no word from it".to_owned()
                } else {
                    why.to_string()
                };
                bail!("process {peer} at {host}: {why}");
            }
            _ => thread::sleep(PAUSE), // std has no `accept` with a time limit
        }
    }
    Ok(peers)
}

const PAUSE: Duration = Duration::from_millis(20);

/// Tells the other end the job and the own number, and takes its number if it has the same job.
fn greet(mut stream: TcpStream, hello: [u64; 2], left: Duration) -> io::Result<(usize, TcpStream)> {
    stream.set_nonblocking(false)?; // like the listener's on some systems
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(left))?;
    // A machine that is gone closes nothing: ask every 5 s, and give up after 30 s.
    let every = Duration::from_secs(5);
    let alive = TcpKeepalive::new()
        .with_time(every)
        .with_interval(every)
        .with_retries(5);
    SockRef::from(&stream).set_tcp_keepalive(&alive)?;
    #[cfg(target_os = "linux")] // while something is on its way, nothing is asked
    SockRef::from(&stream).set_tcp_user_timeout(Some(6 * every))?;
    let mut words = hello.map(u64::to_be_bytes);
    stream.write_all(words.as_flattened())?;
    stream.read_exact(words.as_flattened_mut())?;
    stream.set_read_timeout(None)?;
    let [job, number] = words.map(u64::from_be_bytes);
    let same = (job == hello[0] && number != hello[1]).then_some((number as usize, stream));
    same.ok_or_else(|| Error::new(ErrorKind::InvalidData, "it is not at the same job"))
}

/// Makes a panic in one of timely's threads end the process. A lost connection is a panic to
/// timely, in a thread that is named after the process at its other end.
fn exit_if_timely_panics() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        let mut stderr = stderr().lock(); // never let go: one is heard, of all that panic now
        match thread::current()
            .name()
            .unwrap_or_default()
            .split('-')
            .collect::<Vec<_>>()[..]
        {
            ["timely:recv" | "timely:send", peer] => {
                let _ = writeln!(stderr, "error: process {peer} is lost, start all again");
            }
            ["timely:work", _] => report(panic), // in `f`
            _ => return report(panic),
        }
        exit(1)
    }));
}

/// Counts the primes below a number, on this machine or on several.
#[derive(Parser)]
struct Args {
    /// The addresses of all processes, host:port, a line for each; without it, there is only one
    #[arg(long, value_name = "FILE")]
    hosts: Option<PathBuf>,
    /// Which line of them this process is, from 0; process 0 has the answer
    #[arg(long, value_name = "I", default_value_t = 0)]
    process: usize,
    /// How many threads each process has
    #[arg(long, value_name = "N", default_value = "2")]
    workers: NonZero<u8>,
    /// How long to wait for the others to start
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    wait: u16,
    /// Count the primes below N
    #[arg(long, value_name = "N", default_value_t = 200_000)]
    below: u32,
    /// How many items to make of that
    #[arg(long, value_name = "N", default_value = "20")]
    chunks: NonZero<u32>,
}

fn main() -> ExitCode {
    run(Args::parse()).unwrap_or_else(|error| {
        let _ = writeln!(stderr(), "error: {error:#}");
        ExitCode::from(2)
    })
}

fn run(
    Args {
        hosts,
        process,
        workers,
        wait,
        below,
        chunks,
    }: Args,
) -> Result<ExitCode> {
    let size = below.div_ceil(chunks.get()).max(1);
    let items: Vec<_> = (0..below).step_by(size as usize).collect();
    let text = hosts
        .map_or(Ok(String::new()), fs::read_to_string)
        .context("--hosts")?;
    let hosts: Vec<_> = text.split_whitespace().map(str::to_owned).collect();
    let (wait, job) = (Duration::from_secs(wait.into()), (&items, below, workers));
    let peers = connect(&hosts, process, wait, job)?;
    let (workers, processes, start) = (workers.get().into(), peers.len(), Instant::now());
    let who = move || {
        format!(
            "process {process}, {}",
            thread::current().name().unwrap_or("?")
        )
    };
    let is_prime = |n: &u32| *n > 1 && (2..=n.isqrt()).all(|divisor| !n.is_multiple_of(divisor));
    let count = move |&n: &u32| (n..below).take(size as usize).filter(is_prime).count();
    let answers = cluster_map(peers, workers, items.clone(), move |n| (who(), count(n)))?;
    let Some(answers) = answers else {
        return Ok(ExitCode::SUCCESS);
    }; // process 0 has them
    let (time, mut shares) = (start.elapsed(), BTreeMap::new());
    let (whose, found): (Vec<_>, Vec<_>) = answers.into_iter().unzip();
    whose
        .iter()
        .for_each(|who| *shares.entry(who).or_insert(0) += 1);
    let lines: String = shares
        .iter()
        .map(|(who, n)| format!("{who}: {n} items\n"))
        .collect();
    let (used, primes) = (shares.len(), found.iter().sum::<usize>());
    let same = items.iter().map(count).eq(found) && (below != 200_000 || primes == 17_984);
    writeln!(
        stdout(),
        "{lines}{used} workers: {primes} primes below {below} in {time:.1?}"
    )?;
    writeln!(stdout(), "in turn, item by item the same: {same}")?;
    Ok(ExitCode::from(u8::from(
        !same || used != items.len().min(processes * workers),
    )))
}
