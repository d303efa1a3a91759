//! Wait until something is true of shared data, asleep, with a condition variable.
//!
//! Use it when threads wait for a state: a free seat, a customer, closing time. The state lives
//! in a `Mutex`, and `wait_while` looks at it before it sleeps and after each wake-up. So nothing
//! that was said before anyone waited is lost, and a wake-up without a reason (the system may send
//! some) does no harm. Whoever changes the state notifies. `notify_one` is enough where each waiter
//! waits for the same thing, hence two condition variables here; what concerns all, such as closing
//! time, wants `notify_all`. A condition variable goes with one mutex; with another one `wait` may
//! panic. Who is woken first is not defined. For a wait with a limit there is `wait_timeout_while`;
//! for a plain queue, the channel of `producer_consumer`.
//!
//! Python: `with condition: condition.wait_for(predicate)`, `notify()`, `notify_all()`.
//! Copy: `WaitingRoom` and its `State`.
//! Needs: `cargo add clap@4 -F derive`
//!
//! ```console
//! $ cargo run -p threading --bin condvar_wait_while
//! 5 customers, 2 seats, 2 tellers: served [1, 2, 3, 4, 5]
//! customer 1 came before any teller did
//! customer 6 came after closing time: Err(6); 2 of 2 tellers went home
//! two sat there at closing time, and were called: [Some("ada"), Some("grace"), None]
//!
//! $ cargo run -p threading --bin condvar_wait_while -- --customers 9 --seats 1 --tellers 3
//! 9 customers, 1 seats, 3 tellers: served [1, 2, 3, 4, 5, 6, 7, 8, 9]
//! ...
//!
//! $ cargo run -p threading --bin condvar_wait_while -- --seats 0
//! ? 2
//! error: invalid value '0' for '--seats <N>': number would be zero for non-zero type
//! ...
//! ```

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::{Condvar, Mutex};
use std::{iter, thread};

use clap::{Parser, value_parser};

/// A waiting room with a number of seats and a closing time, for any number of threads that come
/// in and any number that call the next one.
pub struct WaitingRoom<T> {
    seats: usize,
    state: Mutex<State<T>>,
    came_or_closed: Condvar,
    left_or_closed: Condvar,
}

struct State<T> {
    seated: VecDeque<T>,
    closed: bool,
}

impl<T> WaitingRoom<T> {
    /// An open, empty room.
    pub fn open(seats: NonZeroUsize) -> Self {
        Self {
            seats: seats.get(),
            state: Mutex::new(State {
                seated: VecDeque::new(),
                closed: false,
            }),
            came_or_closed: Condvar::new(),
            left_or_closed: Condvar::new(),
        }
    }

    /// Takes a seat, and waits while there is none. Closed meanwhile: gives the customer back.
    pub fn enter(&self, customer: T) -> Result<(), T> {
        let state = self.state.lock().unwrap(); // poisoned only if memory ran out
        let full = |state: &mut State<T>| state.seated.len() == self.seats && !state.closed;
        let mut state = self.left_or_closed.wait_while(state, full).unwrap();
        if state.closed {
            return Err(customer);
        }
        state.seated.push_back(customer);
        self.came_or_closed.notify_one();
        Ok(())
    }

    /// Calls who has waited longest, and waits for one to come. `None`: closed, and nobody is
    /// left.
    pub fn call_next(&self) -> Option<T> {
        let state = self.state.lock().unwrap();
        let empty = |state: &mut State<T>| state.seated.is_empty() && !state.closed;
        let mut state = self.came_or_closed.wait_while(state, empty).unwrap();
        let next = state.seated.pop_front();
        self.left_or_closed.notify_one(); // in vain where nobody left: it does no harm
        next
    }

    /// Lets nobody in any more. Who sits there is still called.
    pub fn close(&self) {
        self.state.lock().unwrap().closed = true;
        self.came_or_closed.notify_all(); // `notify_one` would send one home, the rest would sleep on
        self.left_or_closed.notify_all();
    }
}

// Only for the demo from here on.

#[derive(Parser)]
struct Args {
    /// How many customers come
    #[arg(long, value_name = "N", default_value_t = 5,
        value_parser = value_parser!(u16).range(1..=1000))]
    customers: u16,

    /// How many of them can wait inside
    #[arg(long, value_name = "N", default_value = "2")]
    seats: NonZeroUsize,

    /// How many tellers serve them
    #[arg(long, value_name = "N", default_value_t = 2,
        value_parser = value_parser!(u16).range(1..=1000))]
    tellers: u16,
}

fn main() -> ExitCode {
    let Args {
        customers,
        seats,
        tellers,
    } = Args::parse();
    let late = customers + 1;
    let room = &WaitingRoom::open(seats);
    let serve = || iter::from_fn(|| room.call_next()).collect();

    let mut entered = vec![room.enter(1)]; // nobody hears that notification: the state remembers
    let (turned_away, went_home) = thread::scope(|s| {
        let tellers: Vec<_> = (0..tellers).map(|_| s.spawn(serve)).collect();
        let customers: Vec<_> = (2..late).map(|n| s.spawn(move || room.enter(n))).collect();
        entered.extend(
            customers
                .into_iter()
                .map(|customer| customer.join().unwrap()),
        );
        room.close();
        let turned_away = room.enter(late);
        let went_home: Vec<Vec<u16>> = tellers.into_iter().map(|t| t.join().unwrap()).collect();
        (turned_away, went_home)
    });
    let mut served = went_home.concat();
    served.sort(); // who served whom, and when, is not defined
    println!("{customers} customers, {seats} seats, {tellers} tellers: served {served:?}");
    println!("customer 1 came before any teller did");
    let home = went_home.len();
    println!(
        "customer {late} came after closing time: {turned_away:?}; {home} of {tellers} tellers went home"
    );

    let room = WaitingRoom::open(NonZeroUsize::MAX);
    let seated = ["ada", "grace"].map(|name| room.enter(name));
    room.close();
    let called = [room.call_next(), room.call_next(), room.call_next()];
    println!("two sat there at closing time, and were called: {called:?}");

    let held = entered.iter().all(Result::is_ok)
        && served.iter().copied().eq(1..late)
        && turned_away == Err(late)
        && (seated, called) == ([Ok(()); 2], [Some("ada"), Some("grace"), None]);
    if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
