//! Producers put items into a bounded queue, a consumer takes them out, and both end by themselves.
//!
//! Use it where making and using things overlap: read while you compute, compute while you write.
//! The queue is a channel with a capacity: when it is full, `send` waits, so a fast producer does
//! not fill the memory with what a slow consumer has not seen. There is no sentinel. When the last
//! sender is dropped, the consumer's loop ends; one clone kept in a corner, and it never does
//! (`deadlock_sender_alive_broken`). If the consumer leaves, its receiver is dropped and every
//! `send` fails, so the producers end as well. A panic of the consumer ends the producers as well;
//! that of a producer reaches the caller when the other producers have ended. Several consumers:
//! `crossbeam::channel::bounded`. Tasks and not threads: `tokio::sync::mpsc`, bounded.
//!
//! Python: `queue.Queue(4)`, `put`, `get`, a sentinel for each consumer or `shutdown()`.
//! Copy: `produce_and_consume`.
//! Needs: `cargo add clap@4 -F derive`
//!
//! ```console
//! $ cargo run -p threading --bin producer_consumer
//! 2 producers, capacity 4: 100 of 100 items, each once, those of a producer in order
//! most sent and not yet used: 5, with the one in hand
//! the consumer left after 3: Some("enough"); endless producers still there: 0
//!
//! $ cargo run -p threading --bin producer_consumer -- --capacity 0 --producers 1
//! 1 producers, capacity 0: 100 of 100 items, each once, those of a producer in order
//! most sent and not yet used: 1, with the one in hand
//! ...
//!
//! $ cargo run -p threading --bin producer_consumer -- --items 0
//! 2 producers, capacity 4: 0 of 0 items, each once, those of a producer in order
//! most sent and not yet used: 0, with the one in hand
//! ...
//! ```

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::sync::atomic::{
    AtomicUsize,
    Ordering::{AcqRel, Relaxed},
};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};
use std::{iter, mem, panic, thread};

use clap::{Parser, value_parser};

/// Runs each of the `producers` in a thread of its own and `consume` in this one. `consume` gets
/// every item, those of one producer in order; at most `capacity` of them wait in the queue (with
/// 0, each `send` waits until its item is taken). It may leave early with
/// `ControlFlow::Break(value)`: the producers then end as soon as they have an item to send, and
/// the result is `Some(value)`.
///
/// # Panics
/// With the panic of `consume` or of a producer, when the others have ended; the other producers'
/// items are consumed first. Also if the system has no more threads to give.
pub fn produce_and_consume<P, B>(
    producers: impl IntoIterator<Item = P>,
    capacity: usize,
    mut consume: impl FnMut(P::Item) -> ControlFlow<B>,
) -> Option<B>
where
    P: IntoIterator<Item: Send> + Send,
{
    thread::scope(|s| {
        let (sender, queue) = mpsc::sync_channel(capacity);
        let start = |producer: P| {
            let sender = sender.clone();
            // `all` is false where the consumer has left: no error, and nothing more to do.
            s.spawn(move || producer.into_iter().all(|item| sender.send(item).is_ok()))
        };
        let running: Vec<_> = producers.into_iter().map(start).collect();
        drop(sender); // the producers have theirs: with this one the loop would never end
        // `into_iter`: the queue is dropped with the loop, which a blocked `send` waits for.
        let left = queue.into_iter().try_for_each(&mut consume).break_value();
        for producer in running {
            producer
                .join()
                .unwrap_or_else(|panic| panic::resume_unwind(panic));
        }
        left
    })
}

// Only for the demo from here on.

#[derive(Parser)]
struct Args {
    /// How many items are made
    #[arg(long, value_name = "N", default_value_t = 100,
        value_parser = value_parser!(u32).range(..=100_000))]
    items: u32,

    /// By how many producers
    #[arg(long, value_name = "N", default_value_t = 2,
        value_parser = value_parser!(u32).range(1..=100))]
    producers: u32,

    /// How many items the queue has room for
    #[arg(long, value_name = "N", default_value_t = 4,
        value_parser = value_parser!(u16).range(..=1000))]
    capacity: u16,
}

fn main() -> ExitCode {
    let Args {
        items,
        producers,
        capacity,
    } = Args::parse();
    let expected = (usize::from(capacity) + 1).min(items as usize);
    let (sent, used, most) = (
        &AtomicUsize::new(0),
        &AtomicUsize::new(0),
        &AtomicUsize::new(0),
    );
    let produce = |first: u32| {
        let mut items = (first..items).step_by(producers as usize);
        let mut asked_before = false;
        iter::from_fn(move || {
            if mem::replace(&mut asked_before, true) {
                // Asked again, so the one before is sent. AcqRel: `used` at least as the other
                // producers have seen it.
                let sent = sent.fetch_add(1, AcqRel) + 1;
                most.fetch_max(sent.saturating_sub(used.load(Relaxed)), Relaxed);
            }
            items.next()
        })
    };
    let mut got = Vec::new();
    let left = produce_and_consume((0..producers).map(produce), capacity.into(), |item| {
        let patience = Instant::now() + Duration::from_secs(2);
        while most.load(Relaxed) < expected && Instant::now() < patience {
            thread::sleep(Duration::from_millis(1)); // until the queue is full behind this one
        }
        if got.is_empty() {
            thread::sleep(Duration::from_millis(10)); // one too many would be seen
        }
        got.push(item);
        used.fetch_add(1, Relaxed);
        ControlFlow::<()>::Continue(())
    });
    let of_one = |first| got.iter().filter(move |&n| n % producers == first);
    let in_order = (0..producers).all(|first| of_one(first).is_sorted());
    let once = got.iter().collect::<BTreeSet<_>>().len() == got.len();
    let order = if in_order { "in order" } else { "out of order" };
    let (count, each) = (got.len(), if once { "each once" } else { "some twice" });
    println!(
        "{producers} producers, capacity {capacity}: {count} of {items} items, {each}, those of a producer {order}"
    );
    let most = most.load(Relaxed);
    println!("most sent and not yet used: {most}, with the one in hand");

    let mut taken = 0;
    let alive = Arc::new(());
    let endless = vec![iter::repeat(alive.clone()); 2];
    let enough = produce_and_consume(endless, capacity.into(), |_| {
        taken += 1;
        if taken == 3 {
            ControlFlow::Break("enough")
        } else {
            ControlFlow::Continue(())
        }
    });
    let running = Arc::strong_count(&alive) - 1; // each endless producer would hold one
    println!(
        "the consumer left after {taken}: {enough:?}; endless producers still there: {running}"
    );

    let held = (count, in_order, once, most) == (items as usize, true, true, expected)
        && (left, enough, running) == (None, Some("enough"), 0);
    if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
