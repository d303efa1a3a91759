//! Spawn tasks that stay on one thread, and share data without a lock.
//!
//! Use it for what cannot move to another thread, such as an `Rc`, a window, or the handle of a C
//! library. `tokio::spawn` needs a future that can move: "future cannot be sent between threads
//! safely". `spawn_local` does not. It works in tokio's local runtime, where every task stays on
//! the thread that runs it.
//!
//! - Other tasks run only at an `.await`, so a change that has none in it needs no lock.
//! - A task that reads, awaits, and then writes what it has read loses updates here too.
//! - A `RefCell` that stays borrowed over an `.await` makes another task panic (`BorrowMutError`).
//!   Clippy warns: `await_holding_refcell_ref`.
//! - Without a local runtime `spawn_local` panics. In a program that runs on all cores:
//!   `tokio::task::LocalSet`, or `tokio_util::task::LocalPoolHandle` for more than one thread.
//!
//! Python: the tasks of asyncio are of this kind
//! Needs: `cargo add tokio@1 -F macros,rt`
//!
//! ```console
//! $ cargo run -p asyncio --bin local_tasks
//! {"be": 3, "free": 1, "let": 2, "lock": 1, "me": 1, "to": 2}
//! ```

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use tokio::task::{JoinSet, yield_now};

type Counts = Rc<RefCell<BTreeMap<&'static str, u32>>>;

#[tokio::main(flavor = "local")]
async fn main() {
    let counts = Counts::default();

    let mut tasks = JoinSet::new();
    for text in ["to be free", "to lock me", "let be let be"] {
        tasks.spawn_local(count_words(text, counts.clone()));
    }
    tasks.join_all().await;

    println!("{:?}", counts.borrow());
}

async fn count_words(text: &'static str, counts: Counts) {
    for word in text.split(' ') {
        *counts.borrow_mut().entry(word).or_insert(0) += 1;
        yield_now().await; // the others run now
    }
}
