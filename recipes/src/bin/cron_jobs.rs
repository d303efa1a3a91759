//! Run a job by a cron schedule in a time zone: every weekday at 9, summer and winter.
//!
//! Use it for reports, backups and reminders at times of day, in a program that runs anyway.
//! `CronTimer` is to a cron schedule what `tokio::time::Interval` is to a period: a loop awaits
//! `tick` and does the job. The croner crate knows the schedule, jiff the time zone.
//!
//! - A job that fails does not end the schedule: the loop handles the error. Where a job may panic,
//!   `tokio::spawn` it and await the handle.
//! - The times that pass during a run, or while the machine sleeps, become one tick, which comes
//!   late. It comes at most a minute after the machine wakes up.
//! - A time that the change to summer time skips is due right after the gap. In autumn, a job with
//!   one fixed time of day runs at the first of the two; `*/10` and the like run in both hours.
//! - Write weekdays as names: cron counts from Sunday, APScheduler from Monday. Where both a day of
//!   the month and a weekday are given, either is enough, as in cron.
//! - On a system without time zones, a small container for example, add jiff's feature
//!   `tzdb-bundle-always`.
//! - Periods instead of times of day: `scheduled_tasks`. Jobs that must survive a crash:
//!   `job_queue`.
//!
//! Python: APScheduler's `CronTrigger.from_crontab("0 9 * * MON-FRI", timezone="Europe/Berlin")`
//! Needs: `cargo add croner@4 --no-default-features -F jiff`, `cargo add jiff@0.2`,
//! `cargo add tokio@1 -F time`
//! Demo needs: `cargo add anyhow@1`, `cargo add tokio@1 -F full,test-util`
//! Tested: `recipes/tests/proof/cron_jobs.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin cron_jobs -F cron
//! Thu 2026-03-26 09:00 +01: report sent
//! Fri 2026-03-27 09:00 +01: report failed: no connection
//! Mon 2026-03-30 09:00 +02: report sent
//! Tue 2026-03-31 09:00 +02: report sent
//! Wed 2026-04-01 09:00 +02: report sent
//! canceled
//! ```

use std::time::Duration;

use croner::Cron;
use croner::errors::CronError;
use jiff::Zoned;
use tokio::time::sleep;

/// Waits for the times of a cron schedule, one after the other.
pub struct CronTimer<C> {
    schedule: Cron,
    now: C,
    /// `None` when the schedule has no further time.
    next: Option<Zoned>,
}

impl<C: Fn() -> Zoned> CronTimer<C> {
    /// Begins with the first time after now. `now` reads the clock, in the time zone of the
    /// schedule: `Zoned::now`, or `move || Zoned::now().with_time_zone(zone.clone())`.
    ///
    /// # Errors
    /// If the schedule has no time at all, such as the 30th of February.
    pub fn new(schedule: Cron, now: C) -> Result<Self, CronError> {
        let first = schedule.find_next_occurrence(&now(), false)?;
        Ok(Self {
            schedule,
            now,
            next: Some(first),
        })
    }

    /// Waits for the next time of the schedule, and returns it. `None` means that there is none.
    ///
    /// Dropping the future, as `select!` does, loses no time of the schedule. If the clock is set
    /// back, no time comes twice.
    pub async fn tick(&mut self) -> Option<Zoned> {
        let due = self.next.clone()?;
        let mut now = (self.now)();
        while now < due {
            let wait = now.duration_until(&due).unsigned_abs();
            // A minute at most: a sleep does not notice that the clock is set.
            sleep(wait.min(Duration::from_secs(60))).await;
            now = (self.now)();
        }
        self.next = self.schedule.find_next_occurrence(&now, false).ok();
        Some(due)
    }
}

// ---- Demo ----------------------------------------------------------------------------------

use std::str::FromStr;

use anyhow::{Result, ensure};
use jiff::civil::Weekday;
use tokio::time::{Instant, timeout};

// Time is paused: when every task waits, the clock jumps to the next deadline.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<()> {
    // The clock of the demo starts on a Wednesday in 2026. Others pass `Zoned::now`.
    let wednesday: Zoned = "2026-03-25T12:00[Europe/Berlin]".parse()?;
    let start = Instant::now();
    let now = || &wednesday + start.elapsed();

    let schedule = Cron::from_str("0 9 * * MON-FRI")?;
    let timer = CronTimer::new(schedule, now)?;
    let week = Duration::from_hours(7 * 24);
    if timeout(week, send_reports(timer)).await.is_err() {
        println!("canceled");
    }
    Ok(())
}

async fn send_reports(mut timer: CronTimer<impl Fn() -> Zoned>) {
    while let Some(time) = timer.tick().await {
        let day = time.strftime("%a %F %H:%M %:::z");
        match send_report(&time) {
            Ok(()) => println!("{day}: report sent"),
            Err(error) => println!("{day}: report failed: {error}"),
        }
    }
}

/// Stands for a job that fails on Fridays.
fn send_report(time: &Zoned) -> Result<()> {
    ensure!(time.weekday() != Weekday::Friday, "no connection");
    Ok(())
}
