//! Refused: a thread is joined twice.
//!
//! `join` hands over what the thread returned, or its panic, and there is one of it. So it takes
//! the handle, and the second call has none.
//!
//! Python: `t.join()` as often as you like; it returns `None` each time, also when the thread died
//! of an exception, and so nobody asks.
//! Error: ``error[E0382]: use of moved value: `worker` ``
//! Instead: `let answer = worker.join();` once, and use `answer` twice.
//! Needs: nothing

use std::thread;

fn main() {
    let worker = thread::spawn(|| 6 * 7);
    println!("{:?}", worker.join());
    println!("{:?}", worker.join()); // REFUSED: E0382
}
