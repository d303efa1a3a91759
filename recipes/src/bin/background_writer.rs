//! Save lines from many tasks in the background: nobody waits for the disk, no exit loses one.
//!
//! Use it for a log, a journal, results as they come. One thread owns the output; the tasks send it
//! whole lines through a channel, so no two lines mix, and no lock is held while the disk is busy.
//! Only where the queue is full does a task wait: better than lines without end in memory. A write
//! that fails ends the thread: from then on `send` errs, and `close` says why. `close` returns when
//! all is written; so does a drop, which panics and early returns go through as well, but it blocks
//! its thread meanwhile, and can report an error on stderr only. A task that is late, or waits for
//! room just then, gets an error; it cannot hold up the end. Lines are lost only after a write that
//! failed, and by `process::exit`, `abort` or a kill. For a database: `batch_writer`.
//!
//! Python: `logging.handlers.QueueHandler` and `QueueListener`, whose `stop()` you must not forget.
//! Needs: `cargo add tempfile@3`, `cargo add clap@4 -F derive`,
//! `cargo add tokio@1 -F full`
//! Tested: `recipes/tests/proof/background_writer.rs`
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

use std::io::{self, BufWriter, ErrorKind, Seek, Write, stderr, stdout};
use std::process::{ExitCode, exit};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Weak, mpsc, mpsc::Sender};
use std::{collections::HashMap, fs::File, iter, path::PathBuf, thread, time::Duration};

use clap::{Parser, value_parser};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::{runtime::Runtime, select, signal::ctrl_c, task, time::timeout};

/// Owns `W` in a thread of its own, and writes lines to it.
pub struct BackgroundWriter<W: Write + Send + 'static> {
    queue: Option<Arc<Sender<Line>>>,
    room: Arc<Semaphore>,
    thread: Option<thread::JoinHandle<io::Result<W>>>,
}

type Line = (String, OwnedSemaphorePermit); // and its place in the queue

impl<W: Write + Send + 'static> BackgroundWriter<W> {
    /// Starts the thread. At most `queue` lines wait for it.
    /// Errs if the system has no more threads to give. Panics if `queue` is 0.
    pub fn start(output: W, queue: usize) -> io::Result<Self> {
        assert!(queue > 0, "without room `send` would wait forever");
        // `room` is the bound of the channel: each line in it holds a permit.
        let ((sender, waiting), room) = (mpsc::channel::<Line>(), Arc::new(Semaphore::new(queue)));
        let thread = thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || {
                let mut output = BufWriter::new(output);
                while let Ok(first) = waiting.recv() {
                    for (line, _place) in iter::once(first).chain(waiting.try_iter()).take(queue) {
                        output.write_all(line.as_bytes())?;
                        output.write_all(b"\n")?;
                    }
                    output.flush()?; // once for all that had been waiting
                }
                Ok(output.into_inner()?)
            })?;
        Ok(Self {
            queue: Some(Arc::new(sender)),
            room,
            thread: Some(thread),
        })
    }

    /// What a task needs to send lines; clone it at will.
    pub fn lines(&self) -> Lines {
        Lines(
            self.queue.as_ref().map(Arc::downgrade).unwrap_or_default(),
            self.room.clone(),
        )
    }

    /// Waits until all lines are written, and returns the output, to sync it for example. What is
    /// sent from now on is refused. Errs with the write that failed, or if the output panicked.
    /// Dropped half-way, the lines are written all the same, and an error goes to stderr.
    pub async fn close(mut self) -> io::Result<W> {
        let (tell, told) = oneshot::channel();
        task::spawn_blocking(move || drop(tell.send(Ended(self.end()))));
        told.await
            .map_err(io::Error::other)?
            .0
            .take()
            .expect("not ended before")
    }

    fn end(&mut self) -> Option<io::Result<W>> {
        self.queue = None; // nobody can send any more, and what is in the queue will be written
        let ended = self.thread.take()?.join();
        Some(ended.unwrap_or_else(|_| Err(io::Error::other("a panic while writing"))))
    }
}

