//! Run clean-up that awaits: after success, after an error, and when the work is canceled.
//!
//! Use it for a session to end, a lock on a server to release, a message to send. `Drop` cannot
//! await, and there is no async `Drop`. So `with_clean_up` runs the clean-up as a task, and waits
//! for it when the work has ended. If the future is dropped or the work panics, a guard starts that
//! task, and only `tasks.wait()` at the shutdown waits for it.
//!
//! - A `TaskTracker` owns the tasks. Wait for it before `main` returns, or clean-up is lost.
//! - Dropping the future during the clean-up does not cut it off. Give it a deadline of its own:
//!   `timeouts`.
//! - The clean-up has to report its own errors. A process that is killed runs none at all.
//! - Clean-up that does not await belongs in `Drop`, which runs in all of these cases:
//!   `task_cancel`.
//!
//! Python: `async with session:`, and `try: ... finally: await session.close()`
//! Needs: `cargo add scopeguard@1`, `cargo add tokio@1 -F rt`, `cargo add tokio-util@0.7 -F rt`
//! Demo needs: `cargo add tokio@1 -F full,test-util`
//! Tested: `asyncio/tests/proof/async_cleanup.rs`
//!
//! ```console
//! $ cargo run -p asyncio --bin async_cleanup
//!   ann is logged in
//!   ann is logged out
//! ann gets Ok("hello")
//!   bob is logged in
//!   bob is logged out
//! bob gets Err("no such mail")
//!   eve is logged in
//! eve gets Err(Elapsed(()))
//!   eve is logged out
//! all clean-up has ended
//! ```

use std::panic::resume_unwind;

use scopeguard::{ScopeGuard, guard};
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

/// Opens a resource, runs `work` with it, then runs `clean_up`, and returns the result of the work.
///
/// If the future is dropped after `open`, or if `work` panics, the clean-up runs as a task of
/// `tasks`. To wait for it at shutdown, call `tasks.close()` and `tasks.wait().await`.
///
/// # Errors
/// That of `open`, which leaves nothing to clean up, or that of `work`, after the clean-up.
///
/// # Panics
/// With the panic of `work` or of `clean_up`, or outside of a tokio runtime.
pub async fn with_clean_up<R, T, E, F>(
    tasks: &TaskTracker,
    open: impl Future<Output = Result<R, E>>,
    work: impl AsyncFnOnce(&mut R) -> Result<T, E>,
    clean_up: impl Fn(R) -> F,
) -> Result<T, E>
where
    F: Future<Output = ()> + Send + 'static,
{
    let runtime = Handle::current();
    let start_clean_up = |resource| tasks.spawn_on(clean_up(resource), &runtime);
    // The guard starts the clean-up if this future is dropped, or if `work` panics.
    let mut resource = guard(open.await?, |resource| {
        start_clean_up(resource);
    });
    let result = work(&mut resource).await;

    // Takes the resource out of the guard, which then starts nothing.
    let resource = ScopeGuard::into_inner(resource);
    if let Err(error) = start_clean_up(resource).await {
        resume_unwind(error.into_panic());
    }
    result
}

// ---- Demo ----------------------------------------------------------------------------------

use std::time::Duration;

use tokio::time::{sleep, timeout};

const SECOND: Duration = Duration::from_secs(1);

// Time is paused: when every task waits, the clock jumps to the next deadline.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let tasks = TaskTracker::new();

    let read = async |session: &mut Session| session.read_mail(1).await;
    let mail = with_clean_up(&tasks, log_in("ann"), read, Session::log_out).await;
    println!("ann gets {mail:?}");

    let read = async |session: &mut Session| session.read_mail(404).await;
    let mail = with_clean_up(&tasks, log_in("bob"), read, Session::log_out).await;
    println!("bob gets {mail:?}");

    let wait = async |session: &mut Session| session.wait_for_mail().await;
    let waiting = with_clean_up(&tasks, log_in("eve"), wait, Session::log_out);
    let mail = timeout(SECOND, waiting).await;
    println!("eve gets {mail:?}");

    tasks.close();
    tasks.wait().await;
    println!("all clean-up has ended");
}

/// Stands for a session on a mail server.
struct Session {
    user: &'static str,
}

async fn log_in(user: &'static str) -> Result<Session, &'static str> {
    println!("  {user} is logged in");
    Ok(Session { user })
}

impl Session {
    async fn read_mail(&mut self, number: u32) -> Result<&'static str, &'static str> {
        if number == 404 {
            return Err("no such mail");
        }
        Ok("hello")
    }

    async fn wait_for_mail(&mut self) -> Result<&'static str, &'static str> {
        sleep(3600 * SECOND).await;
        Ok("at last")
    }

    async fn log_out(self) {
        sleep(SECOND).await;
        println!("  {} is logged out", self.user);
    }
}
