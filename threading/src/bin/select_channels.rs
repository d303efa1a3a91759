//! Wait for whatever comes first: a message in one of two queues, a tick, or the deadline.
//!
//! Use it for a thread that several others talk to. `select!` blocks until one of its channels is
//! ready, and then runs that arm. If several are ready it picks one at random, so that a busy queue
//! does not shut out the others. Ticks and the deadline are channels too.
//!
//! - A closed channel is always ready. Replace it with `never()`, or the loop spins.
//! - Make the deadline before the loop. `after` inside `select!` starts anew with every message:
//!   that is a limit on silence. `default(timeout)` does the same.
//! - Ticks do not pile up: a loop that is late gets one for all that it has missed.
//! - std has no `select!`. Often one channel of an `enum` is enough, with `recv_timeout`. In async
//!   code: `tokio::select!` (`select_loop`).
//!
//! Python: nothing for `queue.Queue`; use one queue for all, and `get(timeout=1)`
//! Needs: `cargo add crossbeam@0.8`
//! Tested: `threading/tests/proof/select_channels.rs`
//!
//! ```console
//! $ cargo run -p threading --bin select_channels
//! Closed: 20 orders, 10 payments
//! Deadline: 0 orders, 0 payments
//! ```

use std::time::Duration;

use crossbeam::channel::{Receiver, after, never, select, tick};

/// What the loop has to handle.
pub enum Event<A, B> {
    /// A message of the first queue.
    First(A),
    /// A message of the second queue.
    Second(B),
    /// Another interval is over.
    Tick,
}

/// Why the loop ended.
#[derive(Debug, PartialEq)]
pub enum End {
    /// Both queues are closed and empty.
    Closed,
    /// The time is up.
    Deadline,
}

/// Calls `handle` with every message of two queues, and with a tick each `interval`, until both
/// queues are closed or the time `limit` is over.
///
/// The deadline does not interrupt `handle`. Messages that are still in a queue at the deadline are
/// dropped with it; keep a clone of the receiver to get at them.
pub fn handle_all<A, B>(
    mut first: Receiver<A>,
    mut second: Receiver<B>,
    interval: Duration,
    limit: Duration,
    mut handle: impl FnMut(Event<A, B>),
) -> End {
    let ticker = tick(interval);
    let deadline = after(limit);
    let mut open_queues = 2;
    while open_queues > 0 {
        select! {
            recv(first) -> message => match message {
                Ok(message) => handle(Event::First(message)),
                Err(_) => {
                    first = never();
                    open_queues -= 1;
                }
            },
            recv(second) -> message => match message {
                Ok(message) => handle(Event::Second(message)),
                Err(_) => {
                    second = never();
                    open_queues -= 1;
                }
            },
            recv(ticker) -> _ => handle(Event::Tick),
            recv(deadline) -> _ => return End::Deadline,
        }
    }
    End::Closed
}

// ---- Demo ----------------------------------------------------------------------------------

use std::thread;

use crossbeam::channel::bounded;

const SECOND: Duration = Duration::from_secs(1);

fn main() {
    let (order_sender, orders) = bounded(4);
    let (payment_sender, payments) = bounded(4);
    let customers = thread::spawn(move || {
        for number in 1..=20 {
            order_sender.send(number).expect("the loop runs");
        }
    });
    let bank = thread::spawn(move || {
        for amount in 1..=10 {
            payment_sender.send(amount).expect("the loop runs");
        }
    });
    count_events(orders, payments, 60 * SECOND);
    customers.join().unwrap();
    bank.join().unwrap();

    // The queues stay open, and nothing comes.
    let (_order_sender, orders) = bounded(4);
    let (_payment_sender, payments) = bounded(4);
    count_events(orders, payments, SECOND / 10);
}

fn count_events(orders: Receiver<u32>, payments: Receiver<u32>, limit: Duration) {
    let mut order_count = 0;
    let mut payment_count = 0;
    let end = handle_all(orders, payments, SECOND / 50, limit, |event| match event {
        Event::First(_) => order_count += 1,
        Event::Second(_) => payment_count += 1,
        Event::Tick => (), // the moment to flush, or to send a heartbeat
    });
    println!("{end:?}: {order_count} orders, {payment_count} payments");
}
