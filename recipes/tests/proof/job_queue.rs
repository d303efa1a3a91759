//! What job_queue promises under load: each job ends once, done or dead, whoever is killed when.
//! In SQLite always, in Redis where REDIS_URL says which.

#![cfg(feature = "jobs")]

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use nix::sys::{signal::Signal, signal::kill, stat::Mode};
use nix::unistd::{Pid, mkfifo};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn twenty_kills_at_random_moments() {
    Queue::each(|queue| {
        for n in 0..2000 {
            queue.write(&format!("{n}.txt"), "text");
        }
        let mut workers: Vec<_> = (0..3).map(|_| queue.worker()).collect();
        for round in 0..20 {
            let files: Vec<_> = (100 * round..100 * round + 100)
                .map(|n| format!("{n}.txt"))
                .collect();
            queue.push(files.iter().chain([&format!("missing{round}.txt")]));
            sleep(Duration::from_millis(random(600)));
            let mut worker = workers.remove(random(3) as usize);
            worker.child.kill().unwrap();
            worker.child.wait().unwrap();
            workers.push(queue.worker());
        }
        // The others may have come between two jobs: at least one comes in the middle of one.
        queue.fifo("2000.txt");
        queue.push(["2000.txt"]);
        let pipe = queue.middle("2000.txt");
        workers.clear(); // kills them
        drop(pipe);
        workers.push(queue.worker());
        queue.middle("2000.txt").write_all(b"text").unwrap();

        queue.wait("all to end", |jobs| {
            jobs["Done"].0 + jobs["Killed"].0 == 2021
        });
        let jobs = queue.list();
        assert!(
            jobs["Done"].1 > jobs["Done"].0,
            "nobody was killed in the middle: {jobs:?}"
        );
        // A good job may be dead, too: one whose worker was killed each time.
        let list = queue.run(&["list"]);
        let dead: Vec<_> = list.lines().filter(|line| line.starts_with(' ')).collect();
        let (missing, taken_down): (Vec<&str>, Vec<&str>) =
            dead.into_iter().partition(|line| line.contains("/missing"));
        assert_eq!(missing.len(), 20, "{missing:?}");
        let killed = |line: &&str| line.contains("every attempt took its worker down");
        assert!(taken_down.iter().all(killed), "{taken_down:?}");
        for n in 0..=2000 {
            if !taken_down
                .iter()
                .any(|line| line.contains(&format!("/{n}.txt\"")))
            {
                queue.assert_done(&format!("{n}.txt"));
            }
        }
        for mut worker in workers {
            assert_eq!(worker.stop().status.code(), Some(0));
        }
        assert_eq!(queue.list(), jobs);
    });
}

#[test]
fn a_job_that_kills_its_worker_each_time_is_dead_in_the_end() {
    Queue::each(|queue| {
        queue.fifo("pill.txt");
        queue.write("other.txt", "text");
        queue.push(["pill.txt"]);
        for _ in 0..3 {
            let mut worker = queue.worker();
            let _pipe = queue.middle("pill.txt");
            worker.child.kill().unwrap();
            worker.child.wait().unwrap();
        }
        queue.push(["other.txt"]);
        let mut worker = queue.worker();
        queue.wait("both to end", |jobs| {
            jobs["Done"].0 == 1 && jobs["Killed"].0 == 1
        });
        assert!(worker.stop().status.success());
        queue.assert_done("other.txt");
        let list = queue.run(&["list"]);
        let dead = "pill.txt\": Err(\"AbortError: every attempt took its worker down\")\n";
        assert!(list.ends_with(dead), "{list}");
    });
}

/// Eight at once: the signal has to come while one is fetching, to find a worker that leaves off
/// there.
#[test]
fn a_worker_that_stops_ends_what_it_has_and_is_not_taken_for_dead() {
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| Queue::each(stop_in_the_middle));
        }
    });
}

fn stop_in_the_middle(queue: &Queue) {
    queue.fifo("slow.txt");
    queue.write("other.txt", "text");
    queue.push(["slow.txt"]);
    let mut first = queue.worker();
    let mut pipe = queue.middle("slow.txt");
    signal(&first, Signal::SIGTERM);
    sleep(Duration::from_secs(3)); // after its next beat, which comes every second
    queue.push(["other.txt"]);
    sleep(Duration::from_millis(500));
    assert_eq!(queue.list()["Pending"], (1, 0), "it takes nothing new");

    let mut second = queue.worker();
    sleep(Duration::from_secs(6)); // twice as long as it takes to be taken for dead
    assert!(
        first.child.try_wait().unwrap().is_none(),
        "it has not ended its job"
    );
    assert_eq!(queue.list()["Done"], (1, 1));
    pipe.write_all(b"text").unwrap();
    drop(pipe);
    let output = first.end();
    assert_eq!(
        (output.status.code(), text(output.stderr)),
        (Some(0), String::new())
    );
    assert_eq!(queue.list()["Done"], (2, 2));
    signal(&second, Signal::SIGINT);
    assert_eq!(second.end().status.code(), Some(0));
}

