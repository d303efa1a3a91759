//! Report how far a job on many threads is, and how long it will take: 0 to 100, never back.
//!
//! Use it where many threads count, and what is done with the numbers is up to you: a line, a log,
//! a health page. The threads add to one atomic, once for a chunk of work, which costs next to
//! nothing. A thread of its own reads it every so often, calls `report` if there is news, and parks
//! in between; the end of the job wakes it, so nobody waits for the next turn. The percentage is
//! rounded down: 100 means all of it, or that there is nothing to do. After a panic or a cancel the
//! last report says how far it came, and the panic goes on to the caller. The time left is what the
//! rest takes if it goes on as it did so far. For just a bar in a terminal take the crate
//! `indicatif`, which draws and throttles by itself: see `download_files`, or with rayon
//! `rayon_progress`.
//!
//! Python: `tqdm`; or `done += 1` under a `Lock`, since it is not atomic, and a thread that loops
//! around `event.wait(0.5)`, with an `event.set()` at the end, in a `finally`.
//! Needs: `cargo add clap@4 -F derive`
//!
//! ```console
//! $ cargo run -p recipes --bin progress_report
//! 0, 25, 50, 75 and 100, each awaited: 5 of 5 seen, never back: true
//! an hour between reports: [0, 100]
//! nothing to do: [100]
//! canceled at half: [0, 50]
//! the last one panics: [0, 99]
//!
//! $ seq 1000000 > lines; cargo run -p recipes --bin progress_report -- lines lines; rm lines
//! 0 %
//! ...
//! 100 %, 0ns left
//! 2000000 lines
//!
//! $ cargo run -p recipes --bin progress_report -- no/such/file
//! ? 1
//! 100 %
//! no/such/file: No such file or directory (os error [..])
//! 0 lines
//!
//! $ cargo run -p recipes --bin progress_report -- --threads 0
//! ? 2
//! error: invalid value '0' for '--threads <N>': 0 is not in 1..=1000
//! ```

use std::fs::{self, File};
use std::io::{self, IsTerminal, Read, Write, stderr, stdout};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::*};
use std::sync::{Mutex, mpsc::sync_channel};
use std::thread::{self, park_timeout, sleep};
use std::{iter, path::PathBuf, process::ExitCode, process::exit, time::Duration, time::Instant};

use clap::{Parser, value_parser};

/// Calls `work`, and `report` in a thread of its own: at the beginning, then at most once in
/// `every` (a millisecond or more) if something was done since, and at the end without delay.
/// `total` is how much there is to do, in any unit. Returns what `work` returns; a panic of it goes
/// through, and so does one of `report`, once `work` has ended.
pub fn report_progress<R>(
    total: u64,
    every: Duration,
    mut report: impl FnMut(Report) + Send,
    work: impl FnOnce(&Progress) -> R,
) -> R {
    let progress = Progress {
        done: AtomicU64::new(0),
        total,
        start: Instant::now(),
    };
    let (ended, every) = (AtomicBool::new(false), every.max(Duration::from_millis(1)));
    let mut shown = 0;
    report(progress.report());
    thread::scope(|scope| {
        let reporter = scope.spawn(|| {
            // Acquire, for the Release below: what was counted before the end is seen after it.
            while !ended.load(Acquire) || shown != progress.done.load(Relaxed) {
                let parked = Instant::now();
                // It may wake too early, for no reason. To be woken before it parks is not lost.
                while !ended.load(Acquire) && parked.elapsed() < every {
                    park_timeout(every.saturating_sub(parked.elapsed()));
                }
                let now = progress.report();
                if now.done != shown {
                    shown = now.done;
                    report(now);
                }
            }
        });
        let done = catch_unwind(AssertUnwindSafe(|| work(&progress)));
        ended.store(true, Release); // after a panic too, or the scope would wait for ever
        reporter.thread().unpark();
        done.unwrap_or_else(|panic| resume_unwind(panic))
    })
}

/// What the threads count with; lend it to all of them.
pub struct Progress {
    done: AtomicU64,
    total: u64,
    start: Instant,
}

/// How far it is.
pub struct Report {
    pub done: u64,
    /// From 0 to 100, rounded down.
    pub percent: u64,
    /// How long the rest will take, if it goes on like that. `None` if nothing is done yet.
    pub left: Option<Duration>,
}

impl Progress {
    /// So much more is done. To be called for a chunk of work, not for each byte: it is the
    /// threads' cache line that wanders, and not the reporter, that could slow them down.
    pub fn add(&self, done: u64) {
        // Relaxed: the number stands for itself, nothing else is read because of it.
        self.done.fetch_add(done, Relaxed);
    }

    fn report(&self) -> Report {
        let (done, total) = (self.done.load(Relaxed), self.total);
        let left = self.start.elapsed().as_secs_f64() * total.saturating_sub(done) as f64;
        let left = Duration::try_from_secs_f64(left / done as f64).ok(); // not of 0 / 0
        let percent = (u128::from(done.min(total)) * 100).checked_div(total.into());
        Report {
            done,
            percent: percent.map_or(100, |percent| percent as u64),
            left,
        }
    }
}

