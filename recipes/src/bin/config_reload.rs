//! Reload settings while the program runs: readers never wait, and each request keeps one set.
//!
//! Use it for a service that is to take over new settings without a restart. A reload reads, parses
//! and checks the whole file beside the settings in use, and then exchanges one pointer. Whoever
//! asks later gets the new set; whoever holds the old one ends with it, and the last one frees it.
//! A file that is missing, cut off, misspelled or out of range is an error, and changes nothing. It
//! reloads at SIGHUP, as daemons do: `kill -HUP PID`. Write the new file beside the old one and
//! rename it: half of a JSON file is refused, half of a TOML or INI file may look complete.
//!
//! A request calls `get` once and hands on what it got: a second call may return a newer set: old
//! user, new token. A port or a pool that is open does not change with its setting. Few readers:
//! std's `RwLock<Arc<T>>` does it too; they wait for the exchange, not for the file. Tasks that
//! must be told of a change: `tokio::sync::watch`. To reload when the file changes, and not at a
//! signal: `triggered_tasks`.
//!
//! Python: a `signal.signal(SIGHUP, handler)` that binds `config = load()`, and functions that read
//! it once; after `config.update(...)` a request under way sees some old, some new.
//! Needs: `cargo add anyhow@1 arc-swap@1 serde_json@1 tempfile@3`, `cargo add clap@4 -F derive`,
//! `cargo add serde@1 -F derive`, `cargo add tokio@1 -F full`
//! Runs on: Linux, macOS; `Reloadable` itself anywhere
//!
//! ```console
//! $ cargo run -p recipes --bin config_reload
//! 4000 requests during a reload: user-1; 4000 after it: user-3
//! one that began before: user-1, token-1; had it asked twice: user-1, token-3
//! still user-3: EOF while parsing a string at line 1 column 25
//! still user-3: unknown field `usr`, expected one of `user`, `token`, `at_once` at line 1 column 6
//! still user-3: at_once: 0 is not in 1..=1000
//! SIGHUP: user-4
//!
//! $ cargo run -p recipes --bin config_reload -- --file no/such/file
//! ? 2
//! error: no/such/file: No such file or directory (os error [..])
//!
//! $ cargo run -p recipes --bin config_reload -- --file /dev/null
//! ? 2
//! error: /dev/null: EOF while parsing a value at line 1 column 0
//! ```

use std::io::{Write, stderr, stdout};
use std::process::{Command, ExitCode, exit};
use std::sync::{Arc, Barrier, Mutex, PoisonError};
use std::{fs, path::Path, path::PathBuf, time::Duration};

use anyhow::{Context, Result, ensure};
use arc_swap::ArcSwap;
use clap::Parser;
use serde::Deserialize;
use tokio::{select, signal::ctrl_c, signal::unix, sync::mpsc, task, task::JoinSet, time::timeout};

/// What a file says, as everybody reads it, until a reload replaces it as a whole.
pub struct Reloadable<T> {
    path: PathBuf,
    parse: fn(&str) -> Result<T>,
    current: ArcSwap<T>,
    reloading: Mutex<()>,
}

impl<T> Reloadable<T> {
    /// Reads the file for the first time. `parse` also checks the values.
    /// Errs where the file cannot be read, or where `parse` errs.
    pub fn open(path: PathBuf, parse: fn(&str) -> Result<T>) -> Result<Self> {
        let current = ArcSwap::from_pointee(read(&path, parse)?);
        Ok(Self {
            path,
            parse,
            current,
            reloading: Mutex::new(()),
        })
    }

    /// The settings as they are now. It never waits. Call it once for a request, and hand on what
    /// it returns: that stays as it is.
    pub fn get(&self) -> Arc<T> {
        self.current.load_full()
    }

    /// Reads the file again, and returns the settings that are in use from now on. It blocks while
    /// it reads, and while another reload is under way: the last to read is the last to exchange.
    /// After an error, which is one as in `open`, the old settings stay.
    pub fn reload(&self) -> Result<Arc<T>> {
        let _alone = self
            .reloading
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let new = Arc::new(read(&self.path, self.parse)?);
        self.current.store(Arc::clone(&new));
        Ok(new)
    }
}

fn read<T>(path: &Path, parse: fn(&str) -> Result<T>) -> Result<T> {
    let file = || path.display().to_string();
    parse(&fs::read_to_string(path).with_context(file)?).with_context(file)
}

/// Reloads at each SIGHUP, and tells `report` what came of it, until the future is dropped. From
/// this call on SIGHUP does not end the program any more, nor does closing the terminal it runs in.
/// Errs if the system refuses the handler. Panics outside of a tokio runtime.
pub fn reload_on_hangup<T: Send + Sync + 'static>(
    settings: Arc<Reloadable<T>>,
    mut report: impl FnMut(Result<Arc<T>>),
) -> Result<impl Future<Output = ()>> {
    let mut hangups = unix::signal(unix::SignalKind::hangup())?;
    Ok(async move {
        while hangups.recv().await.is_some() {
            let settings = Arc::clone(&settings);
            let reload = task::spawn_blocking(move || settings.reload());
            report(reload.await.map_err(Into::into).flatten()); // a panic is an error as well
        }
    })
}

/// An example of settings: a typo in a name, a wrong type and a value out of range are errors.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub user: String,
    pub token: String,
    pub at_once: usize,
}

