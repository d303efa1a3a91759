use std::cmp::Ordering;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use rayon::ThreadPoolBuilder;

#[path = "../../src/bin/rayon_join.rs"]
#[allow(dead_code)]
mod program;
use program::quicksort;

#[test]
fn it_sorts_what_is_empty_equal_sorted_and_reversed() {
    let inputs: [Vec<i32>; 5] = [
        vec![],
        vec![1],
        vec![7; 5000],
        (0..5000).collect(),
        (0..5000).rev().collect(),
    ];
    for mut items in inputs {
        let mut expected = items.clone();
        expected.sort();
        quicksort(&mut items);
        assert_eq!(items, expected);
    }
}

#[test]
fn a_pool_with_one_thread_is_enough() {
    let pool = ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let mut items: Vec<i32> = (0..50_000).rev().collect();
    pool.install(|| quicksort(&mut items));
    assert!(items.is_sorted());
}

/// A number that cannot be compared with its equal: that panics.
#[derive(PartialEq, Eq)]
struct Number(u32);

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.0 == other.0 {
            resume_unwind(Box::new("equal numbers"));
        }
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[test]
fn a_panic_in_a_comparison_reaches_the_caller_and_no_item_is_lost() {
    let mut items: Vec<Number> = (0..50_000).rev().map(Number).collect();
    items.push(Number(0)); // its equal is in the same part
    let sorted = catch_unwind(AssertUnwindSafe(|| quicksort(&mut items)));
    assert!(sorted.is_err());
    // The median is in its place already, so the panic came out of a `join`.
    assert_eq!(items[25_000].0, 24_999);

    let mut numbers: Vec<u32> = items.iter().map(|number| number.0).collect();
    numbers.sort();
    let expected: Vec<u32> = [0].into_iter().chain(0..50_000).collect();
    assert_eq!(numbers, expected);
}
