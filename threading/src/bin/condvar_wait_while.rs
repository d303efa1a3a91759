//! Wait until shared data is in the state that you need, with a condition variable.
//!
//! Use it when a thread cannot go on until another one has changed something. The data is in a
//! `Mutex`. `wait_while` looks at the data, and as long as its condition holds, it unlocks the
//! mutex and sleeps. A thread that changes the data notifies, and the sleepers look again. Here
//! customers draw a number and wait for it to be called, and tellers wait for customers.
//!
//! - Wait for a state, not for a notification. One that comes before anybody waits is lost
//!   (`deadlock_lost_wakeup`), and one that wakes you may be meant for another thread
//!   (`race_condvar_if`).
//! - `notify_one` wakes any one thread. It is enough where each of them could go on. Here each
//!   customer waits for a different number, so it takes `notify_all`.
//! - Use a condition variable with one mutex only. With a second one, `wait_while` may panic.
//! - To give up after some time: `wait_timeout_while`. To hand items over: `producer_consumer`.
//!
//! Python: `condition.wait_for(ready)`; `wait_while` is told the opposite, when to go on waiting
//! Needs: nothing
//! Tested: `models/tests/threading_sync.rs`
//!
//! ```console
//! $ cargo run -p threading --bin condvar_wait_while
//! 5 customers, 2 tellers: served [1, 2, 3, 4, 5]
//! ```

use std::sync::{Condvar, Mutex};

/// A waiting room where customers draw a number and tellers call one after the other.
#[derive(Default)]
pub struct WaitingRoom {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The last number that a customer drew.
    drawn: u32,
    /// The last number that a teller called.
    called: u32,
    closed: bool,
}

impl WaitingRoom {
    /// Draws a number, and blocks until a teller calls it. Returns the number, or `None` if the
    /// room is closed.
    pub fn wait_for_teller(&self) -> Option<u32> {
        let mut state = self.state.lock().unwrap();
        if state.closed {
            return None;
        }
        state.drawn += 1;
        let number = state.drawn;
        self.changed.notify_all();

        let _state = self
            .changed
            .wait_while(state, |state| state.called < number)
            .unwrap();
        Some(number)
    }

    /// Calls the next customer, blocking until there is one. Returns the number, or `None` if the
    /// room is closed and nobody is left in it.
    pub fn call_next(&self) -> Option<u32> {
        let state = self.state.lock().unwrap();
        let mut state = self
            .changed
            .wait_while(state, |state| state.called == state.drawn && !state.closed)
            .unwrap();
        if state.called == state.drawn {
            return None;
        }
        state.called += 1;
        self.changed.notify_all();
        Some(state.called)
    }

    /// Lets no more customers in. Those who wait are still called.
    pub fn close(&self) {
        self.state.lock().unwrap().closed = true;
        self.changed.notify_all();
    }
}

// ---- Demo ----------------------------------------------------------------------------------

use std::thread;

fn main() {
    let room = WaitingRoom::default();
    let mut served = Vec::new();

    thread::scope(|scope| {
        let tellers = [scope.spawn(|| serve(&room)), scope.spawn(|| serve(&room))];

        let mut customers = Vec::new();
        for _ in 0..5 {
            let customer = scope.spawn(|| room.wait_for_teller());
            customers.push(customer);
        }
        for customer in customers {
            customer.join().unwrap();
        }
        room.close();
        for teller in tellers {
            let numbers = teller.join().unwrap();
            served.extend(numbers);
        }
    });

    served.sort();
    println!("5 customers, 2 tellers: served {served:?}");
}

/// What a teller does until the room is closed. Returns the numbers that were served.
fn serve(room: &WaitingRoom) -> Vec<u32> {
    let mut served = Vec::new();
    while let Some(number) = room.call_next() {
        served.push(number);
    }
    served
}
