//! Wait for whichever comes first: a message in one of two queues, a tick, or the deadline.
//!
//! Use it for the one loop of a thread that several others talk to. `select!` takes one of those
//! that are ready, at random, so a busy queue does not shut out the others (with `select_biased!`
//! it can). Three traps. A closed channel is always ready: put `never()` in its place, or the loop
//! spins. A ticker never closes: decide yourself when the loop ends. `after` made inside the loop
//! starts anew with each message: that is a limit on silence, not a deadline. A loop that is late
//! skips ticks and does not catch up. std has no `select!`; one channel of an `enum`, with
//! `recv_timeout`, often does. For tasks: `tokio::select!`.
//!
//! Python: nothing for `queue.Queue`; one queue for all, and `get(timeout=...)`.
//! Copy: `handle_all`, `Event` and `End`.
//! Needs: `cargo add clap@4 -F derive`, `cargo add crossbeam@0.8`
//!
//! ```console
//! $ cargo run -p threading --bin select_channels
//! 20 orders, 20 payments, each in its turn; ended: Closed
//! told 1 time that the orders are closed; enough ticks since: true
//! a queue that is never silent: ended: Deadline, in the end still busy: true
//!
//! $ cargo run -p threading --bin select_channels -- --messages 0 --ticks 0
//! 0 orders, 0 payments, each in its turn; ended: Closed
//! ...
//! ```

use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use clap::{Parser, value_parser};
use crossbeam::channel::{Receiver, after, bounded, never, select, tick};

/// What the loop handles.
#[derive(Debug, PartialEq)]
pub enum Event<A, B> {
    First(A),
    Second(B),
    FirstClosed,
    SecondClosed,
    Tick,
}

/// Why the loop ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum End {
    /// Both queues are closed and empty.
    Closed,
    /// The time is up. What is in the queues stays there.
    Deadline,
}

/// Calls `handle` with all that comes from two queues, and with a tick `every` so often, until
/// both queues are closed or `limit` is over. That they close is an event too, once for each. The
/// deadline does not interrupt `handle`.
pub fn handle_all<A, B>(
    first: &Receiver<A>,
    second: &Receiver<B>,
    every: Duration,
    limit: Duration,
    mut handle: impl FnMut(Event<A, B>),
) -> End {
    let (no_first, no_second) = (never(), never());
    let (mut first, mut second) = (Some(first), Some(second));
    let ticker = tick(every);
    let deadline = after(limit); // once, and not in the loop: it would start anew each time
    while first.is_some() || second.is_some() {
        select! {
            recv(first.unwrap_or(&no_first)) -> message => handle(match message {
                Ok(message) => Event::First(message),
                Err(_) => {
                    first = None; // closed is always ready: it would come again and again
                    Event::FirstClosed
                }
            }),
            recv(second.unwrap_or(&no_second)) -> message => handle(match message {
                Ok(message) => Event::Second(message),
                Err(_) => {
                    second = None;
                    Event::SecondClosed
                }
            }),
            recv(ticker) -> _ => handle(Event::Tick),
            recv(deadline) -> _ => return End::Deadline,
        }
    }
    End::Closed
}

// Only for the demo from here on.

#[derive(Parser)]
struct Args {
    /// How many messages come from each side
    #[arg(long, value_name = "N", default_value_t = 20,
        value_parser = value_parser!(u32).range(..=10_000))]
    messages: u32,

    /// How many ticks to see before the second side closes
    #[arg(long, value_name = "N", default_value_t = 3,
        value_parser = value_parser!(u32).range(..=100))]
    ticks: u32,
}

const PATIENCE: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let Args { messages, ticks } = Args::parse();
    let ((order, orders), (payment, payments)) = (bounded(4), bounded(4));
    let ticks_seen = &AtomicU32::new(0); // since the orders closed
    let (mut got, mut closed) = ([0, 0], [0, 0]);
    let end = thread::scope(|s| {
        s.spawn(move || (0..messages).all(|n| order.send(n).is_ok())); // then it closes
        s.spawn(move || {
            let _ = (0..messages).all(|n| payment.send(n).is_ok());
            let patience = Instant::now() + PATIENCE;
            while ticks_seen.load(Relaxed) < ticks && Instant::now() < patience {
                thread::sleep(Duration::from_millis(1)); // until both meet: ticks, and a closed queue
            }
        });
        let every = Duration::from_millis(2);
        handle_all(
            &orders,
            &payments,
            every,
            Duration::from_secs(10),
            |event| match event {
                Event::First(order) => got[0] += u32::from(order == got[0]), // each once, in order
                Event::Second(payment) => got[1] += u32::from(payment == got[1]),
                Event::FirstClosed => closed[0] += 1,
                Event::SecondClosed => closed[1] += 1,
                Event::Tick => drop(ticks_seen.fetch_add(closed[0].min(1), Relaxed)),
            },
        )
    });
    let enough = ticks_seen.load(Relaxed) >= ticks;
    println!(
        "{} orders, {} payments, each in its turn; ended: {end:?}",
        got[0], got[1]
    );
    println!(
        "told {} time that the orders are closed; enough ticks since: {enough}",
        closed[0]
    );

    let ((sender, busy), (_silent, silent)) = (bounded(1), bounded::<()>(1));
    let _ = sender.send(());
    let (start, mut is_busy) = (Instant::now(), true);
    let late = handle_all(&busy, &silent, PATIENCE, Duration::from_millis(20), |_| {
        // One comes for each that goes: it is never silent.
        is_busy = start.elapsed() < PATIENCE && sender.try_send(()).is_ok();
    });
    println!("a queue that is never silent: ended: {late:?}, in the end still busy: {is_busy}");
    let held = (got, closed, enough) == ([messages; 2], [1, 1], true)
        && (end, late, is_busy) == (End::Closed, End::Deadline, true);
    if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
