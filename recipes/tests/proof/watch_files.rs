use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

#[path = "../../src/bin/watch_files.rs"]
#[allow(dead_code)]
mod program;
use program::{run_on_change, watch};

/// Longer than any report of a change takes.
const LONG: Duration = Duration::from_secs(10);

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

async fn wait_for(changed: &Notify) {
    let reported = timeout(LONG, changed.notified()).await;
    assert!(reported.is_ok(), "the change is not reported");
    // One change may be reported twice: the rest comes within this time.
    loop {
        let again = timeout(Duration::from_millis(500), changed.notified()).await;
        if again.is_err() {
            return;
        }
    }
}

/// Saves as many editors do.
fn save_by_rename(path: &Path, text: &str) {
    let beside = path.with_extension("new");
    fs::write(&beside, text).unwrap();
    fs::rename(&beside, path).unwrap();
}

#[tokio::test]
async fn every_way_to_save_a_file_is_a_change_again_and_again() {
    let folder = folder();
    let name: &[u8] = if cfg!(target_os = "linux") {
        b"not UTF-8 \xff"
    } else {
        b"notes.txt"
    };
    let path = folder.path().join(OsStr::from_bytes(name));
    fs::write(&path, "one").unwrap();
    let changed = Arc::new(Notify::new());
    let _watcher = watch(&path, changed.clone()).unwrap();

    for _ in 0..2 {
        save_by_rename(&path, "two");
        wait_for(&changed).await;
        fs::write(&path, "three").unwrap();
        wait_for(&changed).await;
        // As vim does with a backup: the old file away, a new one in its place.
        fs::rename(&path, folder.path().join("backup")).unwrap();
        fs::write(&path, "four").unwrap();
        wait_for(&changed).await;
        fs::remove_file(&path).unwrap();
        wait_for(&changed).await;
    }
}

#[tokio::test]
async fn reading_it_and_changing_other_files_is_no_change() {
    let folder = folder();
    let path = folder.path().join("notes.txt");
    fs::write(&path, "one").unwrap();
    let changed = Arc::new(Notify::new());
    let _watcher = watch(&path, changed.clone()).unwrap();

    fs::read(&path).unwrap();
    fs::write(folder.path().join("notes.txt.bak"), "one").unwrap();
    let reported = timeout(Duration::from_secs(1), changed.notified()).await;
    assert!(reported.is_err(), "it reports what is no change");
    fs::write(&path, "two").unwrap();
    wait_for(&changed).await;
}

#[tokio::test]
async fn of_a_symbolic_link_its_file_is_watched_and_of_a_folder_all_below() {
    let folder = folder();
    let below = folder.path().join("a/b");
    fs::create_dir_all(&below).unwrap();
    let path = below.join("notes.txt");
    fs::write(&path, "one").unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("link");
    symlink(&path, &link).unwrap();

    for watched in [link.as_path(), folder.path()] {
        let changed = Arc::new(Notify::new());
        let _watcher = watch(watched, changed.clone()).unwrap();
        fs::write(&path, "two").unwrap();
        wait_for(&changed).await;
    }
}

struct Running {
    folder: TempDir,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<anyhow::Result<()>>,
}

impl Running {
    /// Runs a shell script at each change of the file `watched`, in its folder.
    fn start(script: &str) -> Self {
        let folder = folder();
        let watched = folder.path().join("watched");
        File::create(&watched).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", script]).current_dir(folder.path());
        let (stop, stopped) = oneshot::channel();
        let ended = tokio::spawn(async move {
            let stopped = async {
                stopped.await.unwrap();
            };
            run_on_change(&watched, &mut command, stopped).await
        });
        Self {
            folder,
            stop,
            ended,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The text of a file, as soon as it has one.
    async fn text(&self, name: &str) -> String {
        let read = async {
            loop {
                let text = fs::read_to_string(self.path(name)).unwrap_or_default();
                if text.ends_with('\n') {
                    return text;
                }
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(LONG, read).await.expect("no text")
    }

    async fn stop(self) -> TempDir {
        self.stop.send(()).unwrap();
        let ended = timeout(LONG, self.ended).await;
        ended.expect("it ends").unwrap().unwrap();
        self.folder
    }
}

#[tokio::test]
async fn a_change_during_a_run_makes_another_run_after_it() {
    // A run ends when the test says so.
    let running =
        Running::start("echo begin >> log; until [ -e go ]; do sleep 0.05; done; echo end >> log");
    assert_eq!(running.text("log").await, "begin\n");
    save_by_rename(&running.path("watched"), "changed");
    sleep(Duration::from_millis(500)).await; // a second run would have begun by now
    assert_eq!(running.text("log").await, "begin\n");

    File::create(running.path("go")).unwrap();
    let two_runs = async {
        while running.text("log").await != "begin\nend\n".repeat(2) {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(LONG, two_runs).await.expect("another run");
    running.stop().await;
}

/// Whether the process is there, be it as a zombie.
fn is_there(pid: &str) -> bool {
    let pid = Pid::from_raw(pid.trim().parse().unwrap());
    kill(pid, None) != Err(Errno::ESRCH)
}

#[tokio::test]
async fn a_command_has_ended_and_is_no_zombie_when_it_returns() {
    let scripts = [
        "echo $$ > pid; exec sleep 1000",
        "trap '' TERM; echo $$ > pid; while :; do sleep 0.1; done",
    ];
    for script in scripts {
        let running = Running::start(script);
        let pid = running.text("pid").await;
        assert!(is_there(&pid));
        running.stop().await;
        assert!(!is_there(&pid));
    }
}

#[tokio::test]
async fn a_command_can_clean_up_before_it_ends() {
    let script = "trap 'echo cleaned > log; exit' TERM; echo $$ > pid; while :; do sleep 0.1; done";
    let running = Running::start(script);
    running.text("pid").await;
    let folder = running.stop().await;
    let log = fs::read_to_string(folder.path().join("log")).unwrap();
    assert_eq!(log, "cleaned\n");
}

#[tokio::test]
async fn a_path_or_a_command_that_does_not_exist_is_an_error() {
    let folder = folder();
    let missing = folder.path().join("missing");
    let mut sh = Command::new("true");
    let ended = run_on_change(&missing, &mut sh, std::future::pending()).await;
    let message = format!("{:#}", ended.unwrap_err());
    assert!(message.contains("missing: No such file"), "{message}");

    let mut command = Command::new("no-such-command");
    let path = folder.path();
    let ended = run_on_change(path, &mut command, std::future::pending()).await;
    let message = format!("{:#}", ended.unwrap_err());
    assert!(
        message.contains("does not start: No such file"),
        "{message}"
    );
}
