use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use arc_swap::ArcSwap;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use tempfile::TempDir;
use tokio::{runtime, time};

#[path = "../../src/bin/config_reload.rs"]
#[allow(dead_code)]
mod program;
use program::{Settings, read_settings, reload};

const ADA: &str = r#"{"user": "ada", "limit": 8}"#;
const BEN: &str = r#"{"user": "ben", "limit": 4}"#;

struct Fixture {
    _folder: TempDir,
    path: PathBuf,
    settings: ArcSwap<Settings>,
}

impl Fixture {
    /// Settings of "ada" in a file, and in use.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        fs::write(&path, ADA).unwrap();
        let settings = read_settings(&path).await.unwrap();
        Self {
            _folder: folder,
            path,
            settings: ArcSwap::from_pointee(settings),
        }
    }

    async fn reload(&self) -> anyhow::Result<()> {
        reload(&self.path, &self.settings).await
    }

    fn user(&self) -> String {
        self.settings.load().user.clone()
    }
}

/// Puts a FIFO in the place of the file: reading it hangs until somebody writes to it.
fn make_fifo(path: &Path) {
    fs::remove_file(path).unwrap();
    mkfifo(path, Mode::S_IRWXU).unwrap();
}

#[tokio::test]
async fn a_wrong_file_changes_nothing_and_the_error_names_it() {
    let fixture = Fixture::new().await;
    let before = fixture.settings.load_full();
    for wrong in [
        "",
        "{",
        "[]",
        r#"{"user": "ben"}"#,
        r#"{"user": "ben", "limit": "4"}"#,
        r#"{"user": "ben", "limit": 0}"#,
        r#"{"user": "ben", "limit": 4, "limt": 5}"#,
    ] {
        fs::write(&fixture.path, wrong).unwrap();
        let error = fixture.reload().await.unwrap_err();
        let message = format!("{error:#}");
        assert!(message.contains("settings.json: "), "{message}");
        assert!(Arc::ptr_eq(&before, &fixture.settings.load_full()));
    }
    fs::write(&fixture.path, b"\xff").unwrap();
    fixture.reload().await.unwrap_err();
    fs::remove_file(&fixture.path).unwrap();
    fixture.reload().await.unwrap_err();
    assert_eq!(fixture.user(), "ada");
}

#[tokio::test]
async fn a_byte_order_mark_is_no_error() {
    let fixture = Fixture::new().await;
    fs::write(&fixture.path, format!("\u{feff}{BEN}\r\n")).unwrap();
    fixture.reload().await.unwrap();
    assert_eq!(fixture.user(), "ben");
}

#[tokio::test]
async fn a_file_that_is_read_too_late_does_not_replace_newer_settings() {
    let fixture = Fixture::new().await;
    make_fifo(&fixture.path);
    time::pause(); // when everything waits, the clock jumps to the deadline
    let error = fixture.reload().await.unwrap_err();
    time::resume();
    let message = format!("{error:#}");
    assert!(message.contains("too long"), "{message}");
    let mut late = File::options().write(true).open(&fixture.path).unwrap();
    fs::remove_file(&fixture.path).unwrap();

    fs::write(&fixture.path, BEN).unwrap();
    fixture.reload().await.unwrap();
    late.write_all(ADA.as_bytes()).unwrap();
    drop(late);
    time::sleep(Duration::from_millis(100)).await; // the late one has been read by now
    assert_eq!(fixture.user(), "ben");
}

#[test]
fn a_reload_that_hangs_holds_up_neither_readers_nor_the_end_of_the_runtime() {
    let (ended, end) = mpsc::channel();
    thread::spawn(move || {
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let fixture = Arc::new(runtime.block_on(Fixture::new()));
        make_fifo(&fixture.path);
        let hangs = fixture.clone();
        runtime.spawn(async move { hangs.reload().await });
        // Opening the other end waits until the reload has opened its own.
        let _fifo = File::options().write(true).open(&fixture.path).unwrap();
        assert_eq!(fixture.user(), "ada");
        drop(runtime);
        ended.send(()).unwrap();
    });
    let in_time = end.recv_timeout(Duration::from_secs(10));
    assert!(in_time.is_ok(), "the runtime waits for the reload");
}