#[test]
fn a_worker_that_only_seemed_dead_does_no_harm() {
    Queue::each(|queue| {
        queue.fifo("slow.txt");
        queue.push(["slow.txt"]);
        let mut first = queue.worker();
        let mut pipe = queue.middle("slow.txt");
        queue.write("other.txt", "text");
        loop {
            signal(&first, Signal::SIGSTOP);
            if queue
                .command(&["push", "other.txt"])
                .output()
                .unwrap()
                .status
                .success()
            {
                break;
            }
            signal(&first, Signal::SIGCONT); // it was about to write, and kept SQLite locked
        }
        let mut second = queue.worker();
        let counted = if queue.redis() { 2 } else { 1 }; // SQLite counts an attempt when it ends
        queue.wait("the second to have it", |jobs| {
            jobs["Running"] == (1, counted)
        });
        sleep(Duration::from_millis(500));
        pipe.write_all(b"text").unwrap();
        drop(pipe);
        queue.wait("the second to be done", |jobs| jobs["Done"].0 == 2);
        signal(&first, Signal::SIGCONT);
        sleep(Duration::from_secs(4));
        // Nobody has it any more, and nobody does it again.
        assert_eq!(queue.list()["Done"], (2, 3));
        queue.assert_done("slow.txt");
        assert!(second.stop().status.success());
        let status = first.stop().status.code();
        assert_eq!(
            status,
            Some(if queue.redis() { 2 } else { 0 }),
            "its job was not its own any more"
        );
    });
}

#[test]
fn more_jobs_than_a_script_can_unpack() {
    Queue::each(|queue| {
        queue.write("1.txt", "text");
        for _ in 0..9 {
            queue.push(vec!["1.txt"; 1000]);
        }
        let mut worker = queue.worker();
        queue.wait("some to be done", |jobs| jobs["Done"].0 > 100);
        assert!(worker.stop().status.success());
        let jobs = queue.list();
        assert_eq!(jobs["Pending"].0 + jobs["Done"].0, 9000, "{jobs:?}");
    });
}

#[test]
fn a_failed_job_waits_before_the_next_attempt() {
    Queue::each(|queue| {
        queue.push(["missing.txt"]);
        let start = Instant::now();
        let mut worker = queue.worker();
        queue.wait("it to be dead", |jobs| jobs["Killed"] == (1, 3));
        // For 1 s and 2 s, and either may be a second's rest shorter.
        assert!(
            start.elapsed() > Duration::from_secs(1),
            "after {:?}",
            start.elapsed()
        );
        assert!(worker.stop().status.success());
    });
}

#[test]
fn four_at_once() {
    Queue::each(|queue| {
        let files = ["1.txt", "2.txt", "3.txt", "4.txt", "5.txt"];
        files.iter().for_each(|file| queue.fifo(file));
        queue.push(files);
        let mut worker = queue.worker();
        queue.wait("four to run", |jobs| jobs["Running"].0 == 4);
        sleep(Duration::from_millis(500));
        let jobs = queue.list();
        assert_eq!(
            (jobs["Running"].0, jobs["Queued"].0, jobs["Pending"].0),
            (4, 0, 1),
            "{jobs:?}"
        );
        worker.child.kill().unwrap();
    });
}

#[test]
fn many_start_at_once() {
    Queue::each(|queue| {
        let mut workers: Vec<_> = (0..8).map(|_| queue.worker()).collect();
        queue.write("1.txt", "text");
        queue.push(["1.txt"]);
        queue.wait("it to be done", |jobs| jobs["Done"].0 == 1);
        for worker in &mut workers {
            let output = worker.stop();
            assert!(output.status.success(), "{}", text(output.stderr));
        }
    });
}

#[test]
fn no_password_is_printed_and_one_line_says_what_is_wrong() {
    for (url, said) in [
        (
            "redis://u:secret@127.0.0.1:1",
            "redis://127.0.0.1:1: Connection refused (os error 111)",
        ),
        (
            "rediss://u:secret@127.0.0.1:1",
            "REDIS_URL: can't connect with TLS",
        ),
        ("u:secret@127.0.0.1", "REDIS_URL: Redis URL did not parse"),
    ] {
        for command in ["push", "work", "list"] {
            let output = Command::new(JOB_QUEUE)
                .arg(command)
                .env("REDIS_URL", url)
                .output()
                .unwrap();
            let stderr = text(output.stderr);
            assert_eq!(
                (output.status.code(), output.stdout),
                (Some(2), vec![]),
                "{url} {command}"
            );
            assert!(
                stderr.starts_with(&format!("error: jobs: {said}")),
                "{stderr}"
            );
            assert!(
                stderr.lines().count() == 1 && !stderr.contains("secret"),
                "{stderr}"
            );
        }
    }
}

