//! Run a task when something happens, a signal or a change of a file, and once for a whole burst.
//!
//! Use it to rebuild, reload or upload when told to. The first trigger starts the task at once. All
//! that come while it runs, and until none has come for a while, share one more run, so the last
//! run sees everything. It never overlaps itself, and triggers without end cannot put the next run
//! off for longer than `at_most`. A trigger is a permit of a `Notify`, which keeps one: none is
//! lost, and none has to be queued. Editors save by renaming a new file over the old one. A watch
//! on the file would stay with the old one, so its folder is watched. If the system drops events,
//! the task runs anyway. An error of the task ends it all. A task that writes into the folder it
//! watches triggers itself forever. Given a command, it runs that now and on each change or
//! SIGUSR1, like `entr`; Ctrl-C ends both. By the clock: `scheduled_tasks`. New settings only:
//! `config_reload`.
//!
//! Python: `watchdog.Observer` and `loop.add_signal_handler`, which call back once for each event;
//! an `asyncio.Event` merges them, and `clear` after the run loses what came during it.
//! Needs: `cargo add anyhow@1 notify@8 tempfile@3`, `cargo add clap@4 -F derive`,
//! `cargo add nix@0.31 -F signal`, `cargo add tokio@1 -F full`,
//! `cargo add tokio-util@0.7 -F rt`
//! Runs on: Linux, macOS
//! Tested: `recipes/tests/proof/triggered_tasks.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin triggered_tasks -F file_events
//! 4 signals, 3 changes in a burst: 2 runs; 1 change more: 3
//!
//! $ cargo run -p recipes --bin triggered_tasks -F file_events -- \
//!     --on-change notes.txt -- sh -c 'echo building; kill -INT $PPID; exec sleep 1000'
//! ? 130
//! building
//!
//! $ cargo run -p recipes --bin triggered_tasks -F file_events -- \
//!     --on-change no/such/file -- true
//! ? 2
//! error: "no/such/file": No such file or directory[..]
//! ```

use std::{convert::Infallible, ffi::OsString, fs, mem, process::Stdio, sync::Arc, time::Duration};
use std::{io, io::Write, io::stderr, io::stdout, path::Path, path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use clap::Parser;
use nix::sys::signal::{Signal, raise};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tempfile::TempDir;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio::{process::Command, select, signal::unix::SignalKind, signal::unix::signal};
use tokio_util::task::AbortOnDropHandle;

/// Runs `task` whenever `trigger` is notified by `notify_one`: at once if it was idle, and once
/// more for all that came during a run, as soon as none has come for `quiet`, or after `at_most`.
///
/// It ends with the first error of the task. Dropped, it drops the task where it stands; a trigger
/// that was not answered stays in `trigger`.
pub async fn run_triggered<E, F: Future<Output = Result<(), E>>>(
    trigger: &Notify,
    quiet: Duration,
    at_most: Duration,
    mut task: impl FnMut() -> F,
) -> Result<Infallible, E> {
    loop {
        trigger.notified().await;
        task().await?;
        while is_triggered(trigger, quiet, at_most).await {
            task().await?;
        }
    }
}

/// Waits for the end of a burst, and returns whether there was one.
async fn is_triggered(trigger: &Notify, quiet: Duration, at_most: Duration) -> bool {
    let (latest, mut burst) = (Instant::now() + at_most, None);
    while Instant::now() < latest {
        let end = latest.min(Instant::now() + quiet);
        let Ok(()) = timeout_at(end, trigger.notified()).await else {
            break;
        };
        burst.get_or_insert_with(|| Unanswered(trigger));
    }
    burst.map(mem::forget).is_some() // it will be answered now
}

/// A trigger that was taken. Dropped before its run, it goes back.
struct Unanswered<'a>(&'a Notify);

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

/// Calls `trigger` on each signal of this kind, until the handle is dropped. Signals that come
/// faster than they are taken are one. The signal will not end the program any more, even then.
pub fn on_signal(
    kind: SignalKind,
    trigger: impl Fn() + Send + 'static,
) -> io::Result<AbortOnDropHandle<()>> {
    let mut signals = signal(kind)?;
    Ok(AbortOnDropHandle::new(tokio::spawn(async move {
        while signals.recv().await.is_some() {
            trigger();
        }
    })))
}

