//! Fork: run a function in a copy of this process, which sees all of its memory and changes none.
//!
//! Use it, rarely, for a child that needs large data that is only in memory, or that may crash. The
//! copy costs little: both processes read the same pages, and a page is copied when one of them
//! writes to it. What the child changes is changed in its copy only.
//!
//! - Fork before the first thread starts. The child has only the thread that forked. If another
//!   one held a lock, nobody in the child frees it: `deadlock_fork_with_lock`. The thread pools of
//!   rayon and tokio do not work there. In a program with threads: `fork_server` or `spawn_self`.
//! - The child leaves with `_exit`, because `exit` also runs what the parent has registered for its
//!   own end. Text in the buffer of stdout would be printed twice: `lost_output_after_fork`.
//! - An open file has one position for both processes. An open database connection must not be used
//!   in the child.
//! - An exit code has 8 bits. A larger result needs a pipe (`pipe_duplex`) or `shared_value`.
//!
//! Python: `set_start_method("fork")` and a global variable; `os.fork()` and `os._exit(7)`
//! Needs: `cargo add nix@0.31 -F process`
//! Runs on: Linux, macOS
//! Tested: `multiprocessing/tests/fork_inherit.rs`
//!
//! ```console
//! $ cargo run -p multiprocessing --bin fork_inherit
//! child: 1000000 prices, together 100000000
//! child: with 10 percent off, together 90000000
//! parent: the child is Exited(Pid([..]), 7)
//! parent: still 1000000 prices, together 100000000
//! ```

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use nix::libc;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};

/// The exit code of a child that has panicked, as for any Rust program.
pub const PANICKED: u8 = 101;

/// Calls `work` in a copy of this process, with its result as the exit code, and returns how the
/// copy has ended. If `work` panics, the exit code is `PANICKED`.
///
/// # Errors
/// If the system does not fork, or stdout cannot be written.
///
/// # Safety
/// No other thread may run in this process.
pub unsafe fn run_in_fork(work: impl FnOnce() -> u8) -> io::Result<WaitStatus> {
    io::stdout().flush()?; // what is in the buffer would be in two buffers
    // SAFETY: no other thread runs, as the caller has promised, so the child may do everything.
    let process = unsafe { fork() }?;
    match process {
        ForkResult::Parent { child } => {
            let status = waitpid(child, None)?;
            Ok(status)
        }
        ForkResult::Child => {
            // A panic must not unwind into the functions that have called this one.
            let code = catch_unwind(AssertUnwindSafe(work)).unwrap_or(PANICKED);
            let _ = io::stdout().flush(); // an error: nobody reads what we print
            // SAFETY: it ends this process, and nothing here is needed after that.
            unsafe { libc::_exit(i32::from(code)) }
        }
    }
}

// ---- Demo ----------------------------------------------------------------------------------

fn main() -> io::Result<()> {
    let mut prices = vec![100_u32; 1_000_000];

    let child = || {
        println!("child: {}", summary(&prices));
        for price in &mut prices {
            *price = *price * 9 / 10;
        }
        println!("child: with 10 percent off, together {}", sum(&prices));
        7
    };
    // SAFETY: this program starts no threads.
    let status = unsafe { run_in_fork(child) }?;

    println!("parent: the child is {status:?}");
    println!("parent: still {}", summary(&prices));
    Ok(())
}

fn summary(prices: &[u32]) -> String {
    format!("{} prices, together {}", prices.len(), sum(prices))
}

fn sum(prices: &[u32]) -> u32 {
    prices.iter().sum()
}
