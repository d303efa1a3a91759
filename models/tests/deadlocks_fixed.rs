//! What can come out of the fixed deadlock halves: an end, on every schedule.

extern crate std_model as std;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, mpsc};
use std::thread;

use models::outcomes;

#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/deadlock_bounded_both_ways_fixed.rs"]
mod deadlock_bounded_both_ways_fixed;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/deadlock_dining_philosophers_fixed.rs"]
mod deadlock_dining_philosophers_fixed;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/deadlock_guard_in_match_fixed.rs"]
mod deadlock_guard_in_match_fixed;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/deadlock_join_holding_lock_fixed.rs"]
mod deadlock_join_holding_lock_fixed;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/deadlock_lost_wakeup_fixed.rs"]
mod deadlock_lost_wakeup_fixed;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/deadlock_recursive_read_fixed.rs"]
mod deadlock_recursive_read_fixed;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/deadlock_relock_fixed.rs"]
mod deadlock_relock_fixed;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/deadlock_sender_alive_fixed.rs"]
mod deadlock_sender_alive_fixed;

/// All or nothing: no balance in between.
#[test]
fn deadlock_relock() {
    let balances = outcomes(|| {
        let account = deadlock_relock_fixed::Account::default();
        thread::scope(|s| {
            s.spawn(|| account.deposit_all(&[100, 200]));
            account.balance()
        })
    });
    assert_eq!(balances, [0, 300].into());
}

/// Two threads that miss at once get the same name, whoever loads it.
#[test]
fn deadlock_guard_in_match() {
    let names = outcomes(|| {
        let cache = Mutex::new(HashMap::new());
        let loads = AtomicU32::new(0);
        let name = || {
            deadlock_guard_in_match_fixed::user_name(&cache, 7, |_| {
                format!("load {}", loads.fetch_add(1, Relaxed))
            })
        };
        thread::scope(|s| {
            let other = s.spawn(name);
            let mine = name();
            (mine == other.join().unwrap(), loads.load(Relaxed))
        })
    });
    assert_eq!(names, [(true, 1), (true, 2)].into());
}

/// The checker panics at a second read in one thread, whether or not a writer waits.
#[test]
fn deadlock_recursive_read() {
    use deadlock_recursive_read_fixed::{Settings, read_and_write};
    let urls = outcomes(|| {
        let settings = std::sync::RwLock::new(Settings { scheme: "http", port: 80 });
        read_and_write(&settings)
    });
    let one_moment = ["http://localhost:80/a", "https://localhost:443/a"].map(String::from);
    assert_eq!(urls, one_moment.into());
}

#[test]
fn deadlock_sender_alive() {
    let totals = outcomes(|| {
        let mut total = 0;
        deadlock_sender_alive_fixed::count_words(&["to be", "or not to be"], |words| {
            total += words;
        });
        total
    });
    assert_eq!(totals, [6].into());
}

#[test]
fn deadlock_sender_alive_without_texts() {
    let ends = outcomes(|| deadlock_sender_alive_fixed::count_words(&[], |_| {}));
    assert_eq!(ends, [()].into());
}

#[test]
fn deadlock_bounded_both_ways() {
    use deadlock_bounded_both_ways_fixed::{ask_all, serve};
    let answers = outcomes(|| {
        let (to_server, requests) = mpsc::sync_channel(0);
        let (to_client, mut replies) = mpsc::sync_channel(0);
        let server = thread::spawn(|| serve(requests, to_client));
        let answers = ask_all(&[1, 2], &to_server, &mut replies);
        drop(to_server);
        server.join().unwrap();
        answers
    });
    assert_eq!(answers, [vec![1, 4]].into());
}

#[test]
fn deadlock_join_holding_lock() {
    let logs = outcomes(|| {
        let log = Mutex::new(Vec::new());
        deadlock_join_holding_lock_fixed::run_all(&["load", "sort"], &log);
        log.into_inner().unwrap().join(", ")
    });
    let both =
        ["start, load done, sort done, end", "start, sort done, load done, end"].map(String::from);
    assert_eq!(logs, both.into());
}

#[test]
fn deadlock_lost_wakeup() {
    let ends = outcomes(|| deadlock_lost_wakeup_fixed::set_and_wait(&Default::default()));
    assert_eq!(ends, [()].into());
}

#[test]
fn deadlock_dining_philosophers() {
    let meals = outcomes(|| {
        let forks = [0; 3].map(Mutex::new);
        let dine = |me| deadlock_dining_philosophers_fixed::dine(&forks, me);
        thread::scope(|s| {
            s.spawn(|| dine(1));
            s.spawn(|| dine(2));
            dine(0); // on this thread: a fraction of the schedules that `dine_all` has
        });
        forks.map(|fork| fork.into_inner().unwrap())
    });
    assert_eq!(meals, [[2, 2, 2]].into());
}

/// One philosopher, one fork: it is not locked twice.
#[test]
fn deadlock_dining_philosophers_alone() {
    let meals = outcomes(|| {
        let forks = [0].map(Mutex::new);
        deadlock_dining_philosophers_fixed::dine_all(&forks);
        forks.map(|fork| fork.into_inner().unwrap())
    });
    assert_eq!(meals, [[1]].into());
}
