//! Refused: a closure is sent to another process.
//!
//! The other process cannot call code at an address of this one: only data can be sent. What can be
//! sent is `Serialize`, and a closure is not.
//!
//! Python: `multiprocessing.Queue().put(lambda n: 2 * n)`; `put` returns, a thread behind it prints
//! a `PicklingError`, such as "Can't pickle local object", and the other side waits forever in `get`
//! Error: ``error[E0277]: the trait bound `{closure@[..]}: serde::Serialize` is not satisfied``
//! Instead: send the name of the job and its arguments, as an `enum` with
//! `#[derive(Serialize, Deserialize)]`, as `job_queue` does.
//! Needs: `cargo add serde_json@1`

use std::io;

fn main() {
    serde_json::to_writer(io::stdout(), &|n: u32| 2 * n).unwrap(); // REFUSED: E0277
}
