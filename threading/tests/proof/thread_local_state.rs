use std::sync::Barrier;
use std::thread;

#[path = "../../src/bin/thread_local_state.rs"]
#[allow(dead_code)]
mod program;
use program::{count_request, requests};

#[test]
fn threads_that_count_at_the_same_time_count_only_their_own() {
    let all_alive = Barrier::new(4);
    thread::scope(|scope| {
        for number in 1..=4 {
            let all_alive = &all_alive;
            scope.spawn(move || {
                all_alive.wait();
                for _ in 0..number {
                    count_request();
                }
                all_alive.wait(); // everybody has counted
                assert_eq!(requests(), number);
            });
        }
    });
    assert_eq!(requests(), 0);
}
