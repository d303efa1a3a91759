//! Who is served when the caller before them goes away, in virtual time.

use std::num::NonZeroU16;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{Instant, sleep};

#[path = "../../src/bin/rate_limit.rs"]
#[allow(dead_code)]
mod program;

#[tokio::test(start_paused = true)]
async fn the_next_one_gets_the_place_of_one_that_is_gone() {
    let two = NonZeroU16::new(2).unwrap();
    let limit = Arc::new(program::RateLimit::new(two, Duration::from_secs(1), two));
    let (start, served) = (Instant::now(), Arc::new(Mutex::new(Vec::new())));
    // Two take the two places, and rest from 0 s and from 0.8 s on.
    let (first, second) = (
        limit.run(async {}),
        limit.run(sleep(Duration::from_millis(800))),
    );
    tokio::join!(first, second);
    let callers: Vec<_> = ["A", "B", "C"]
        .map(|name| {
            let (limit, served) = (limit.clone(), served.clone());
            tokio::spawn(async move {
                let serve = async { served.lock().unwrap().push((name, start.elapsed())) };
                limit.run(serve).await;
            })
        })
        .into();
    sleep(Duration::from_millis(1)).await; // all three wait
    callers[0].abort();
    for caller in callers {
        let _ = caller.await;
    }
    let served = served.lock().unwrap().clone();
    let seconds: Vec<_> = served
        .iter()
        .map(|(name, at)| (*name, at.as_millis() / 100))
        .collect();
    assert_eq!(seconds, [("B", 10), ("C", 18)]);
}
