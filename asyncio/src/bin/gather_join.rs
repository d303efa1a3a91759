//! Wait for several futures at once, and choose what a failure does to the others.
//!
//! Use `join!` for a fixed number of futures, which may be of different types, and `join_all` for a
//! list. Both wait for all of them and return the results in the order of the futures. `try_join!`
//! and `try_join_all` return at the first error and drop the other futures, which cancels them.
//!
//! - The futures run on the task that awaits them. Their waits overlap, but they never compute at
//!   the same time, and one that blocks holds up the others. To use more cores: `task_group`.
//! - `try_join!` over the handles of spawned tasks drops only the handles. The tasks run on.
//! - For a long list set a limit: `fanout`. For each result as soon as it is there: `as_completed`.
//!
//! Python: `asyncio.gather(a(), b())`, whose first error does not cancel the others; with
//! `return_exceptions=True` it is `gather` below
//! Needs: `cargo add futures@0.3`
//! Demo needs: `cargo add tokio@1 -F full,test-util`
//! Tested: `asyncio/tests/proof/gather_join.rs`
//!
//! ```console
//! $ cargo run -p asyncio --bin gather_join
//! one by one: Ok("news"), Ok("mail"), Ok("feed"), after 3s
//! join!: Ok("news"), Ok("mail"), Ok("feed"), after 1s
//! gather: ["news", "feed"], errors: ["mail is down"], after 1s
//! try_join!: Err("mail is down"), after 500ms
//! ```

use futures::future::join_all;

/// Waits for all `futures` at once. Returns their values and their errors, both in the order of the
/// futures.
pub async fn gather<T, E, F>(futures: impl IntoIterator<Item = F>) -> (Vec<T>, Vec<E>)
where
    F: Future<Output = Result<T, E>>,
{
    let mut values = Vec::new();
    let mut errors = Vec::new();
    for result in join_all(futures).await {
        match result {
            Ok(value) => values.push(value),
            Err(error) => errors.push(error),
        }
    }
    (values, errors)
}

// ---- Demo ----------------------------------------------------------------------------------

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio::{join, try_join};

const SECOND: Duration = Duration::from_secs(1);

// Time is paused: when every task waits, the clock jumps to the next deadline.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let start = Instant::now();
    let news = fetch("news").await;
    let mail = fetch("mail").await;
    let feed = fetch("feed").await;
    println!(
        "one by one: {news:?}, {mail:?}, {feed:?}, after {:?}",
        start.elapsed()
    );

    let start = Instant::now();
    let (news, mail, feed) = join!(fetch("news"), fetch("mail"), fetch("feed"));
    println!(
        "join!: {news:?}, {mail:?}, {feed:?}, after {:?}",
        start.elapsed()
    );

    let start = Instant::now();
    let (pages, errors) = gather(["news", "mail is down", "feed"].map(fetch)).await;
    println!(
        "gather: {pages:?}, errors: {errors:?}, after {:?}",
        start.elapsed()
    );

    let start = Instant::now();
    let pages = try_join!(fetch("news"), fetch("mail is down"), fetch("feed"));
    println!("try_join!: {pages:?}, after {:?}", start.elapsed());
}

/// Stands for a request. It takes a second, or half a second if the page is down.
async fn fetch(page: &'static str) -> Result<&'static str, &'static str> {
    if page.ends_with("down") {
        sleep(SECOND / 2).await;
        return Err(page);
    }
    sleep(SECOND).await;
    Ok(page)
}
