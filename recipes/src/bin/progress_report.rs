//! Report how far a long job is and how long it will take: a bar in a terminal, lines in a log.
//!
//! Use it for any job that runs for more than a few seconds, on one thread or on many. The threads
//! add what they have done to an `indicatif` bar, which is an atomic inside. In a terminal the bar
//! draws itself. Where there is none, `log` gets a line when the job starts, then once a second,
//! and when it ends.
//!
//! - If the total is unknown (a pipe, an endless list) pass `None`: the lines then say how much is
//!   done, and no percentage. The same happens if more is done than the total says.
//! - Do not call `bar.finish()`. It sets the bar to 100 % even if the job was canceled.
//! - Add a chunk of work at a time, and not each byte: threads that add all the time slow each
//!   other down.
//! - Around an iterator: `indicatif::ProgressIterator`. With rayon: `rayon_progress`. Many bars at
//!   once: `download_files`.
//!
//! Python: `tqdm`, which writes thousands of bars into a log
//! Needs: `cargo add indicatif@0.18`
//! Tested: `recipes/tests/proof/progress_report.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin progress_report
//! 0 of 250, 0 %
//! ...
//! 250 of 250, 100 %
//! 0 done
//! 250 done
//! ```

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};

const SECOND: Duration = Duration::from_secs(1);

/// Prepares a bar on stderr. `total` is how much there is to do, in any unit.
pub fn progress_bar(total: Option<u64>) -> ProgressBar {
    let template = match total {
        Some(_) => "{wide_bar} {pos} of {len}, {eta} left",
        None => "{spinner} {pos} done, {elapsed}",
    };
    let style = ProgressStyle::with_template(template).expect("the template is valid");
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
    bar.with_style(style)
}

/// Calls `work`, which adds to `bar`, and returns its result. If the bar is not visible, `log` is
/// called on a thread of its own: at the start, once a second, and at the end, also after a panic.
///
/// # Panics
/// If `work` or `log` panics, or the system has no more threads to give.
pub fn with_progress<R>(
    bar: &ProgressBar,
    mut log: impl FnMut(String) + Send,
    work: impl FnOnce() -> R,
) -> R {
    if !bar.is_hidden() {
        bar.enable_steady_tick(SECOND);
        let result = work();
        bar.abandon(); // leaves it on the screen as it is
        return result;
    }
    log(status(bar));
    let (running, ended) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            while ended.recv_timeout(SECOND) == Err(RecvTimeoutError::Timeout) {
                log(status(bar));
            }
            log(status(bar));
        });
        let _running = running; // dropped at the end of `work`, which ends the thread
        work()
    })
}

/// How far the job is, and how long it will take.
fn status(bar: &ProgressBar) -> String {
    let done = bar.position();
    match bar.length() {
        Some(total) if total > 0 && done <= total => {
            let percent = u128::from(done) * 100 / u128::from(total); // rounded down
            let left = bar.eta();
            if left.is_zero() {
                return format!("{done} of {total}, {percent} %");
            }
            let left = HumanDuration(left);
            format!("{done} of {total}, {percent} %, {left} left")
        }
        _ => format!("{done} done"),
    }
}

// ---- Demo ----------------------------------------------------------------------------------

fn main() {
    let log = |line| eprintln!("{line}");

    let bar = progress_bar(Some(250));
    with_progress(&bar, log, || {
        thread::scope(|scope| {
            for _ in 0..5 {
                scope.spawn(|| work(&bar));
            }
        });
    });

    let bar = progress_bar(None);
    with_progress(&bar, log, || bar.inc(250));
}

/// Stands for a part of the job.
fn work(bar: &ProgressBar) {
    for _ in 0..50 {
        thread::sleep(Duration::from_millis(40));
        bar.inc(1);
    }
}
