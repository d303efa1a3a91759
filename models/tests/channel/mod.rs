//! Stands for `crossbeam::channel`, which the model checker does not know: a lock, a queue and a
//! condition variable of shuttle's behind crossbeam's names and promises.

use std::collections::VecDeque;

use shuttle::sync::mpsc::{RecvError, SendError, TryRecvError};
use shuttle::sync::{Arc, Condvar, Mutex};

pub struct Sender<T>(Arc<Channel<T>>);
pub struct Receiver<T>(Arc<Channel<T>>);

struct Channel<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    items: VecDeque<T>,
    sender_alive: bool,
}

/// The capacity is not modeled: no model sends more than it.
pub fn bounded<T>(_capacity: usize) -> (Sender<T>, Receiver<T>) {
    let state = Mutex::new(State {
        items: VecDeque::new(),
        sender_alive: true,
    });
    let channel = Arc::new(Channel {
        state,
        changed: Condvar::new(),
    });
    (Sender(channel.clone()), Receiver(channel))
}

impl<T> Sender<T> {
    pub fn send(&self, item: T) -> Result<(), SendError<T>> {
        self.0.state.lock().unwrap().items.push_back(item);
        self.0.changed.notify_one();
        Ok(())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.0.state.lock().unwrap().sender_alive = false;
        self.0.changed.notify_all();
    }
}

impl<T> Receiver<T> {
    pub fn is_empty(&self) -> bool {
        self.0.state.lock().unwrap().items.is_empty()
    }

    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        let mut state = self.0.state.lock().unwrap();
        let nothing = if state.sender_alive {
            TryRecvError::Empty
        } else {
            TryRecvError::Disconnected
        };
        state.items.pop_front().ok_or(nothing)
    }

    pub fn recv(&self) -> Result<T, RecvError> {
        let state = self.0.state.lock().unwrap();
        let waits = |state: &mut State<T>| state.items.is_empty() && state.sender_alive;
        self.0
            .changed
            .wait_while(state, waits)
            .unwrap()
            .items
            .pop_front()
            .ok_or(RecvError)
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}
