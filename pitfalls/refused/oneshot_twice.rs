//! Refused: one request gets two answers.
//!
//! The second answer would overwrite the first or find nobody. `send` of a `oneshot` takes the
//! sender, so that there is nothing left to answer with.
//!
//! Python: `future.set_result(1)`, and again from another place; `InvalidStateError`, in whichever
//! of the two happens to come second.
//! Error: ``error[E0382]: use of moved value: `answer` ``
//! Instead: answer at one place, or `mpsc::channel(16)` where there may be several answers.
//! Needs: `cargo add tokio@1 -F full`

use tokio::sync::oneshot;

#[tokio::main]
async fn main() {
    let (answer, asked) = oneshot::channel();
    answer.send(1).unwrap();
    answer.send(2).unwrap(); // REFUSED: E0382
    println!("{:?}", asked.await);
}