impl<W: Write + Send + 'static> Drop for BackgroundWriter<W> {
    fn drop(&mut self) {
        drop(Ended(self.end()));
    }
}

/// How it ended. An error that nobody takes out is reported.
struct Ended<W>(Option<io::Result<W>>);

impl<W> Drop for Ended<W> {
    fn drop(&mut self) {
        let lost = |error: &io::Error| _ = writeln!(stderr(), "lines are lost: {error}");
        let _ = self.0.take().map(|ended| ended.inspect_err(lost));
    }
}

/// Sends lines to a [`BackgroundWriter`], and does not keep it from closing: hence the `Weak`,
/// which is upgraded only where nothing waits.
#[derive(Clone)]
pub struct Lines(Weak<Sender<Line>>, Arc<Semaphore>);

impl Lines {
    /// Hands over one line, without its newline. Waits only while the queue is full.
    /// Dropped meanwhile, the line is not sent. Errs once the writer has closed or failed.
    pub async fn send(&self, line: impl Into<String>) -> io::Result<()> {
        let place = self
            .1
            .clone()
            .acquire_owned()
            .await
            .map_err(io::Error::other)?;
        let sent = self
            .0
            .upgrade()
            .and_then(|queue| queue.send((line.into(), place)).ok());
        sent.ok_or_else(|| io::Error::new(ErrorKind::BrokenPipe, "the writer has ended"))
    }
}

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
        Some(path) => File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(path),
        None => tempfile::tempfile(),
    };
    let file = file.unwrap_or_else(|error| {
        let out = args
            .out
            .as_deref()
            .unwrap_or("a temporary file".as_ref())
            .display();
        let _ = writeln!(stderr(), "error: {out}: {error}");
        exit(2)
    });
    let done = Runtime::new().and_then(|runtime| runtime.block_on(run(args, file)));
    let done = done.inspect_err(|error| _ = writeln!(stderr(), "error: {error}"));
    done.unwrap_or(ExitCode::FAILURE)
}

async fn run(args: Args, file: File) -> io::Result<ExitCode> {
    let asked = 10 * usize::from(args.tasks) + 1;
    let goal = asked.min(args.queue.into());
    let writer = BackgroundWriter::start(SlowDisk(file, goal), args.queue.into())?;
    writer.lines().send("task 0 line 0.").await?;
    let busy = timeout(Duration::from_secs(2), DISK_IS_BUSY.acquire()).await; // with that one line
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
    let SlowDisk(mut file, _) = writer.close().await?; // an error of a task has this reason
    file.sync_all().and_then(|()| file.rewind())?;

    let (text, mut next, mut whole) = (io::read_to_string(file)?, HashMap::new(), 0);
    for (task, line) in text.lines().filter_map(|line| line.split_once(" line ")) {
        let next = next.entry(task).or_insert(0);
        whole += usize::from(line == format!("{next}."));
        *next += 1;
    }
    let (before, lines) = (BEFORE.load(Relaxed), text.lines().count());
    writeln!(
        stdout(),
        "{before} lines were handed over before the disk took the first"
    )?;
    writeln!(
        stdout(),
        "{whole} of {asked} lines on disk, each whole, once, in its task's order"
    )?;
    let held = busy.is_ok() && [before, whole, lines] == [goal, asked, asked];
    Ok(if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

static DISK_IS_BUSY: Semaphore = Semaphore::const_new(0);
static HANDED_OVER: AtomicUsize = AtomicUsize::new(0);
static BEFORE: AtomicUsize = AtomicUsize::new(0); // the first write

/// A file whose first write takes until so many lines have been handed over, or for some 2 s. If
/// all of them fit into the queue, that is when `close` has been called: it must not lose them.
struct SlowDisk(File, usize);

impl Write for SlowDisk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        DISK_IS_BUSY.add_permits(1);
        for _ in (0..100).take_while(|_| HANDED_OVER.load(Relaxed) < self.1) {
            thread::sleep(Duration::from_millis(20)); // one too many would be seen
        }
        let _ = BEFORE.compare_exchange(0, HANDED_OVER.load(Relaxed), Relaxed, Relaxed);
        self.1 = 0; // the first one only
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
