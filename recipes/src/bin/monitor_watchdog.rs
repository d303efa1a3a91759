//! Name the workers that stall, by their heartbeat, and those that panic; none that beats in time.
//!
//! Use it where a worker may hang without an error: a lock, a socket without a time limit, a loop
//! without an end. It beats where it gets work done (a timer would beat on while it hangs), and a
//! beat adds to an atomic. Once a period the watchdog checks each count. It names a worker whose
//! count has not moved for K checks in a row: within K + 1 periods, and never one that beats within
//! K. It counts checks, not time, and they are at least a period apart: a pause of the whole
//! process costs one of them at most, so it gets nobody named who beats within K - 1. A worker is
//! named again when it has recovered, both times with the checks that it missed; one that ends is
//! forgotten, one that panics is named. The watchdog is a thread of its own, since a task could
//! hang with its runtime: in the demo, where K is 2, a task that blocks its thread stalls its
//! healthy neighbor as well. It stops nobody, for no thread can be stopped from outside: log it, or
//! exit and let a supervisor start the program anew. For a hang of the whole process: systemd's
//! `WatchdogSec=`. To restart what panics: `actors_supervised`. To find the culprit in a runtime:
//! tokio-console.
//!
//! Python: a thread with `daemon=True` that compares `time.monotonic()` with a dict of last beats,
//! and calls all of them late after Ctrl-Z; `faulthandler.dump_traceback_later` for one long call.
//! Needs: `cargo add anyhow@1`, `cargo add clap@4 -F derive`,
//! `cargo add tokio@1 -F full,test-util`
//!
//! ```console
//! $ cargo run -p recipes --bin monitor_watchdog
//! 400ms: mail Stalled(2)
//! 400ms: index Panicked
//! 800ms: mail Recovered(5)
//! import, backup and export were named 0 times
//! a task blocks its thread, then ends: neighbor Stalled(2), blocker Stalled(2), neighbor [..]
//!
//! $ cargo run -p recipes --bin monitor_watchdog -- --real
//! ...
//! [..]: mail Stalled(2)
//! ...
//! [..]: mail Recovered([..])
//! ...
//! import, backup and export were named [..] times
//! a task blocks its thread, then ends: neighbor Stalled(2), blocker Stalled(2), neighbor [..]
//! ```

use std::io::{self, Write, stdout};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, mpsc, mpsc::RecvTimeoutError::Timeout, mpsc::SyncSender};
use std::thread::{Builder, JoinHandle, panicking};
use std::{iter::zip, mem::replace, panic::resume_unwind, process::ExitCode, time::Duration};

use anyhow::Result;
use clap::Parser;
use tokio::{runtime, spawn, task::JoinSet, time::Instant, time::sleep};

/// Knows the workers, and how many checks in a row each was without a beat. Dropped, it reports the
/// last panics, ends its thread, and waits for that.
pub struct Watchdog {
    patience: u64,
    workers: Arc<Mutex<Vec<Worker>>>,
    thread: Option<(SyncSender<()>, JoinHandle<()>)>,
}

struct Worker {
    name: Arc<str>,
    beats: Arc<AtomicU64>,
    seen: u64,
    missed: u64,
}

/// What is new about a worker.
#[derive(Debug)]
pub enum State {
    /// It did not beat for so many checks.
    Stalled(u64),
    /// It did not beat for so many checks, and has beaten again, or ended well.
    Recovered(u64),
    /// It is gone.
    Panicked,
}

impl Watchdog {
    /// A worker is stalled at the `patience`-th check in a row without a beat, at the first if 0.
    pub fn new(patience: u64) -> Self {
        Self {
            patience: patience.max(1),
            workers: Arc::default(),
            thread: None,
        }
    }

    /// From now on the worker has to beat. Any thread or task may hold its heartbeat.
    pub fn register(&self, name: impl Into<Arc<str>>) -> Heartbeat {
        let (name, beats) = (name.into(), Arc::new(AtomicU64::new(1))); // this is the first beat
        let mut workers = self.workers.lock().unwrap();
        workers.push(Worker {
            name,
            beats: beats.clone(),
            seen: 0,
            missed: 0,
        });
        Heartbeat(beats)
    }

    /// Looks at all workers, in the order of their registration, and returns the names of those of
    /// whom there is news. To be called once a period, unless [`Watchdog::start`] does it.
    pub fn check(&self) -> Vec<(Arc<str>, State)> {
        let mut news = Vec::new();
        self.workers.lock().unwrap().retain_mut(|worker| {
            // Relaxed: the number stands for itself, nothing else is read because of it.
            let beats = worker.beats.load(Relaxed);
            let moved = beats != replace(&mut worker.seen, beats);
            let now = if moved { 0 } else { worker.missed + 1 };
            let before = replace(&mut worker.missed, now);
            let state = match beats {
                PANICKED => Some(State::Panicked),
                _ if moved => (before >= self.patience).then_some(State::Recovered(before)),
                _ => (now == self.patience).then_some(State::Stalled(now)),
            };
            news.extend(state.map(|state| (worker.name.clone(), state)));
            beats < PANICKED
        });
        news
    }

