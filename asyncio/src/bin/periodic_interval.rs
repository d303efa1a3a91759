//! Do something every second, and choose what happens to the ticks that were missed.
//!
//! Use `interval` and not `sleep` in a loop. An interval counts from the tick that was due, so the
//! time that a round takes does not add up. When a round takes longer than the period, ticks are
//! missed. `Burst`, the default, makes up for all of them at once. `Delay` starts a new schedule at
//! the late tick. `Skip` drops what was missed and keeps to the old schedule.
//!
//! - Take `Burst` where the number of rounds matters, `Delay` for a pause between two requests, and
//!   `Skip` for heartbeats and measurements.
//! - The first tick comes at once. `interval_at` sets another start.
//! - Rounds never overlap. Create the interval outside of the loop: `noop_timer_reset`.
//! - `tick` is cancel safe, so it may stand in a `select!` beside other events: `select_loop`.
//! - Several jobs, each with its own period: `scheduled_tasks`. At a time of day: `cron_jobs`.
//!
//! Python: `while True: await work(); await asyncio.sleep(1)`, whose period is too long by the work
//! Needs: `cargo add tokio@1 -F full,test-util`
//!
//! ```console
//! $ cargo run -p asyncio --bin periodic_interval
//! sleep, round 1: at 0ns
//! sleep, round 2: at 1.2s
//! sleep, round 3: at 2.4s
//! interval, round 1: at 0ns
//! interval, round 2: at 1s
//! interval, round 3: at 2s
//! seven seconds, of which the second round takes 3.5:
//! Burst, 8 ticks: [0ns, 1s, 4.5s, 4.5s, 4.5s, 5s, 6s, 7s]
//! Delay, 5 ticks: [0ns, 1s, 4.5s, 5.5s, 6.5s]
//! Skip, 6 ticks: [0ns, 1s, 4.5s, 5s, 6s, 7s]
//! ```

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

const SECOND: Duration = Duration::from_secs(1);

// Time is paused: when every task waits, the clock jumps to the next deadline.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let start = Instant::now();
    for round in 1..=3 {
        println!("sleep, round {round}: at {:?}", start.elapsed());
        work().await;
        sleep(SECOND).await;
    }

    let start = Instant::now();
    let mut ticks = interval(SECOND);
    for round in 1..=3 {
        ticks.tick().await;
        println!("interval, round {round}: at {:?}", start.elapsed());
        work().await;
    }

    println!("seven seconds, of which the second round takes 3.5:");
    for behavior in [
        MissedTickBehavior::Burst,
        MissedTickBehavior::Delay,
        MissedTickBehavior::Skip,
    ] {
        let times = ticks_around_a_stall(behavior).await;
        println!("{behavior:?}, {} ticks: {times:?}", times.len());
    }
}

/// Stands for work that takes a fifth of a second.
async fn work() {
    sleep(SECOND / 5).await;
}

/// The times of the ticks in seven seconds. The work of the second one takes 3.5 seconds.
async fn ticks_around_a_stall(behavior: MissedTickBehavior) -> Vec<Duration> {
    let start = Instant::now();
    let mut ticks = interval(SECOND);
    ticks.set_missed_tick_behavior(behavior);
    let mut times = Vec::new();
    loop {
        ticks.tick().await;
        let time = start.elapsed();
        if time > 7 * SECOND {
            return times;
        }
        times.push(time);
        if times.len() == 2 {
            sleep(SECOND * 7 / 2).await;
        }
    }
}
