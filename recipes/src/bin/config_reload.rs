//! Reload the settings of a program that runs: everyone sees the new ones, and nobody waits.
//!
//! Use it to change limits, keys or addresses without a restart. The settings are one value behind
//! an `ArcSwap`, and a reload exchanges it as a whole. Reading it takes no lock. Whoever holds the
//! old settings keeps them, so a request that loads them once sees nothing change half-way.
//!
//! - A file that cannot be read, or is wrong, changes nothing: `reload` returns why.
//! - A reload may hang, on a network disk for example. It reads on a thread of its own, gives up
//!   after 5 s, and holds up neither Ctrl-C nor the end of the program.
//! - Take SIGHUP before you say that you run: until then it ends the program.
//! - Write the file beside and rename it over the old one. Otherwise a reload may read half of it.
//! - Reload whenever the file changes: `watch_files`. To wait for new settings: `broadcast_watch`.
//!
//! Python: `signal.signal(SIGHUP, reload)`, which replaces a global by a new frozen dataclass
//! Needs: `cargo add anyhow@1 arc-swap@1 serde_json@1`, `cargo add serde@1 -F derive`,
//! `cargo add tokio@1 -F sync,time`
//! Demo needs: `cargo add clap@4 -F derive`, `cargo add nix@0.31 -F signal`,
//! `cargo add tempfile@3`, `cargo add tokio@1 -F full`
//! Runs on: Linux, macOS, for SIGHUP in the demo; `reload` anywhere
//! Tested: `recipes/tests/proof/config_reload.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin config_reload
//! in use: Settings { user: "ada", limit: 8 }
//! in use: Settings { user: "ben", limit: 4 }
//! not reloaded: missing field `limit` at line 1 column 16
//! in use: Settings { user: "ben", limit: 4 }
//! a request that began before: Settings { user: "ada", limit: 8 }
//!
//! $ cargo run -p recipes --bin config_reload -- no/such/file
//! ? 1
//! Error: no/such/file
//!
//! Caused by:
//!     No such file or directory (os error 2)
//! ```

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use arc_swap::ArcSwap;
use serde::Deserialize;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// An example of settings. A wrong name or type is an error.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub user: String,
    pub limit: usize,
}

/// How long reading the file may take.
const LIMIT: Duration = Duration::from_secs(5);

/// Reads settings from a JSON file.
///
/// # Errors
/// If the file cannot be read within `LIMIT`, is not JSON, or holds wrong settings. The error
/// names the file.
pub async fn read_settings(path: &Path) -> Result<Settings> {
    let reading = read_in_background(path.to_owned());
    let settings = match timeout(LIMIT, reading).await {
        Ok(settings) => settings,
        Err(_) => Err(anyhow!("reading it takes too long")),
    };
    settings.with_context(|| path.display().to_string())
}

async fn read_in_background(path: PathBuf) -> Result<Settings> {
    let (sender, settings) = oneshot::channel();
    // Not `spawn_blocking`: at its end, the runtime would wait for a thread that hangs.
    thread::Builder::new().spawn(move || {
        let _ = sender.send(read_and_check(&path)); // an error: it took too long
    })?;
    settings.await.context("reading it panicked")?
}

fn read_and_check(path: &Path) -> Result<Settings> {
    let text = fs::read_to_string(path)?;
    // Some editors put a byte order mark at the start.
    let json = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let settings: Settings = serde_json::from_str(json)?;
    ensure!(settings.limit > 0, "the limit is 0");
    Ok(settings)
}

/// Reads the file again and puts the new settings in place. After an error the old ones stay.
///
/// Call it from one task, so that an older file cannot replace a newer one.
///
/// # Errors
/// Those of [`read_settings`].
pub async fn reload(path: &Path, current: &ArcSwap<Settings>) -> Result<()> {
    let settings = read_settings(path).await?;
    current.store(Arc::new(settings));
    Ok(())
}

// ---- Demo ----------------------------------------------------------------------------------

use clap::Parser;
use nix::sys::signal::{Signal, raise};
use tokio::select;
use tokio::signal::ctrl_c;
use tokio::signal::unix::{SignalKind, signal};

#[derive(Parser)]
struct Args {
    /// A JSON file with `user` and `limit`, read again at each SIGHUP until Ctrl-C [default: a
    /// demo with a file of its own]
    file: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let Some(path) = args.file else {
        return demo().await;
    };
    select! {
        result = serve(&path) => result,
        result = ctrl_c() => Ok(result?),
    }
}

async fn serve(path: &Path) -> Result<()> {
    let mut hangups = signal(SignalKind::hangup())?;
    let settings = ArcSwap::from_pointee(read_settings(path).await?);
    println!("in use: {:?}", settings.load());
    while hangups.recv().await.is_some() {
        match reload(path, &settings).await {
            Ok(()) => println!("in use: {:?}", settings.load()),
            Err(error) => eprintln!("not reloaded: {error:#}"),
        }
    }
    Ok(())
}

async fn demo() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("settings.json");
    fs::write(&path, r#"{"user": "ada", "limit": 8}"#)?;
    let mut hangups = signal(SignalKind::hangup())?;
    let settings = ArcSwap::from_pointee(read_settings(&path).await?);
    let request = settings.load_full();
    println!("in use: {request:?}");

    for json in [r#"{"user": "ben", "limit": 4}"#, r#"{"user": "cleo"}"#] {
        fs::write(&path, json)?;
        raise(Signal::SIGHUP)?;
        hangups.recv().await;
        if let Err(error) = reload(&path, &settings).await {
            println!("not reloaded: {}", error.root_cause());
        }
        println!("in use: {:?}", settings.load());
    }
    println!("a request that began before: {request:?}");
    Ok(())
}
