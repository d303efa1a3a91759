use std::future::{pending, ready};
use std::panic::AssertUnwindSafe;

use futures::{FutureExt, poll};
use tokio::sync::Semaphore;

#[path = "../../src/bin/async_semaphore.rs"]
#[allow(dead_code)]
mod program;
use program::with_permit;

#[tokio::test]
async fn a_panic_gives_the_permit_back() {
    let permits = Semaphore::new(1);
    let panics = with_permit(&permits, async { panic!("inside") });
    assert!(AssertUnwindSafe(panics).catch_unwind().await.is_err());
    assert_eq!(permits.available_permits(), 1);
}

#[tokio::test]
async fn a_canceled_task_gives_the_permit_to_the_next_one() {
    let permits = Semaphore::new(1);
    let mut holder = Box::pin(with_permit(&permits, pending::<()>()));
    assert!(poll!(&mut holder).is_pending());
    let mut next = Box::pin(with_permit(&permits, ready(())));
    assert!(poll!(&mut next).is_pending());
    drop(holder);
    assert!(poll!(&mut next).is_ready());
}

#[tokio::test]
async fn one_that_stops_waiting_loses_its_place_and_nobody_else_does() {
    let permits = Semaphore::new(1);
    let mut holder = Box::pin(with_permit(&permits, pending::<()>()));
    assert!(poll!(&mut holder).is_pending());
    let mut first = Box::pin(with_permit(&permits, ready(())));
    let mut second = Box::pin(with_permit(&permits, ready(())));
    let mut third = Box::pin(with_permit(&permits, ready(())));
    assert!(poll!(&mut first).is_pending());
    assert!(poll!(&mut second).is_pending());
    assert!(poll!(&mut third).is_pending());
    drop(first);
    let mut first_again = Box::pin(with_permit(&permits, pending::<()>()));
    assert!(poll!(&mut first_again).is_pending());

    drop(holder); // from here on in the order of asking
    assert!(poll!(&mut first_again).is_pending());
    assert!(poll!(&mut third).is_pending());
    assert!(poll!(&mut second).is_ready());
    assert!(poll!(&mut first_again).is_pending());
    assert!(poll!(&mut third).is_ready());
    assert!(poll!(&mut first_again).is_pending());
    assert_eq!(permits.available_permits(), 0); // it has the permit now
}
