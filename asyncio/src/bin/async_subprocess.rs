//! Run several programs at once, collect their outputs in order, and leave none of them behind.
//!
//! Use it for a handful of commands that do not depend on each other. `run_all` starts all of them
//! and waits for them at once, on one thread. Dropping its future, as a timeout does, kills those
//! that still run: that is `kill_on_drop`. Without it a dropped child runs on.
//!
//! - `kill_on_drop` kills the child, but not what the child has started. To kill a whole group, and
//!   to read lines as they come: `subprocess_live_output`.
//! - It sends SIGKILL, so the child cannot clean up. Ask first with SIGTERM: `signal_child`.
//! - It does not wait for the end. The runtime removes the dead child a little later. To be sure,
//!   keep the `Child` and await `child.kill()`.
//! - It does nothing when this program is itself killed, or ends by `process::exit`.
//! - The outputs are kept in memory. For many commands, a limited number at once:
//!   `parallel_commands`.
//!
//! Python: `asyncio.create_subprocess_exec(...)` and `communicate()`, in a `gather`
//! Needs: `cargo add futures@0.3`, `cargo add tokio@1 -F process`
//! Demo needs: `cargo add tokio@1 -F full`
//! Runs on: Linux, macOS, for `sh` in the demo; `run_all` anywhere
//! Tested: `asyncio/tests/proof/async_subprocess.rs`
//!
//! ```console
//! $ cargo run -p asyncio --bin async_subprocess
//! exit status: 0: first
//! exit status: 0: second
//! exit status: 3: third
//! exit status: 0: fourth
//! slow: Err(Elapsed(()))
//! ```

use std::io;
use std::process::{Output, Stdio};

use futures::future::join_all;
use tokio::process::Command;

/// Runs all `commands` at once, without input, and returns their outputs in the order of the
/// commands. One that does not start has an error in its place. Dropping the future kills those
/// that still run.
pub async fn run_all(commands: impl IntoIterator<Item = Command>) -> Vec<io::Result<Output>> {
    let mut children = Vec::new();
    for mut command in commands {
        command.stdin(Stdio::null());
        command.kill_on_drop(true);
        let output = command.output(); // starts the child already, and is then awaited
        children.push(output);
    }
    join_all(children).await
}

// ---- Demo ----------------------------------------------------------------------------------

use std::time::Duration;

use tokio::time::timeout;

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let scripts = [
        "sleep 0.3; echo first",
        "sleep 0.1; echo second",
        "echo third; exit 3",
        "sleep 0.2; echo fourth",
    ];
    for output in run_all(scripts.map(shell)).await {
        let output = output?;
        let text = String::from_utf8_lossy(&output.stdout);
        println!("{}: {}", output.status, text.trim_end());
    }

    // With `exec` the shell becomes `sleep`. Otherwise only the shell would be killed.
    let slow = run_all([shell("exec sleep 600")]);
    let result = timeout(Duration::from_millis(100), slow).await;
    println!("slow: {:?}", result.map(|outputs| outputs.len()));
    Ok(())
}

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}