impl Settings {
    /// Parses JSON. Errs where it is none, or not these settings.
    pub fn parse(json: &str) -> Result<Self> {
        let new: Self = serde_json::from_str(json)?;
        ensure!(
            (1..=1000).contains(&new.at_once),
            "at_once: {} is not in 1..=1000",
            new.at_once
        );
        Ok(new)
    }
}

/// Reloads settings while they are in use.
#[derive(Parser)]
struct Args {
    /// A JSON file with `user`, `token` and `at_once`, read again at each SIGHUP until Ctrl-C
    /// [default: a demo, with files of its own]
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::try_parse().unwrap_or_else(|wrong| match wrong.to_string().lines().next() {
        Some(line) if wrong.use_stderr() => {
            eprintln!("{line}"); // without the usage
            exit(2)
        }
        _ => wrong.exit(), // --help, --version
    });
    let (done, status) = match args.file {
        Some(path) => (serve(path).await, 2),
        None => (demo().await, 1),
    };
    done.unwrap_or_else(|error| {
        let _ = writeln!(stderr(), "error: {error:#}");
        ExitCode::from(status)
    })
}

/// Says what is in use, and again after each SIGHUP.
async fn serve(path: PathBuf) -> Result<ExitCode> {
    let settings = Arc::new(Reloadable::open(path, Settings::parse)?);
    let report = |new: Result<Arc<Settings>>| match new {
        Ok(new) => drop(writeln!(
            stdout(),
            "in use: {}, {} at once",
            new.user,
            new.at_once
        )),
        Err(error) => drop(writeln!(
            stderr(),
            "error: {error:#}; the old settings stay"
        )),
    };
    report(Ok(settings.get()));
    let reloads = reload_on_hangup(settings, report)?;
    Ok(select! { () = reloads => ExitCode::FAILURE, _ = ctrl_c() => ExitCode::SUCCESS })
}

async fn demo() -> Result<ExitCode> {
    let folder = tempfile::tempdir()?;
    let [path, next] = ["settings.json", "next"].map(|name| folder.path().join(name));
    let put = |json: &str| fs::write(&next, json).and_then(|()| fs::rename(&next, &path));
    put(&set(1))?;
    let settings = Arc::new(Reloadable::open(path.clone(), parse)?);
    let request = settings.get(); // one that lasts until after the reload

    let (mut reloads, [first, second]) = (JoinSet::new(), [(); 2].map(|()| Arc::clone(&settings)));
    put(&set(2))?;
    reloads.spawn_blocking(move || first.reload());
    MIDDLE.wait(); // it is there
    let before = requests(settings.clone(), "user-1").await;
    put(&set(3))?;
    reloads.spawn_blocking(move || second.reload()); // it must not be undone by the first
    let _ = timeout(Duration::from_millis(50), reloads.join_next()).await;
    MIDDLE.wait(); // it may go on
    reloads.join_all().await;
    let after = requests(settings.clone(), "user-3").await;
    // Not `println!`, which would panic in a broken pipe.
    writeln!(
        stdout(),
        "{before} requests during a reload: user-1; {after} after it: user-3"
    )?;

    let (Settings { user, token, .. }, twice) = (&*request, &settings.get().token);
    writeln!(
        stdout(),
        "one that began before: {user}, {token}; had it asked twice: {user}, {twice}"
    )?;
    // Nobody else has the old set any more: it is freed with the request.
    let mut held = (before, after, Arc::strong_count(&request)) == (4000, 4000, 1);

    let good = set(4);
    for bad in [
        &good[..25],
        &good.replace("user", "usr"),
        &good.replace('8', "0"),
    ] {
        put(bad)?;
        let error = settings.reload().err().context("taken")?;
        writeln!(
            stdout(),
            "still {}: {}",
            settings.get().user,
            error.root_cause()
        )?;
        held &= settings.get().user == "user-3";
    }
    let (tell, mut told) = mpsc::channel(1);
    let reloads = reload_on_hangup(Arc::clone(&settings), |new| drop(tell.try_send(new)))?;
    put(&good)?;
    Command::new("sh")
        .args(["-c", "kill -HUP $PPID"])
        .status()?;
    let told = timeout(Duration::from_secs(10), told.recv());
    let new = select! { () = reloads => None, new = told => new? }.context("no reload")??;
    writeln!(stdout(), "SIGHUP: {}", new.user)?;
    Ok(ExitCode::from(u8::from(
        !(held && settings.get().user == "user-4"),
    )))
}

fn set(number: usize) -> String {
    format!(r#"{{"user": "user-{number}", "token": "token-{number}", "at_once": 8}}"#)
}

static MIDDLE: Barrier = Barrier::new(2);

fn parse(json: &str) -> Result<Settings> {
    if json == set(2) {
        MIDDLE.wait();
        MIDDLE.wait();
    }
    Settings::parse(json)
}

/// Makes 4000 requests, and returns how many of them were made as this user.
async fn requests(settings: Arc<Reloadable<Settings>>, user: &'static str) -> usize {
    let asked = move || (0..4000).filter(|_| settings.get().user == user).count();
    timeout(Duration::from_secs(10), task::spawn_blocking(asked))
        .await
        .map_or(0, Result::unwrap)
}
