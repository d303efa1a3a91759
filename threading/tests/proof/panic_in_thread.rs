use std::panic::resume_unwind;
use std::thread;

#[path = "../../src/bin/panic_in_thread.rs"]
#[allow(dead_code)]
mod program;
use program::panic_message;

fn message_of(work: fn(u32)) -> String {
    let panic = thread::spawn(move || work(7)).join().unwrap_err();
    panic_message(panic)
}

#[test]
fn the_message_is_found_whatever_type_it_has() {
    assert_eq!(message_of(|_| panic!("fixed")), "fixed");
    assert_eq!(message_of(|page| panic!("page {page}")), "page 7");
    let without_text = message_of(|page| resume_unwind(Box::new(page)));
    assert_eq!(without_text, "a panic without a message");
}

#[test]
fn the_message_of_an_unwrap_and_of_an_assert_is_found_too() {
    let unwrap = message_of(|_| {
        "seven".parse::<u32>().unwrap();
    });
    assert!(unwrap.contains("ParseIntError"), "{unwrap}");
    let assert = message_of(|page| assert_eq!(page, 8));
    assert!(assert.contains("left: 7"), "{assert}");
}
