use std::panic::AssertUnwindSafe;
use std::thread;

use futures::executor::block_on;
use futures::{FutureExt, poll};

#[path = "../../src/bin/task_local_context.rs"]
#[allow(dead_code)]
mod program;
use program::{REQUEST_ID, request_id, spawn_in_request};

#[tokio::test]
async fn the_id_follows_its_task_from_thread_to_thread() {
    let request = async {
        let first = (thread::current().id(), request_id());
        futures::pending!();
        let second = (thread::current().id(), request_id());
        [first, second]
    };
    let mut request = Box::pin(REQUEST_ID.scope(7, request));
    assert!(poll!(&mut request).is_pending());
    let other_thread = thread::spawn(|| block_on(request));
    let [first, second] = other_thread.join().unwrap();
    assert_ne!(first.0, second.0);
    assert_eq!([first.1, second.1], [Some(7), Some(7)]);
}

#[tokio::test]
async fn a_spawned_task_keeps_the_id_when_the_request_is_over() {
    let spawned = REQUEST_ID.sync_scope(7, || spawn_in_request(async { request_id() }));
    assert_eq!(request_id(), None);
    assert_eq!(spawned.await.unwrap(), Some(7));
}

#[tokio::test]
async fn outside_of_a_request_a_task_is_spawned_without_an_id() {
    let spawned = spawn_in_request(async { request_id() });
    assert_eq!(spawned.await.unwrap(), None);
}

#[tokio::test]
async fn an_inner_scope_that_panics_leaves_the_outer_one_as_it_was() {
    let request = async {
        let inner = REQUEST_ID.scope(2, async { panic!("{:?}", request_id()) });
        let panic = AssertUnwindSafe(inner).catch_unwind().await.unwrap_err();
        let message = panic.downcast::<String>().unwrap();
        (*message, request_id())
    };
    let (inner, outer) = REQUEST_ID.scope(1, request).await;
    assert_eq!(inner, "Some(2)");
    assert_eq!(outer, Some(1));
}
