//! Collect small items from many threads and write them in batches: by number, by time, at the end.
//!
//! Use it where a write costs more than what is in it: rows, log lines, metrics. A batch is written
//! when it is full, or when its first item has waited long enough, or when the writer is finished.
//! The queue has a bound, so `push` waits for a slow disk instead of filling the memory. After a
//! write that fails, `push` gives its item back, and `finish` returns all that was accepted but not
//! written: retry within `write`, where one more attempt makes sense. The writer is a thread, since
//! a thread cannot be dropped half-way: `drop` waits until all is written. All three may wait, so
//! in async code call them in `spawn_blocking`; a task with `recv_many` batches too, but who aborts
//! it, or returns from `main`, loses what it has taken. Without batches: `background_writer`.
//!
//! Python: a thread with `queue.get(timeout=...)` and `executemany`; as a daemon it loses the last
//! batch, and after an error `put` fills the queue for nobody.
//! Needs: `cargo add anyhow@1 tempfile@3`, `cargo add clap@4 -F derive`
//!
//! ```console
//! $ cargo run -p recipes --bin batch_writer
//! 1000 items from 4 threads: 16 writes, 1000 lines
//! 3 more, then nothing: 3 written, the writer is still open
//! 2 more, then the writer is dropped: 1005 lines
//! the disk is full at the third write: 128 written, 0 lost, the rest is back
//!
//! $ cargo run -p recipes --bin batch_writer -- --items 0 --size 1
//! 0 items from 4 threads: 0 writes, 0 lines
//! 3 more, then nothing: 3 written, the writer is still open
//! 2 more, then the writer is dropped: 5 lines
//! the disk is full at the third write: 2 written, 0 lost, the rest is back
//!
//! $ cargo run -p recipes --bin batch_writer -- --size 0
//! ? 2
//! error: invalid value '0' for '--size <N>': 0 is not in 1..=65535
//! ```

use std::error::Error;
use std::fmt::{self, Debug, Display, Formatter};
use std::io::{self, Seek, Write, stderr, stdout};
use std::process::{ExitCode, exit};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver, SendError, SyncSender};
use std::thread::{self, Builder, JoinHandle};
use std::{fs::File, iter, panic::resume_unwind, sync::Arc, time::Duration, time::Instant};

use anyhow::{Result, bail};
use clap::{Parser, value_parser};

/// Writes items in batches, in a thread of its own. Share it by reference, or in an `Arc`; not in
/// a `static`, which is never dropped. Dropping it waits until all is written; where that fails, it
/// says so on stderr.
pub struct BatchWriter<T, E: Display> {
    queue: Option<SyncSender<T>>, // `None` only while it ends
    failed: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<usize, Unwritten<T, E>>>>,
}

/// Why a write failed, and every item that was accepted but not written, in the order of the queue;
/// the batch that failed comes first, whole.
#[derive(Debug)]
pub struct Unwritten<T, E> {
    pub error: E,
    pub items: Vec<T>,
}

impl<T, E: Display> Display for Unwritten<T, E> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} items were not written: {}",
            self.items.len(),
            self.error
        )
    }
}

impl<T: Debug, E: Debug + Display> Error for Unwritten<T, E> {} // for `finish()?`

impl<T: Send + 'static, E: Display + Send + 'static> BatchWriter<T, E> {
    /// Calls `write` with 1 to `size` items at a time, as soon as there are `size`, or `linger`
    /// after it took the first of them. Errs if there are no more threads. Panics if `size` is 0.
    pub fn new(
        size: usize,
        linger: Duration,
        mut write: impl FnMut(&[T]) -> Result<(), E> + Send + 'static,
    ) -> io::Result<Self> {
        assert!(size > 0, "a batch of 0 would never be written");
        let (queue, items) = mpsc::sync_channel(size);
        let (failed, mut batch, mut writes) = (Arc::new(AtomicBool::new(false)), Vec::new(), 0);
        let refuse = failed.clone();
        let thread = Builder::new().name("batch writer".into()).spawn(move || {
            while fill(&mut batch, &items, size, linger) {
                if let Err(error) = write(&batch) {
                    refuse.store(true, Relaxed); // nothing hangs on when it is seen:
                    batch.extend(items); // until the end, whoever was faster than that
                    return Err(Unwritten {
                        error,
                        items: batch,
                    });
                }
                writes += 1;
                batch.clear();
            }
            Ok(writes)
        })?;
        Ok(Self {
            queue: Some(queue),
            failed,
            thread: Some(thread),
        })
    }

    /// Accepts an item; waits while `size` items are queued. Once a write has failed, the item is
    /// in the error, and the reason comes with `finish`.
    pub fn push(&self, item: T) -> Result<(), SendError<T>> {
        match &self.queue {
            Some(queue) if !self.failed.load(Relaxed) => queue.send(item),
            _ => Err(SendError(item)),
        }
    }

    /// Waits until all is written and returns the number of writes. Panics with a panic of `write`,
    /// after which what was queued is lost.
    pub fn finish(mut self) -> Result<usize, Unwritten<T, E>> {
        self.queue = None;
        let thread = self.thread.take().expect("there until the end");
        thread.join().unwrap_or_else(|panic| resume_unwind(panic))
    }
}

