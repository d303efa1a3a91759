use std::str::FromStr;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::Duration;

use croner::Cron;
use jiff::{SignedDuration, Zoned};
use tokio::time::{Instant, sleep, timeout};

#[path = "../../src/bin/cron_jobs.rs"]
#[allow(dead_code)]
mod program;
use program::CronTimer;

/// Starts a clock at `time` in Berlin, which follows the paused one of tokio. It can be set.
fn clock(time: &str, set: &'static AtomicI64) -> impl Fn() -> Zoned {
    let start: Zoned = format!("{time}[Europe/Berlin]").parse().unwrap();
    let started = Instant::now();
    move || &start + started.elapsed() + SignedDuration::from_secs(set.load(Relaxed))
}

fn timer(schedule: &str, time: &str) -> CronTimer<impl Fn() -> Zoned> {
    static NOT_SET: AtomicI64 = AtomicI64::new(0);
    let schedule = Cron::from_str(schedule).unwrap();
    CronTimer::new(schedule, clock(time, &NOT_SET)).unwrap()
}

async fn next_times<const N: usize>(schedule: &str, time: &str) -> [String; N] {
    let mut timer = timer(schedule, time);
    let mut times = Vec::new();
    for _ in 0..N {
        let due = timer.tick().await.unwrap();
        times.push(due.strftime("%d %H:%M %:::z").to_string());
    }
    times.try_into().unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_wait_over_the_change_to_summer_time_is_an_hour_shorter() {
    let start = Instant::now();
    let mut timer = timer("0 9 * * MON-FRI", "2026-03-27T09:00");
    timer.tick().await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_hours(71));
    timer.tick().await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_hours(71 + 24));
}

#[tokio::test(start_paused = true)]
async fn a_time_that_summer_time_skips_is_due_right_after_the_gap() {
    let times = next_times("30 2 * * *", "2026-03-28T12:00").await;
    assert_eq!(times, ["29 03:00 +02", "30 02:30 +02"]);
}

#[tokio::test(start_paused = true)]
async fn in_autumn_a_fixed_time_comes_once_and_an_interval_in_both_hours() {
    let times = next_times("30 2 * * *", "2026-10-24T12:00").await;
    assert_eq!(times, ["25 02:30 +02", "26 02:30 +01"]);
    let times = next_times("*/30 2 * * *", "2026-10-24T12:00").await;
    let both = [
        "25 02:00 +02",
        "25 02:30 +02",
        "25 02:00 +01",
        "25 02:30 +01",
    ];
    assert_eq!(times, both);
}

#[tokio::test(start_paused = true)]
async fn the_times_that_pass_during_a_run_become_one_tick() {
    let mut timer = timer("0 * * * *", "2026-03-02T08:30");
    assert_eq!(timer.tick().await.unwrap().hour(), 9);
    sleep(Duration::from_mins(200)).await; // a run until 12:20
    let late = Instant::now();
    assert_eq!(timer.tick().await.unwrap().hour(), 10);
    assert_eq!(late.elapsed(), Duration::ZERO);
    assert_eq!(timer.tick().await.unwrap().hour(), 13);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_ahead_is_noticed_within_a_minute() {
    static SET: AtomicI64 = AtomicI64::new(0);
    let schedule = Cron::from_str("0 9 * * *").unwrap();
    let mut timer = CronTimer::new(schedule, clock("2026-03-02T00:00", &SET)).unwrap();
    let start = Instant::now();
    let set = async {
        sleep(Duration::from_secs(10)).await;
        SET.store(9 * 3600, Relaxed);
    };
    let (due, ()) = tokio::join!(timer.tick(), set);
    assert_eq!(due.unwrap().hour(), 9);
    assert!(start.elapsed() <= Duration::from_secs(70));
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_brings_no_time_twice() {
    static SET: AtomicI64 = AtomicI64::new(0);
    let schedule = Cron::from_str("0 9 * * *").unwrap();
    let mut timer = CronTimer::new(schedule, clock("2026-03-02T08:00", &SET)).unwrap();
    assert_eq!(timer.tick().await.unwrap().day(), 2);
    SET.store(-1800, Relaxed);
    assert_eq!(timer.tick().await.unwrap().day(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_tick_that_is_dropped_and_asked_for_again_loses_no_time() {
    let mut timer = timer("0 * * * *", "2026-03-02T08:30");
    timeout(Duration::from_mins(20), timer.tick())
        .await
        .unwrap_err();
    sleep(Duration::from_mins(20)).await; // until 9:10
    assert_eq!(timer.tick().await.unwrap().hour(), 9);
}

#[test]
fn a_schedule_without_any_time_is_an_error() {
    let schedule = Cron::from_str("0 9 30 2 *").unwrap();
    assert!(CronTimer::new(schedule, Zoned::now).is_err());
}

#[tokio::test(start_paused = true)]
async fn after_the_last_time_of_a_schedule_there_is_none() {
    let mut timer = timer("0 0 9 1 1 * 2027", "2026-12-31T12:00");
    assert_eq!(timer.tick().await.unwrap().year(), 2027);
    assert!(timer.tick().await.is_none());
}
