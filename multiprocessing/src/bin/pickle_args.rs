//! Send a typed job to a child process over its stdin, and get a typed result from its stdout.
//!
//! Use it to run a function in a process of its own, once. serde turns the job into JSON and the
//! result back into a value, so anything that derives `Serialize` and `Deserialize` can travel.
//! The child may be this program again, or a program in any language.
//!
//! - A closure cannot travel, and neither can a lock, an open file or a thread handle. Send data:
//!   the function is a part of the child's program.
//! - Data from another process is only data. pickle can run code that the data names; serde cannot.
//! - JSON has no NaN, and the keys of its maps are strings. postcard has no such limits.
//! - The child must not print anything else to stdout. stderr is free: panics are shown there.
//! - For many jobs, start the children once: `process_pool`.
//!
//! Python: `Process(target=f, args=(job,))` and a `Queue` for the result, with pickle inside
//! Needs: `cargo add anyhow@1 serde@1 serde_json@1`
//! Demo needs: `cargo add serde@1 -F derive`
//! Tested: `multiprocessing/tests/proof/pickle_args.rs`
//!
//! ```console
//! $ cargo run -p multiprocessing --bin pickle_args
//! Invoice { customer: "Ada", goods_cents: 1000, shipping: Paid { cents: 450 } }
//! ```

use std::io::{self, Write};
use std::process::{Command, Stdio};

use anyhow::{Result, bail};
use serde::{Serialize, de::DeserializeOwned};

/// Starts `command`, sends it the job, and returns its result after it has ended. The child must
/// read the whole job before it writes, as `answer` does.
///
/// # Errors
/// If the child does not start, exits with a failure, or writes what is not an `R`; if the job
/// cannot be written as JSON.
pub fn run_in_child<J, R>(mut command: Command, job: &J) -> Result<R>
where
    J: Serialize,
    R: DeserializeOwned,
{
    let job = serde_json::to_vec(job)?;
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;

    let mut stdin = child.stdin.take().expect("piped");
    let sent = stdin.write_all(&job);
    drop(stdin); // the end of the job
    let output = child.wait_with_output()?;

    // The status comes first: a child that has died cannot take the job either.
    if !output.status.success() {
        bail!("the child failed: {}", output.status);
    }
    sent?;
    let result = serde_json::from_slice(&output.stdout)?;
    Ok(result)
}

/// What the child does: reads the job, does it, and writes the result.
///
/// # Errors
/// If stdin is not a `J`, the result cannot be written as JSON, or the parent has ended.
pub fn answer<J, R>(work: fn(J) -> R) -> Result<()>
where
    J: DeserializeOwned,
    R: Serialize,
{
    let job = serde_json::from_reader(io::stdin())?;
    let result = serde_json::to_vec(&work(job))?;
    io::stdout().write_all(&result)?;
    io::stdout().flush()?;
    Ok(())
}

// ---- Demo ----------------------------------------------------------------------------------

use std::env;

use serde::Deserialize;

#[derive(Serialize, Deserialize)]
struct Order {
    customer: String,
    prices_in_cents: Vec<u32>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Invoice {
    customer: String,
    goods_cents: u32,
    shipping: Shipping,
}

#[derive(Debug, Serialize, Deserialize)]
enum Shipping {
    Free,
    Paid { cents: u32 },
}

fn main() -> Result<()> {
    if env::args().nth(1).as_deref() == Some("--child") {
        return answer(make_invoice);
    }

    let order = Order {
        customer: "Ada".to_owned(),
        prices_in_cents: vec![700, 300],
    };
    let mut child = Command::new(env::current_exe()?);
    child.arg("--child");
    let invoice: Invoice = run_in_child(child, &order)?;
    println!("{invoice:?}");
    Ok(())
}

/// Runs in the child.
fn make_invoice(order: Order) -> Invoice {
    let goods_cents: u32 = order.prices_in_cents.iter().sum();
    let shipping = if goods_cents < 5000 {
        Shipping::Paid { cents: 450 }
    } else {
        Shipping::Free
    };
    Invoice {
        customer: order.customer,
        goods_cents,
        shipping,
    }
}
