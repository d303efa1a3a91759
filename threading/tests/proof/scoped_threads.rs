use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Barrier, mpsc};
use std::thread;
use std::time::Duration;

#[path = "../../src/bin/scoped_threads.rs"]
#[allow(dead_code)]
mod program;
use program::map_parts;

#[test]
fn every_item_is_in_exactly_one_part_and_the_parts_are_in_order() {
    for length in 0..20 {
        for threads in 1..8 {
            let mut items: Vec<usize> = (0..length).collect();
            let parts = map_parts(&mut items, threads, |part| part.to_vec());
            assert!(parts.len() <= threads, "{length} items, {threads} threads");
            assert_eq!(parts.concat(), items);
        }
    }
}

#[test]
fn all_parts_are_worked_on_at_once() {
    let (end, ended) = mpsc::channel();
    thread::spawn(move || {
        let all_here = Barrier::new(4);
        map_parts(&mut [0; 8], 4, |_| all_here.wait());
        end.send(()).unwrap();
    });
    let ended = ended.recv_timeout(Duration::from_secs(10));
    assert!(ended.is_ok(), "a part waits for one that has not begun");
}

#[test]
fn a_panic_reaches_the_caller_after_the_other_parts_have_ended() {
    let panicking = Barrier::new(4);
    let mut items = [1, 2, 3, 4];
    let caught = catch_unwind(AssertUnwindSafe(|| {
        map_parts(&mut items, 4, |part| {
            panicking.wait();
            if part[0] == 1 {
                panic!("no part 1");
            }
            part[0] *= 10;
        })
    }));
    let message = caught.unwrap_err();
    assert_eq!(message.downcast_ref(), Some(&"no part 1"));
    assert_eq!(items, [1, 20, 30, 40]);
}
