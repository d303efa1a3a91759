//! Fixed: the tasks belong to a `JoinSet`, and the function waits for all of them.
//!
//! `join_all` waits until every task has ended, and panics if one of them did. A server that spawns
//! for as long as it runs gives its tasks to a `TaskTracker` of tokio-util: it keeps no results,
//! and its `wait` is what the shutdown awaits (`graceful_shutdown`).
//!
//! Python: `async with asyncio.TaskGroup() as tasks:`, which waits at its end
//! Broken: `noop_detached_work_broken`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin noop_detached_work_fixed
//! took 3 orders and sent 3 receipts
//! ```

use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use tokio::runtime::Builder;
use tokio::task::JoinSet;

/// Takes the orders, and sends a receipt for each in the background.
pub async fn take_orders(orders: &[u32], outbox: &Outbox) {
    let mut receipts = JoinSet::new();
    for order in orders {
        receipts.spawn(send_receipt(*order, Arc::clone(outbox)));
    }
    receipts.join_all().await; // FIXED: waits for all of them
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