// Queues and workers.

const JOB_QUEUE: &str = env!("CARGO_BIN_EXE_job_queue");

struct Queue {
    folder: TempDir,
    name: String,
    url: Option<String>,
}

/// A worker, which is killed where nothing else ends it.
struct Worker {
    child: Child,
}

impl Queue {
    fn each(test: impl Fn(&Queue)) {
        let urls = [None, std::env::var("REDIS_URL").ok()];
        for url in urls.iter().take(if urls[1].is_some() { 2 } else { 1 }) {
            println!("{}", if url.is_some() { "Redis" } else { "SQLite" });
            let folder = tempfile::tempdir().unwrap();
            let name = format!("test-{:x}", random(u64::MAX));
            test(&Queue {
                folder,
                name,
                url: url.clone(),
            });
        }
    }

    fn redis(&self) -> bool {
        self.url.is_some()
    }

    fn path(&self, file: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(file)
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.path(file), text).unwrap();
    }

    fn fifo(&self, file: &str) {
        mkfifo(&self.path(file), Mode::S_IRWXU).unwrap();
    }

    /// Waits until a worker is in the middle of reading the pipe, and returns the other end.
    fn middle(&self, file: &str) -> File {
        let start = Instant::now();
        loop {
            let mut options = OpenOptions::new();
            match options
                .write(true)
                .custom_flags(libc::O_NONBLOCK)
                .open(self.path(file))
            {
                Ok(pipe) => return pipe,
                Err(nobody) => assert_eq!(nobody.raw_os_error(), Some(libc::ENXIO)),
            }
            assert!(start.elapsed() < PATIENCE, "nobody has taken {file}");
            sleep(Duration::from_millis(10));
        }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(JOB_QUEUE);
        command
            .args(args)
            .args(["--queue", &self.name])
            .current_dir(&self.folder);
        match &self.url {
            Some(url) => command.env("REDIS_URL", url),
            None => command.env_remove("REDIS_URL"),
        };
        command
    }

    fn run(&self, args: &[&str]) -> String {
        let output = self.command(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", text(output.stderr));
        text(output.stdout)
    }

    fn push(&self, files: impl IntoIterator<Item = impl AsRef<str>>) {
        let files: Vec<_> = files
            .into_iter()
            .map(|file| file.as_ref().to_owned())
            .collect();
        let args = ["push"].into_iter().chain(files.iter().map(String::as_str));
        self.run(&args.collect::<Vec<_>>());
    }

    /// The number of jobs, and of their attempts, by status.
    fn list(&self) -> HashMap<String, (usize, usize)> {
        let list = self.run(&["list"]);
        let lines = list.lines().filter(|line| !line.starts_with(' '));
        lines
            .map(|line| {
                let words: Vec<_> = line.split([' ', ':']).collect();
                (
                    words[0].to_owned(),
                    (words[2].parse().unwrap(), words[4].parse().unwrap()),
                )
            })
            .collect()
    }

    #[track_caller]
    fn wait(&self, what: &str, come: impl Fn(&HashMap<String, (usize, usize)>) -> bool) {
        let start = Instant::now();
        while !come(&self.list()) {
            assert!(
                start.elapsed() < PATIENCE,
                "waited in vain for {what}: {:?}",
                self.list()
            );
            sleep(Duration::from_millis(50));
        }
    }

    fn assert_done(&self, file: &str) {
        let result = fs::read_to_string(self.path(format!("{file}.md5"))).unwrap();
        let hash = "1cb251ec0d568de6a929b520c4aed8d1"; // of "text"
        assert_eq!(result, format!("{hash}  {}\n", self.path(file).display()));
    }

    fn worker(&self) -> Worker {
        let mut command = self.command(&["work"]);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        Worker {
            child: command.spawn().unwrap(),
        }
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        if self.redis() {
            let _ = self.command(&["clear"]).status();
        }
    }
}

impl Worker {
    fn stop(&mut self) -> Output {
        signal(self, Signal::SIGTERM);
        self.end()
    }

    #[track_caller]
    fn end(&mut self) -> Output {
        let start = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(start.elapsed() < PATIENCE, "it does not end");
            sleep(Duration::from_millis(10));
        }
        let mut stderr = Vec::new();
        let status = self.child.wait().unwrap();
        let mut pipe = self.child.stderr.take().unwrap();
        std::io::Read::read_to_end(&mut pipe, &mut stderr).unwrap();
        Output {
            status,
            stdout: Vec::new(),
            stderr,
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        match self.child.kill() {
            Err(gone) => assert_eq!(gone.kind(), ErrorKind::InvalidInput),
            Ok(()) => drop(self.child.wait()),
        }
    }
}

fn signal(worker: &Worker, signal: Signal) {
    let _ = kill(Pid::from_raw(worker.child.id() as i32), signal); // it may have ended
}

fn random(below: u64) -> u64 {
    RandomState::new().hash_one(0) % below
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}