    /// Checks once a period in a thread of its own, and calls `report` there with what is new. The
    /// next check is a period after `report` has returned; if it panics, that was the last one.
    /// Errs if the system has no more threads to give. Panics if `period` is 0.
    pub fn start(
        mut self,
        period: Duration,
        mut report: impl FnMut((Arc<str>, State)) + Send + 'static,
    ) -> io::Result<Self> {
        assert!(!period.is_zero(), "without a period it would never rest");
        let (stop, stopped) = mpsc::sync_channel(0); // nothing is sent, it is only closed
        let dog = Self {
            workers: self.workers.clone(),
            thread: None,
            ..self
        };
        let thread = Builder::new().name("watchdog".to_owned()).spawn(move || {
            while stopped.recv_timeout(period) == Err(Timeout) {
                dog.check().into_iter().for_each(&mut report);
            }
            // It comes too early to call anybody late.
            let last = dog
                .check()
                .into_iter()
                .filter(|news| !matches!(news.1, State::Stalled(_)));
            last.for_each(report);
        })?;
        self.thread = Some((stop, thread));
        Ok(self)
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        // The thread waits for the end of the channel. A panic of `report` is on stderr already.
        let _ = self
            .thread
            .take()
            .map(|(stop, thread)| (drop(stop), thread.join()));
    }
}

/// What a worker holds while it works. Dropped, it tells that the worker has ended, or panicked.
#[must_use = "dropped, the worker has ended"]
pub struct Heartbeat(Arc<AtomicU64>);

impl Heartbeat {
    /// To be called wherever something is done. Costs an atomic addition.
    pub fn beat(&self) {
        self.0.fetch_add(1, Relaxed);
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.0
            .store(if panicking() { PANICKED } else { ENDED }, Relaxed);
    }
}

const ENDED: u64 = u64::MAX;
const PANICKED: u64 = u64::MAX - 1;

/// Watches five tasks, in a time that jumps from deadline to deadline, then a blocked thread.
#[derive(Parser)]
struct Args {
    /// The five in real time: where the machine itself stalls, a healthy one may be named
    #[arg(long)]
    real: bool,
}

fn main() -> Result<ExitCode> {
    let Args { real } = Args::parse();
    let mut runtime = runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(!real).build()?;
    let held = runtime.block_on(async { Ok(five_tasks(real).await? & blocked_thread().await?) });
    held.map(|held| ExitCode::from(u8::from(!held)))
}

const UNIT: Duration = Duration::from_millis(10);

async fn five_tasks(real: bool) -> Result<bool> {
    let (start, mut news) = (Instant::now(), vec![]);
    let (dog, mut set) = (Watchdog::new(2), JoinSet::new());
    for (name, beats, every, hang) in [
        ("import", u32::MAX, 4, 0),
        ("backup", u32::MAX, 19, 0), // just in time
        ("export", 5, 9, 0),         // ends
        ("mail", 3, 4, 60),
        ("index", 5, 7, 0), // panics
    ] {
        let heart = dog.register(name);
        set.spawn(async move {
            for _ in 0..beats {
                sleep(every * UNIT).await;
                heart.beat();
            }
            sleep(hang * UNIT).await;
            if name == "index" {
                resume_unwind(Box::new("a panic, without its message on stderr"));
            }
        });
    }
    for _ in 0..10 {
        sleep(10 * UNIT).await;
        let at = start.elapsed();
        news.extend(
            dog.check()
                .iter()
                .map(|(name, new)| format!("{at:?}: {name} {new:?}")),
        );
    }
    writeln!(stdout(), "{}", news.join("\n"))?; // `println!` would panic in a broken pipe
    let named = news
        .iter()
        .filter(|new| !new.contains("mail") && !new.contains("index"))
        .count();
    writeln!(
        stdout(),
        "import, backup and export were named {named} times"
    )?;
    let exact = [
        "400ms: mail Stalled(2)",
        "400ms: index Panicked",
        "800ms: mail Recovered(5)",
    ];
    Ok(news == exact || real && news.len() >= named + 3)
}

/// Blocks the only thread of the runtime until the watchdog has named both tasks there.
async fn blocked_thread() -> Result<bool> {
    let (dog, (sender, reports)) = (Watchdog::new(2), mpsc::sync_channel(4));
    let [neighbor, blocker] = ["neighbor", "blocker"].map(|name| dog.register(name));
    let report = move |(name, new)| _ = sender.try_send(format!("{name} {new:?}"));
    let _dog = dog.start(Duration::from_millis(20), report)?;
    let task = spawn(async move { neighbor.beat() });
    // A blocking call in a task, where `await` belongs: this is what hangs a runtime.
    let next = || reports.recv_timeout(Duration::from_secs(10));
    let mut news = vec![next()?, next()?];
    task.await.map(|()| drop(blocker))?;
    news.extend([next()?, next()?]);
    writeln!(
        stdout(),
        "a task blocks its thread, then ends: {}",
        news.join(", ")
    )?;
    let plan = [
        "neighbor Stalled(2)",
        "blocker Stalled(2)",
        "neighbor Recov",
        "blocker Recov",
    ];
    Ok(zip(news, plan).all(|(new, plan)| new.starts_with(plan)))
}
