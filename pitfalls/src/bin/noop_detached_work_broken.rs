//! No-op: a spawned task is still waiting when `main` returns, and its work is never done.
//!
//! You see: receipts, log lines or mails that are missing, mostly the last ones, and no error.
//! Python says "Task was destroyed but it is pending"; tokio says nothing.
//! Why: `spawn` returns at once. When the runtime shuts down, at the end of `main`, every task is
//! dropped at the `.await` where it waits. A thread whose handle is dropped ends with `main` as
//! well.
//! Rule: whoever spawns keeps the handle, and waits for it.
//!
//! Python: `asyncio.create_task(send_receipt(n))`, whose result nobody awaits;
//! `Thread(daemon=True)`
//! Caught by: no lint
//! Fixed: `noop_detached_work_fixed`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin noop_detached_work_broken
//! ? 1
//! took 3 orders and sent 0 receipts
//! ```

use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use tokio::runtime::Builder;
use tokio::task;

/// Takes the orders, and sends a receipt for each in the background.
pub async fn take_orders(orders: &[u32], outbox: &Outbox) {
    for order in orders {
        // BROKEN: nobody waits for it
        task::spawn(send_receipt(*order, Arc::clone(outbox)));
    }
}

/// Stands for a mail server.
type Outbox = Arc<Mutex<Vec<u32>>>;

async fn send_receipt(order: u32, outbox: Outbox) {
    outbox.lock().unwrap().push(order);
}

// What `#[tokio::main]` does, written out: it runs one future to its end, and drops the runtime.
fn main() -> ExitCode {
    let outbox = Outbox::default();
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(take_orders(&[1, 2, 3], &outbox));
    drop(runtime);

    let sent = outbox.lock().unwrap().len();
    println!("took 3 orders and sent {sent} receipts");
    if sent == 3 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