/// Calls `trigger` on each change of the file, which need not exist yet, or of anything in the
/// folder, until the watcher is dropped. It is called on a thread of the watcher's, and must not
/// block. One change can be several events. A folder that is removed is watched no more. Of a
/// symlink to a file the link itself is watched (for what it points to watch that, or its folder);
/// of one to a folder, what it points to when this is called.
pub fn on_change(
    path: &Path,
    trigger: impl Fn() + Send + 'static,
) -> notify::Result<RecommendedWatcher> {
    let path = std::path::absolute(path)?;
    let (mode, folder) = match path.parent() {
        Some(parent) if !path.is_dir() => (RecursiveMode::NonRecursive, parent),
        _ => (RecursiveMode::Recursive, &*path),
    };
    let root = folder.canonicalize()?; // as the events name it
    let watched = root.join(path.strip_prefix(folder).unwrap_or(&path));
    let here = move |event: &Event| event.paths.iter().any(|at| at.starts_with(&watched));
    let mut watcher =
        notify::recommended_watcher(move |event: notify::Result<Event>| match event {
            Ok(event) if event.kind.is_access() => {} // reading changes nothing
            Ok(event) if !here(&event) && !event.need_rescan() => {}
            _ => trigger(), // or some events were lost
        })?;
    watcher.watch(&root, mode)?;
    Ok(watcher)
}

const QUIET: Duration = Duration::from_millis(100);

/// Runs a command now, on each change, and on SIGUSR1; without a command, a demo.
#[derive(Parser)]
struct Args {
    /// A file or a folder to watch; can be given several times
    #[arg(long, value_name = "PATH")]
    on_change: Vec<PathBuf>,
    /// The command and its arguments
    #[arg(last = true)]
    command: Vec<OsString>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode> {
    let args = Args::parse();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let failed = |error| writeln!(stderr(), "error: {error:#}").map(|()| 2);
    let status = select! {
        held = run_demo(), if args.command.is_empty() => u8::from(!held?),
        Err(error) = run_command(&args), if !args.command.is_empty() => failed(error)?,
        _ = interrupt.recv() => 130, // drops the task, which kills the command
        _ = terminate.recv() => 143,
    };
    Ok(ExitCode::from(status))
}

async fn run_command(args: &Args) -> Result<Infallible> {
    let trigger = Arc::new(Notify::new());
    let notify = Arc::clone(&trigger);
    let notify = move || notify.notify_one();
    let watch = |path: &PathBuf| on_change(path, notify.clone()).context(format!("{path:?}"));
    let _watchers = args
        .on_change
        .iter()
        .map(watch)
        .collect::<Result<Vec<_>>>()?;
    let _signals = on_signal(SignalKind::user_defined1(), notify.clone())?;
    notify(); // the first run comes without a change
    let run = async || {
        let mut command = Command::new(&args.command[0]);
        command
            .args(&args.command[1..])
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
            .status()
            .await
            .map(drop)
            .context("the command does not start")
    };
    run_triggered(&trigger, QUIET, 100 * QUIET, run).await
}

/// Triggers seven times, all but the first during the first run, and once when it is quiet.
async fn run_demo() -> Result<bool> {
    let (folder, elsewhere, trigger) = (TempDir::new()?, TempDir::new()?, Arc::new(Notify::new()));
    let (new, watched) = (elsewhere.path().join("new"), folder.path().join("settings"));
    let ((count, mut seen), notify) = (watch::channel(0), Arc::clone(&trigger));
    let notify = move || {
        notify.notify_one();
        count.send_modify(|count| *count += 1);
    };
    let _signals = on_signal(SignalKind::user_defined1(), notify.clone())?;
    let _watcher = on_change(&watched, notify)?;
    let (begun, mut runs) = watch::channel(0);
    let (may_end, alone) = (Semaphore::new(0), Semaphore::new(1));
    let task = async || {
        let _alone = alone.try_acquire().context("two runs at once")?;
        begun.send_modify(|runs| *runs += 1);
        may_end
            .acquire()
            .await
            .map(|may| may.forget())
            .context("closed")
    };
    let change = || fs::write(&new, "as an editor saves").and_then(|()| fs::rename(&new, &watched));
    let script = async {
        for n in 1..=7 {
            match n {
                ..=4 => raise(Signal::SIGUSR1)?,
                _ => change()?,
            }
            seen.wait_for(|seen| *seen >= n).await?; // one by one, or the system makes them one
            runs.wait_for(|runs| *runs >= 1).await?;
        }
        may_end.add_permits(2);
        runs.wait_for(|runs| *runs >= 2).await?;
        sleep(3 * QUIET).await; // a third run would come now
        let burst = *runs.borrow();
        change()?;
        let all = *runs.wait_for(|runs| *runs > burst).await?;
        writeln!(
            stdout(),
            "4 signals, 3 changes in a burst: {burst} runs; 1 change more: {all}"
        )?;
        Ok((burst, all) == (2, 3))
    };
    select! {
        Err(error) = run_triggered(&trigger, QUIET, 100 * QUIET, task) => Err(error),
        held = timeout(Duration::from_secs(10), script) => held?,
    }
}