impl<T, E: Display> Drop for BatchWriter<T, E> {
    fn drop(&mut self) {
        self.queue = None; // before `join`: the thread waits for it
        let ended = self.thread.take().map(JoinHandle::join); // a panic is on stderr already
        if let Some(Ok(Err(unwritten))) = ended {
            let _ = writeln!(stderr(), "{unwritten}");
        }
    }
}

/// Fills the empty `batch` with 1 to `size` items. False if none will come.
fn fill<T>(batch: &mut Vec<T>, items: &Receiver<T>, size: usize, linger: Duration) -> bool {
    batch.extend(items.recv()); // the first may take as long as it likes
    let due = Instant::now().checked_add(linger);
    while batch.len() < size {
        let left = due.map_or(Duration::MAX, |due| {
            due.saturating_duration_since(Instant::now())
        });
        let Ok(item) = items.recv_timeout(left) else {
            break;
        };
        batch.push(item);
    }
    !batch.is_empty()
}

/// Appends lines to a temporary file, in batches.
#[derive(Parser)]
struct Args {
    /// How many lines
    #[arg(long, value_name = "N", default_value_t = 1000)]
    items: u32,
    /// How many of them in a batch
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = value_parser!(u16).range(1..))]
    size: u16,
}

fn main() -> Result<ExitCode> {
    let args = Args::try_parse().unwrap_or_else(|wrong| match wrong.to_string().lines().next() {
        Some(line) if wrong.use_stderr() => {
            eprintln!("{line}"); // without the usage
            exit(2)
        }
        _ => wrong.exit(), // --help, --version
    });
    let (all, size, hour) = (
        args.items as usize,
        args.size.into(),
        Duration::from_secs(3600),
    );
    let (mut file, mut out) = (tempfile::tempfile()?, stdout());

    let (writer, _) = appender(&file, size, hour)?;
    let push_all = |from: u32| {
        (from..args.items)
            .step_by(4)
            .all(|n| writer.push(format!("{n}\n")).is_ok())
    };
    thread::scope(|scope| (0..4).for_each(|from| drop(scope.spawn(move || push_all(from)))));
    let writes = writer.finish()?;
    let lines = count_lines(&mut file)?;
    writeln!(
        out,
        "{} items from 4 threads: {writes} writes, {lines} lines",
        args.items
    )?;
    let mut held = (writes, lines) == (all.div_ceil(size), all);

    let (writer, wrote) = appender(&file, size, Duration::from_millis(20))?;
    let pushed = (0..3)
        .filter(|n| writer.push(format!("{n}\n")).is_ok())
        .count();
    let mut written = 0;
    while written < pushed {
        written += wrote.recv_timeout(Duration::from_secs(2))?;
    }
    writeln!(
        out,
        "{pushed} more, then nothing: {written} written, the writer is still open"
    )?;

    let (writer, _) = appender(&file, size, hour)?;
    let pushed = (0..2)
        .filter(|n| writer.push(format!("{n}\n")).is_ok())
        .count();
    drop(writer);
    let lines = count_lines(&mut file)?;
    writeln!(
        out,
        "{pushed} more, then the writer is dropped: {lines} lines"
    )?;
    held &= lines == all + 5;

    let (mut good, (behind, wait)) = (iter::repeat_n((), 2), mpsc::channel());
    let writer = BatchWriter::new(size, hour, move |_: &[usize]| {
        good.next().ok_or_else(|| {
            wait.recv_timeout(Duration::from_secs(2))
                .unwrap_or("not forced")
        })
    })?;
    let accepted = (0..).take_while(|&n| {
        if n == 3 * size + 1 {
            let _ = behind.send("the disk is full"); // one was accepted behind the third batch
        }
        writer.push(n).is_ok()
    });
    let accepted = accepted.count();
    let Err(Unwritten { error, items }) = writer.finish() else {
        bail!("no write failed")
    };
    let (written, lost) = (2 * size, accepted - 2 * size - items.len());
    writeln!(
        out,
        "{error} at the third write: {written} written, {lost} lost, the rest is back"
    )?;
    held &= error.contains("full") && lost == 0 && items.into_iter().eq(written..accepted);
    Ok(if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

type Appender = BatchWriter<String, io::Error>;

/// A writer that appends to the file and reports the size of each batch.
fn appender(file: &File, size: usize, linger: Duration) -> io::Result<(Appender, Receiver<usize>)> {
    let (mut file, (wrote, sizes)) = (file.try_clone()?, mpsc::channel());
    let writer = BatchWriter::new(size, linger, move |lines: &[String]| {
        file.write_all(lines.concat().as_bytes())?;
        let _ = wrote.send(lines.len()); // not everybody wants to know
        file.sync_data()
    })?;
    Ok((writer, sizes))
}

fn count_lines(file: &mut File) -> io::Result<usize> {
    file.rewind()?;
    Ok(io::read_to_string(file)?.lines().count())
}
