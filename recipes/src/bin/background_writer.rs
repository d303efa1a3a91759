//! Save lines from many tasks in the background: nobody waits for the disk, and none is lost.
//!
//! Use it for a log, a journal, results as they come. One thread owns the output; the tasks send it
//! whole lines through a channel, so no two lines mix, and no lock is held while the disk is busy.
//! Only where the queue is full does a task wait: better than lines without end in memory. A write
//! that fails ends the thread: from then on `send` errs, and `close` says why. `close` returns when
//! all is written; so does a drop, which panics and early returns go through as well, but it can
//! report an error on stderr only. After `close` a late task gets an error, it cannot hold it up.
//! Only `exit`, `abort` and a kill lose lines. Few writes to a database: `batch_writer`.
//!
//! Python: `logging.handlers.QueueHandler` and `QueueListener`, whose `stop()` you must not forget.
//! Copy: `BackgroundWriter` and `Lines`.
//! Needs: `cargo add tempfile@3`, `cargo add clap@4 -F derive`,
//! `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p recipes --bin background_writer
//! 1001 lines were handed over before the disk took the first
//! 1001 of 1001 lines on disk, each whole, once, in its task's order
//!
//! $ cargo run -p recipes --bin background_writer -- --tasks 500 --queue 16
//! 16 lines were handed over before the disk took the first
//! 5001 of 5001 lines on disk, each whole, once, in its task's order
//!
//! $ cargo run -p recipes --bin background_writer -- --out /dev/full
//! ? 1
//! error: No space left on device (os error [..])
//!
//! $ cargo run -p recipes --bin background_writer -- --out no/such/folder
//! ? 2
//! error: no/such/folder: No such file or directory (os error [..])
//! ```

use std::io::{self, BufWriter, ErrorKind, Read, Seek, Write, stderr, stdout};
use std::process::{ExitCode, exit};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::{collections::HashMap, fs::File, path::PathBuf, thread, time::Duration, time::Instant};

use clap::{Parser, value_parser};
use tokio::sync::mpsc::{self, Sender, WeakSender};
use tokio::{runtime::Runtime, select, signal::ctrl_c, sync::Semaphore, task, time::timeout};

/// Owns `W` in a thread of its own, and writes lines to it.
pub struct BackgroundWriter<W: Send + 'static> {
    lines: Option<Sender<String>>,
    thread: Option<thread::JoinHandle<io::Result<W>>>,
}

impl<W: Write + Send + 'static> BackgroundWriter<W> {
    /// Starts the thread. At most `queue` lines wait, and as many are being written.
    /// Errs if the system has no more threads to give. Panics if `queue` is 0.
    pub fn start(output: W, queue: usize) -> io::Result<Self> {
        let (lines, mut waiting) = mpsc::channel::<String>(queue);
        let thread = thread::Builder::new().name("writer".to_owned()).spawn(move || {
            let (mut output, mut batch) = (BufWriter::new(output), Vec::new());
            while waiting.blocking_recv_many(&mut batch, queue) > 0 {
                for line in batch.drain(..) {
                    output.write_all(line.as_bytes())?;
                    output.write_all(b"\n")?;
                }
                output.flush()?; // once for all that had been waiting
            }
            Ok(output.into_inner()?)
        })?;
        Ok(Self { lines: Some(lines), thread: Some(thread) })
    }
}

impl<W: Send + 'static> BackgroundWriter<W> {
    /// What a task needs to send lines; clone it at will.
    pub fn lines(&self) -> Lines {
        Lines(self.lines.as_ref().expect("there until `end`").downgrade())
    }

    /// Waits until all lines are written, and returns the output, to sync it for example. What is
    /// sent from now on is refused. Dropped half-way, the lines are written all the same.
    /// Errs with the write that failed. Panics if the output has panicked.
    pub async fn close(mut self) -> io::Result<W> {
        let ended = task::spawn_blocking(move || self.end());
        ended.await?.expect("not ended before")
    }

    fn end(&mut self) -> Option<io::Result<W>> {
        self.lines = None; // the channel is closed, and what is in it will be written
        let ended = self.thread.take()?.join();
        Some(ended.unwrap_or_else(|_| Err(io::Error::other("a panic while writing"))))
    }
}

impl<W: Send + 'static> Drop for BackgroundWriter<W> {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.end() {
            let _ = writeln!(stderr(), "lines are lost: {error}");
        }
    }
}

/// Sends lines to a [`BackgroundWriter`], and does not keep it from closing.
#[derive(Clone)]
pub struct Lines(WeakSender<String>);