/// Counts the lines of files, on several threads, and reports on stderr how far it is.
#[derive(Parser)]
struct Args {
    /// The files; with none, 1000 items that take no time, again and again
    files: Vec<PathBuf>,
    /// How many threads
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = value_parser!(u16).range(1..=1000))]
    threads: u16,
}

fn main() -> io::Result<ExitCode> {
    let args = Args::try_parse().unwrap_or_else(|wrong| match wrong.to_string().lines().next() {
        Some(line) if wrong.use_stderr() => {
            eprintln!("{line}"); // without the usage
            exit(2)
        }
        _ => wrong.exit(), // --help
    });
    let held = if args.files.is_empty() {
        run_demo(args.threads)
    } else {
        count_lines(&args)
    };
    Ok(ExitCode::from(u8::from(!held?)))
}

/// Calls `each` with all numbers below `items`, on so many threads, until it returns false.
fn on_threads(threads: u16, items: usize, each: impl Fn(usize) -> bool + Sync) {
    let next = AtomicUsize::new(0);
    let mine = || iter::repeat_with(|| next.fetch_add(1, Relaxed)).take_while(|n| *n < items);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads)
            .map(|_| scope.spawn(|| mine().all(&each)))
            .collect();
        threads
            .into_iter()
            .for_each(|t| _ = t.join().unwrap_or_else(|p| resume_unwind(p)));
    });
}

fn count_lines(Args { files, threads }: &Args) -> io::Result<bool> {
    // One line, or many.
    let (begin, end) = if stderr().is_terminal() {
        ("\r", "\x1b[K")
    } else {
        ("", "\n")
    };
    let show = |Report { percent, left, .. }| {
        let left = left.map_or(String::new(), |left| format!(", {left:.0?} left"));
        let _ = write!(stderr(), "{begin}{percent} %{left}{end}");
    };
    let (lines, bad) = (AtomicUsize::new(0), Mutex::new(String::new()));
    let count = |file, progress: &Progress| {
        let (mut file, mut chunk) = (File::open(file)?, vec![0; 1 << 16]);
        while let bytes @ 1.. = file.read(&mut chunk)? {
            lines.fetch_add(
                chunk[..bytes].iter().filter(|byte| **byte == b'\n').count(),
                Relaxed,
            );
            progress.add(bytes as u64);
        }
        io::Result::Ok(())
    };
    let sizes = files
        .iter()
        .flat_map(fs::metadata)
        .filter(fs::Metadata::is_file);
    let total = sizes.map(|about| about.len()).sum();
    report_progress(total, Duration::from_millis(200), show, |progress| {
        on_threads(*threads, files.len(), |n| {
            let failed = |e| *bad.lock().unwrap() += &format!("{}: {e}\n", files[n].display());
            count(&files[n], progress).unwrap_or_else(failed);
            true
        });
    });
    let bad = bad.into_inner().unwrap();
    write!(stderr(), "{}{bad}", begin.replace('\r', "\n"))?;
    writeln!(stdout(), "{} lines", lines.into_inner())?;
    Ok(bad.is_empty())
}

/// Runs 1000 items again and again, and looks at the percentages that are reported.
fn run_demo(threads: u16) -> io::Result<bool> {
    let (hour, patience) = (Duration::from_secs(3600), Duration::from_secs(10));
    let _hangs = thread::spawn(move || {
        sleep(patience);
        eprintln!("it hangs: the end has not woken the reporter");
        exit(1)
    });
    let ((sender, reported), mut steps) = (sync_channel(2000), Vec::new());
    let report = |Report { percent, .. }| steps.extend(sender.send(percent).map(|()| percent));
    report_progress(1000, Duration::ZERO, report, |progress| {
        for goal in [25, 50, 75, 100] {
            on_threads(threads, 250, |n| {
                (n < 250).then(|| progress.add(1)).is_some()
            });
            while reported
                .recv_timeout(patience)
                .is_ok_and(|percent| percent < goal)
            {}
        }
    });
    let seen = [0, 25, 50, 75, 100]
        .iter()
        .filter(|stop| steps.contains(stop))
        .count();
    let (mut held, mut out) = (seen == 5 && steps.is_sorted(), stdout());
    // `println!` would panic in a broken pipe.
    writeln!(
        out,
        "0, 25, 50, 75 and 100, each awaited: {seen} of 5 seen, never back: {held}"
    )?;
    for (what, items, plan, each) in [
        (
            "an hour between reports",
            1000,
            &[0, 100][..],
            (|_| true) as fn(usize) -> bool,
        ),
        ("nothing to do", 0, &[100], |_| true),
        ("canceled at half", 1000, &[0, 50], |n| n < 500),
        ("the last one panics", 1000, &[0, 99], |n| {
            n < 999 || resume_unwind(Box::new("a bug"))
        }),
    ] {
        let mut percents = Vec::new();
        let report = |report: Report| percents.push(report.percent);
        let work = |progress: &Progress| {
            on_threads(threads, items as usize, |n| {
                each(n).then(|| progress.add(1)).is_some()
            });
        };
        let job = AssertUnwindSafe(|| report_progress(items, hour, report, work));
        let panicked = catch_unwind(job).is_err();
        writeln!(out, "{what}: {percents:?}")?;
        held &= percents == plan && panicked == what.contains("panics");
    }
    Ok(held)
}
