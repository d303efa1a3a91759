//! Wait for several futures at once, and choose what a failure does to the others.
//!
//! `join!` waits for a fixed number of futures of any types, `join_all` for a list. The results
//! come in the order asked. `gather` below sorts them into successes and failures. `try_join!`
//! and `try_join_all` return at the first error and drop the rest, which cancels them on the
//! spot; over spawned tasks they drop only the handles, and the tasks run on. All of it runs on
//! one task: waits overlap, computing does not, and a future that blocks stops the others. For
//! more than one core spawn them, into a `JoinSet`. For a long list set a limit: see `fanout`.
//!
//! Python: `asyncio.gather(return_exceptions=True)` is `join_all`; plain `gather` is
//! `try_join_all` over spawned tasks, whose failure leaves the rest running.
//! Needs: `cargo add futures@0.3`, `cargo add tokio@1 -F full,test-util`
//!
//! ```console
//! $ cargo run -p asyncio --bin gather_join
//! one after the other: 3s
//! join!: 1s, Ok("news") and Ok("feed") and 7
//! join_all: 1s, [Ok("slow"), Ok("fast")]; of no futures: []
//! gather: 1s, kept ["news", "feed"], lost ["mail is down"]
//! try_join!: 500ms, Err("mail is down"); still running: 0
//! try_join! of tasks: 500ms, Err("mail is down"); still running: 1
//! ```

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{Ready, join_all};
use tokio::time::{Instant, sleep};
use tokio::{join, spawn, try_join};

/// Awaits all `futures` at once, on this task, and returns the successes and the failures, each
/// in the order asked. Dropped half-way, it drops them all.
pub async fn gather<T, E>(
    futures: impl IntoIterator<Item = impl Future<Output = Result<T, E>>>,
) -> (Vec<T>, Vec<E>) {
    let (mut successes, mut failures) = (Vec::new(), Vec::new());
    for result in join_all(futures).await {
        match result {
            Ok(success) => successes.push(success),
            Err(failure) => failures.push(failure),
        }
    }
    (successes, failures)
}

/// Time is paused here: when every task waits, the clock jumps to the next deadline.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> ExitCode {
    let running = Arc::new(()); // each fetch holds one more, until it ends or is dropped
    let still_running = || Arc::strong_count(&running) - 1;
    let fetch = |name, takes| fetch(name, takes, running.clone());

    let start = Instant::now();
    for name in ["news", "mail", "feed"] {
        let _page = fetch(name, 1000).await;
    }
    let in_turn = start.elapsed();
    println!("one after the other: {in_turn:?}");

    let start = Instant::now();
    let (news, feed, seven) = join!(fetch("news", 1000), fetch("feed", 1000), async { 7 });
    let at_once = start.elapsed();
    println!("join!: {at_once:?}, {news:?} and {feed:?} and {seven}");

    let start = Instant::now();
    let pages = join_all([fetch("slow", 1000), fetch("fast", 100)]).await;
    let none = join_all(Vec::<Ready<u8>>::new()).await;
    println!(
        "join_all: {:?}, {pages:?}; of no futures: {none:?}",
        start.elapsed()
    );

    let start = Instant::now();
    let (kept, lost) = gather([fetch("news", 1000), fetch("mail", 500), fetch("feed", 100)]).await;
    println!(
        "gather: {:?}, kept {kept:?}, lost {lost:?}",
        start.elapsed()
    );

    let start = Instant::now();
    let first = try_join!(fetch("news", 100), fetch("mail", 500), fetch("feed", 1000));
    let left = still_running();
    println!(
        "try_join!: {:?}, {first:?}; still running: {left}",
        start.elapsed()
    );

    let start = Instant::now();
    let task = async |name, takes| spawn(fetch(name, takes)).await.expect("no panic");
    let first = try_join!(task("news", 100), task("mail", 500), task("feed", 1000));
    let leaked = still_running();
    println!(
        "try_join! of tasks: {:?}, {first:?}; still running: {leaked}",
        start.elapsed()
    );

    let held = (in_turn.as_secs(), at_once.as_secs()) == (3, 1)
        && (kept.len(), lost.len()) == (2, 1)
        && (left, leaked) == (0, 1);
    if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Stands for a request that takes `millis`. Mail is down.
async fn fetch(
    name: &'static str,
    millis: u64,
    _running: Arc<()>,
) -> Result<&'static str, &'static str> {
    sleep(Duration::from_millis(millis)).await;
    if name == "mail" {
        Err("mail is down")
    } else {
        Ok(name)
    }
}
