//! Catch the panic of a thread at `join`, read its text, and repair the lock it poisoned.
//!
//! A panic ends its own thread only. It is printed (the panic hook does that), and `join` returns
//! it as an `Err`: a value of any type, with a text in it for `panic!`. Where nobody joins, the
//! line on stderr is all there is, and the program exits with 0. (A scope does join, and panics.) A
//! lock that was held during the panic is poisoned: what it guards may be half changed, so `lock`
//! is an error from then on, for everyone, until someone mends the data. To stop at the error,
//! `unwrap` it; to go on, `lock_or_repair`. With `panic = "abort"` the first panic ends the
//! process. What may fail in everyday use wants a `Result`, not a panic.
//!
//! Python: `threading.excepthook`; `Future.result()`. There `with lock:` lets go of the lock and
//! says nothing: the next thread goes on with the half-changed data.
//! Copy: `panic_text` and `lock_or_repair`.
//! Needs: `cargo add clap@4 -F derive`
//!
//! ```console
//! $ cargo run -p threading --bin panic_in_thread
//! join: Ok(4)
//! join: Err, "disk full"
//! join: Err, "no room for 42"
//! join: Err, "no text in it"
//! the hook was called 3 times, the process lives on
//! a panic in mid-change: poisoned, the items make 15, their total says 10
//! 4 threads went on: repaired 1 time(s), poisoned: false
//! the items make 19, their total says 19
//! ```

use std::any::Any;
use std::panic::{self, panic_any};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use clap::{Parser, value_parser};

/// The text of a panic that `join` or `catch_unwind` returned; `None` if its payload is no text
/// (`panic_any`).
///
/// It takes the box away for a reason: a `&Box<dyn Any + Send>` that is handed to a function as a
/// `&dyn Any` compiles, but is the box itself then, and `downcast_ref` in there finds no text.
pub fn panic_text(panic: Box<dyn Any + Send>) -> Option<String> {
    match panic.downcast::<String>() {
        Ok(text) => Some(*text), // `panic!` with arguments
        Err(panic) => panic.downcast_ref::<&str>().map(|text| text.to_string()), // without
    }
}

/// Locks `lock`. If a thread has panicked while it held it, calls `repair` first, once, and the
/// lock is sound again for everyone.
///
/// # Panics
/// If `repair` does; the lock stays poisoned then, and the next one tries again.
pub fn lock_or_repair<T>(lock: &Mutex<T>, repair: impl FnOnce(&mut T)) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(|poisoned| {
        let mut data = poisoned.into_inner();
        repair(&mut data);
        lock.clear_poison(); // while it is locked: nobody sees it sound before it is
        data
    })
}

// Only for the demo from here on.

#[derive(Parser)]
struct Args {
    /// How many threads go on with the poisoned lock
    #[arg(long, value_name = "N", default_value_t = 4,
        value_parser = value_parser!(u16).range(1..=1000))]
    threads: u16,
}

#[derive(Default)]
struct Cart {
    items: Vec<u64>,
    total: u64, // of the items
}

impl Cart {
    fn add(&mut self, price: u64, before_total: impl FnOnce()) {
        self.items.push(price);
        before_total();
        self.total += price;
    }

    fn repair(&mut self) {
        self.total = self.items.iter().sum();
    }

    fn sums(&self) -> (u64, u64) {
        (self.items.iter().sum(), self.total)
    }
}

fn main() -> ExitCode {
    let wanted = usize::from(Args::parse().threads);
    // Relaxed: they are read when the threads that counted have been joined.
    let hooked = Arc::new(AtomicUsize::new(0));
    let count = hooked.clone();
    panic::set_hook(Box::new(move |_| _ = count.fetch_add(1, Relaxed))); // instead of the print

    let room = 42;
    let works: [fn(i32) -> i32; 4] = [
        |_| 4,
        |_| panic!("disk full"),
        |room| panic!("no room for {room}"),
        |room| panic_any(room), // neither &str nor String
    ];
    let mut texts = Vec::new();
    for work in works {
        match thread::spawn(move || work(room)).join() {
            Ok(value) => println!("join: Ok({value})"),
            Err(panic) => {
                texts.push(panic_text(panic).unwrap_or("no text in it".to_owned()));
                println!("join: Err, {:?}", texts[texts.len() - 1]);
            }
        }
    }
    let calls = hooked.load(Relaxed);
    println!("the hook was called {calls} times, the process lives on");

    let cart = Mutex::new(Cart {
        items: vec![10],
        total: 10,
    });
    let add = || cart.lock().unwrap().add(5, || panic!("in mid-change"));
    let panicked = thread::scope(|s| s.spawn(add).join().is_err());
    let half_changed = cart
        .lock()
        .map_err(|poisoned| poisoned.into_inner().sums())
        .err();
    let (items, total) = half_changed.unwrap_or_default();
    println!("a panic in mid-change: poisoned, the items make {items}, their total says {total}");

    let repaired = AtomicUsize::new(0);
    let go_on = || {
        let mend = |cart: &mut Cart| {
            cart.repair();
            repaired.fetch_add(1, Relaxed);
        };
        lock_or_repair(&cart, mend).add(1, || {});
    };
    thread::scope(|s| (0..wanted).for_each(|_| _ = s.spawn(go_on)));
    let (poisoned, repaired) = (cart.is_poisoned(), repaired.into_inner());
    let (items, total) = cart
        .into_inner()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
        .sums();
    println!("{wanted} threads went on: repaired {repaired} time(s), poisoned: {poisoned}");
    println!("the items make {items}, their total says {total}");

    let after = 15 + wanted as u64;
    let held = texts == ["disk full", "no room for 42", "no text in it"]
        && (calls, panicked, half_changed) == (3, true, Some((15, 10)))
        && (poisoned, repaired, items, total) == (false, 1, after, after);
    if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