impl Lines {
    /// Hands over one line, without its newline. Waits only while the queue is full.
    /// Dropped meanwhile, the line is not sent. Errs once the writer has closed or failed.
    pub async fn send(&self, line: impl Into<String>) -> io::Result<()> {
        let gone = || io::Error::new(ErrorKind::BrokenPipe, "the writer has ended");
        let lines = self.0.upgrade().ok_or_else(gone)?;
        lines.send(line.into()).await.map_err(|_| gone())
    }
}

// Only for the demo from here on.

/// Writes lines from many tasks to a file.
#[derive(Parser)]
struct Args {
    /// How many tasks, with 10 lines each
    #[arg(long, value_name = "N", default_value_t = 100)]
    tasks: u16,
    /// How many lines may wait
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = value_parser!(u16).range(1..))]
    queue: u16,
    /// Where to write them; it is emptied first [default: a temporary file]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

fn main() -> ExitCode {
    let args = Args::try_parse().unwrap_or_else(|wrong| match wrong.to_string().lines().next() {
        Some(line) if wrong.use_stderr() => {
            eprintln!("{line}"); // without the usage
            exit(2)
        }
        _ => wrong.exit(), // --help, --version
    });
    let file = match &args.out {
        Some(path) => File::options().read(true).write(true).create(true).truncate(true).open(path),
        None => tempfile::tempfile(),
    };
    let file = file.unwrap_or_else(|error| {
        let out = args.out.as_deref().unwrap_or("a temporary file".as_ref()).display();
        let _ = writeln!(stderr(), "error: {out}: {error}");
        exit(2)
    });
    let done = Runtime::new().and_then(|runtime| runtime.block_on(run(args, file)));
    done.unwrap_or_else(|error| {
        let _ = writeln!(stderr(), "error: {error}");
        ExitCode::FAILURE
    })
}

async fn run(args: Args, file: File) -> io::Result<ExitCode> {
    let asked = 10 * usize::from(args.tasks) + 1;
    let goal = asked.min(args.queue.into());
    let writer = BackgroundWriter::start(SlowDisk { file, goal }, args.queue.into())?;
    writer.lines().send("task 0 line 0.").await?;
    let _ = timeout(Duration::from_secs(2), DISK_IS_BUSY.acquire()).await; // with that one line
    let mut tasks = task::JoinSet::new();
    for name in 1..=args.tasks {
        let lines = writer.lines();
        tasks.spawn(async move {
            for line in 0..10 {
                lines.send(format!("task {name} line {line}.")).await?;
                HANDED_OVER.fetch_add(1, Relaxed);
            }
            io::Result::Ok(())
        });
    }
    select! {
        () = async { while tasks.join_next().await.is_some() {} } => {}
        _ = ctrl_c() => tasks.shutdown().await,
    }
    HANDED_OVER.fetch_add(1, Relaxed); // the call of `close` counts for the first line
    let mut file = writer.close().await?.file; // an error of a task has this reason
    file.sync_all()?;

    let (mut text, mut next, mut whole) = (String::new(), HashMap::new(), 0);
    file.rewind()?;
    file.read_to_string(&mut text)?;
    for (task, line) in text.lines().filter_map(|line| line.split_once(" line ")) {
        let next = next.entry(task).or_insert(0);
        whole += usize::from(line == format!("{next}."));
        *next += 1;
    }
    let (before, lines) = (BEFORE.load(Relaxed), text.lines().count());
    writeln!(stdout(), "{before} lines were handed over before the disk took the first")?;
    writeln!(stdout(), "{whole} of {asked} lines on disk, each whole, once, in its task's order")?;
    let held = (before, whole, lines) == (goal, asked, asked);
    Ok(ExitCode::from(u8::from(!held)))
}

static DISK_IS_BUSY: Semaphore = Semaphore::const_new(0);
static HANDED_OVER: AtomicUsize = AtomicUsize::new(0);
static BEFORE: AtomicUsize = AtomicUsize::new(0); // the first write

/// A file whose first write takes until `goal` lines have been handed over, or for 2 s. If all
/// of them fit into the queue, that is when `close` has been called: it must not lose them.
struct SlowDisk {
    file: File,
    goal: usize,
}

impl Write for SlowDisk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        DISK_IS_BUSY.add_permits(1);
        let begun = Instant::now();
        while HANDED_OVER.load(Relaxed) < self.goal && begun.elapsed() < Duration::from_secs(2) {
            thread::sleep(Duration::from_millis(1));
        }
        BEFORE.fetch_max(HANDED_OVER.load(Relaxed).min(self.goal), Relaxed);
        self.goal = 0;
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
