//! Run a command now and each time a file changes, also when an editor replaces the file.
//!
//! Use it to build, test or reload while you edit, like `entr`. Many editors save by renaming a new
//! file over the old one. A watch on the file would stay with the old one, so its folder is
//! watched. A change is reported after 100 ms, together with those that came meanwhile. All changes
//! during a run make one more run, so the last run begins after the last change.
//!
//! - A folder is watched with everything in it. A command that writes into it starts itself again,
//!   forever: give a file, or let the command write elsewhere.
//! - Of a symbolic link, the file that it points to at the start is watched. When the folder itself
//!   is removed or renamed, nothing more is noticed.
//! - A change does not stop a command that runs. To restart a server, use `watchexec -r`.
//! - The exit status of the command is not looked at: it says itself what went wrong.
//! - When `run_on_change` is stopped, the command gets a SIGTERM, and is killed after 2 s.
//! - What the command itself has started runs on: of `sh -c 'make; echo done'`, the `make`. Only
//!   Ctrl-C in a terminal reaches all of them, because they are in one process group. With
//!   `sh -c 'cd src; exec make'` there is only one process.
//!
//! Python: `watchdog.observers.Observer`, which calls back for every event, and `subprocess.Popen`
//! Needs: `cargo add anyhow@1 notify-debouncer-full@0.7 tracing@0.1`,
//! `cargo add nix@0.31 -F signal`, `cargo add tokio@1 -F macros,process,sync,time`
//! Demo needs: `cargo add clap@4 -F derive`, `cargo add tokio@1 -F full`
//! Runs on: Linux, macOS
//! Tested: `recipes/tests/proof/watch_files.rs`
//!
//! ```console
//! $ echo one > notes.txt; cargo run -p recipes --bin watch_files -F file_events -- notes.txt -- \
//!     sh -c 'cat notes.txt; grep -q two notes.txt && kill $PPID && exit; \
//!     echo two > new; mv new notes.txt'; rm notes.txt
//! one
//! two
//!
//! $ cargo run -p recipes --bin watch_files -F file_events -- no/such/file -- make
//! ? 1
//! Error: no/such/file
//!
//! Caused by:
//!     No such file or directory (os error 2)
//! ```

use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use notify_debouncer_full::notify::{self, RecommendedWatcher, RecursiveMode};
use notify_debouncer_full::{DebounceEventResult, Debouncer, RecommendedCache, new_debouncer};
use tokio::process::{Child, Command};
use tokio::select;
use tokio::sync::Notify;
use tokio::time::timeout;

/// How long after a change it is reported.
const DELAY: Duration = Duration::from_millis(100);
/// How long a command may take to end after a SIGTERM.
const GRACE: Duration = Duration::from_secs(2);

/// Watches until it is dropped.
pub type Watcher = Debouncer<RecommendedWatcher, RecommendedCache>;

/// Notifies `changed` of each change of a file, or of anything in a folder. A file that is created
/// and removed within `DELAY` is not reported.
///
/// # Errors
/// If `path` does not exist, or the system cannot watch so many folders.
pub fn watch(path: &Path, changed: Arc<Notify>) -> notify::Result<Watcher> {
    let path = path.canonicalize()?; // as the events name it
    let (folder, mode) = match path.parent() {
        Some(folder) if !path.is_dir() => (folder.to_owned(), RecursiveMode::NonRecursive),
        _ => (path.clone(), RecursiveMode::Recursive),
    };
    let report = move |result: DebounceEventResult| match result {
        Ok(events) => {
            if events.iter().any(|event| is_change(event, &path)) {
                changed.notify_one();
            }
        }
        Err(errors) => {
            tracing::warn!("watching {}: {errors:?}", path.display());
            changed.notify_one(); // there may have been a change
        }
    };
    let mut watcher = new_debouncer(DELAY, None, report)?;
    watcher.watch(folder, mode)?;
    Ok(watcher)
}

fn is_change(event: &notify::Event, path: &Path) -> bool {
    if event.kind.is_access() {
        return false; // somebody reads the file
    }
    let mut paths = event.paths.iter();
    let concerns_path = paths.any(|changed| changed.starts_with(path));
    concerns_path || event.need_rescan() // the system has dropped events
}

/// Runs `command` now and after each change of `path`, until `stop` is ready. When it returns, the
/// command has ended.
///
/// # Errors
/// If `path` cannot be watched, or the command cannot be started.
pub async fn run_on_change(
    path: &Path,
    command: &mut Command,
    stop: impl Future<Output = ()>,
) -> Result<()> {
    let changed = Arc::new(Notify::new());
    let watching = watch(path, changed.clone());
    let _watcher = watching.with_context(|| path.display().to_string())?;
    let mut stop = pin!(stop);
    command.kill_on_drop(true);
    loop {
        let started = command.spawn();
        let mut child = started.context("the command does not start")?;
        select! {
            biased; // when both are ready, stop
            () = &mut stop => return end(child).await,
            status = child.wait() => { status?; }
        }
        select! {
            biased;
            () = &mut stop => return Ok(()),
            () = changed.notified() => {}
        }
    }
}

/// Asks a command to end, and kills it if it does not.
async fn end(mut child: Child) -> Result<()> {
    let pid = child.id().expect("nobody has waited for it");
    kill(Pid::from_raw(pid as i32), Signal::SIGTERM)?;
    let ended = timeout(GRACE, child.wait()).await;
    if ended.is_err() {
        child.kill().await?;
    }
    Ok(())
}

// ---- Demo ----------------------------------------------------------------------------------

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

#[derive(Parser)]
struct Args {
    /// A file, or a folder with everything in it
    path: PathBuf,

    /// The command and its arguments
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let stop = async {
        select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    };
    let mut command = Command::new(&args.command[0]);
    command.args(&args.command[1..]);
    run_on_change(&args.path, &mut command, stop).await
}
