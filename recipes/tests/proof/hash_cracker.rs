use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use rayon::ThreadPoolBuilder;

#[path = "../../src/bin/hash_cracker.rs"]
#[allow(dead_code)]
mod program;
use program::find_word;

#[test]
fn a_hit_stops_the_other_thread() {
    let pool = ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let found = AtomicBool::new(false);
    let tried_later = AtomicU64::new(0);
    let word = pool.install(|| {
        find_word(4, |word| {
            if word == "aaaa" {
                found.store(true, Relaxed);
                return true;
            }
            // For 2 s the other thread tries one word in a millisecond: time to hear of the hit.
            if found.load(Relaxed) && tried_later.fetch_add(1, Relaxed) < 2000 {
                thread::sleep(Duration::from_millis(1));
            }
            while word.len() == 4 && !found.load(Relaxed) {
                thread::yield_now();
            }
            false
        })
    });
    assert_eq!(word.unwrap(), "aaaa");
    let all = 26_u64.pow(4);
    assert!(tried_later.into_inner() < all / 2);
}

#[test]
fn each_word_is_tried_once_if_there_is_no_hit() {
    let tried = Mutex::new(Vec::new());
    let found = find_word(2, |word| {
        tried.lock().unwrap().push(word.to_owned());
        false
    });
    assert_eq!(found, None);
    let tried = tried.into_inner().unwrap();
    assert_eq!(tried.len(), 26 + 26 * 26);
    let different = BTreeSet::from_iter(tried);
    assert_eq!(different.len(), 26 + 26 * 26);
    assert!(different.first().unwrap() == "a" && different.last().unwrap() == "zz");
}
