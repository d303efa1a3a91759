//! What can come out of the deadlocks: of the broken halves, with nothing forced, no end; of the
//! fixed ones an end, on every schedule.

extern crate std_unforced as std;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, mpsc};
use std::thread;

use models::outcomes;

models::examples! {
    deadlock_bounded_both_ways_broken: "../../pitfalls/src/bin/deadlock_bounded_both_ways_broken.rs",
    deadlock_bounded_both_ways_fixed: "../../pitfalls/src/bin/deadlock_bounded_both_ways_fixed.rs",
    deadlock_dining_philosophers_broken: "../../pitfalls/src/bin/deadlock_dining_philosophers_broken.rs",
    deadlock_dining_philosophers_fixed: "../../pitfalls/src/bin/deadlock_dining_philosophers_fixed.rs",
    deadlock_guard_in_match_broken: "../../pitfalls/src/bin/deadlock_guard_in_match_broken.rs",
    deadlock_guard_in_match_fixed: "../../pitfalls/src/bin/deadlock_guard_in_match_fixed.rs",
    deadlock_join_holding_lock_broken: "../../pitfalls/src/bin/deadlock_join_holding_lock_broken.rs",
    deadlock_join_holding_lock_fixed: "../../pitfalls/src/bin/deadlock_join_holding_lock_fixed.rs",
    deadlock_lock_order_broken: "../../pitfalls/src/bin/deadlock_lock_order_broken.rs",
    deadlock_lock_order_fixed: "../../pitfalls/src/bin/deadlock_lock_order_fixed.rs",
    deadlock_lost_wakeup_broken: "../../pitfalls/src/bin/deadlock_lost_wakeup_broken.rs",
    deadlock_lost_wakeup_fixed: "../../pitfalls/src/bin/deadlock_lost_wakeup_fixed.rs",
    deadlock_recursive_read_fixed: "../../pitfalls/src/bin/deadlock_recursive_read_fixed.rs",
    deadlock_relock_broken: "../../pitfalls/src/bin/deadlock_relock_broken.rs",
    deadlock_relock_fixed: "../../pitfalls/src/bin/deadlock_relock_fixed.rs",
    deadlock_sender_alive_broken: "../../pitfalls/src/bin/deadlock_sender_alive_broken.rs",
    deadlock_sender_alive_fixed: "../../pitfalls/src/bin/deadlock_sender_alive_fixed.rs",
}

/// What a server answers that is asked all of `$asked`, through channels without room.
macro_rules! answers {
    ($half:ident, $asked:expr) => {
        outcomes(|| {
            use $half::{ask_all, serve};
            let (to_server, requests) = mpsc::sync_channel(0);
            let (to_client, replies) = mpsc::sync_channel(0);
            let server = thread::spawn(|| serve(requests, to_client));
            let answers = ask_all($asked, to_server, replies);
            server.join().unwrap();
            answers
        })
    };
}

/// The balances after a transfer of 10 one way and of 20 the other way.
macro_rules! balances {
    ($half:ident) => {
        outcomes(|| {
            let accounts = [100, 100].map(Mutex::new);
            $half::transfer_both_ways(&accounts);
            accounts.map(|account| account.into_inner().unwrap())
        })
    };
}

#[test]
#[should_panic(expected = "deadlock")]
fn broken_deadlock_lock_order() {
    balances!(deadlock_lock_order_broken);
}

#[test]
fn fixed_deadlock_lock_order() {
    assert_eq!(balances!(deadlock_lock_order_fixed), [[110, 90]].into());
}

#[test]
#[should_panic(expected = "deadlock")]
fn broken_deadlock_relock() {
    outcomes(|| deadlock_relock_broken::Account::default().deposit_all(&[100, 200]));
}

#[test]
#[should_panic(expected = "deadlock")]
fn broken_deadlock_guard_in_match() {
    outcomes(|| {
        let cache = Mutex::new(HashMap::new());
        deadlock_guard_in_match_broken::user_name(&cache, 7, |id| format!("user-{id}"))
    });
}

#[test]
#[should_panic(expected = "deadlock")]
fn broken_deadlock_sender_alive() {
    outcomes(|| deadlock_sender_alive_broken::count_words(&["to be", "or not to be"], |_| {}));
}

#[test]
#[should_panic(expected = "deadlock")]
fn broken_deadlock_bounded_both_ways() {
    answers!(deadlock_bounded_both_ways_broken, &[1, 2]);
}

/// With one request the same code ends: that is why small tests pass.
#[test]
fn broken_deadlock_bounded_both_ways_with_one_request() {
    let answers = answers!(deadlock_bounded_both_ways_broken, &[1]);
    assert_eq!(answers, [vec![1]].into());
}

#[test]
#[should_panic(expected = "deadlock")]
fn broken_deadlock_join_holding_lock() {
    outcomes(|| deadlock_join_holding_lock_broken::run_all(&["load"], &Mutex::new(Vec::new())));
}

#[test]
#[should_panic(expected = "deadlock")]
fn broken_deadlock_lost_wakeup() {
    outcomes(|| deadlock_lost_wakeup_broken::set_and_wait(&Default::default()));
}

#[test]
#[should_panic(expected = "deadlock")]
fn broken_deadlock_dining_philosophers() {
    outcomes(|| {
        let forks = [0; 3].map(Mutex::new);
        deadlock_dining_philosophers_broken::dine_all(&forks);
    });
}

/// All or nothing: no balance in between.
#[test]
fn fixed_deadlock_relock() {
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
fn fixed_deadlock_guard_in_match() {
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
fn fixed_deadlock_recursive_read() {
    use deadlock_recursive_read_fixed::{Settings, read_and_write};
    let urls = outcomes(|| {
        let settings = std::sync::RwLock::new(Settings {
            scheme: "http",
            port: 80,
        });
        read_and_write(&settings)
    });
    let one_moment = ["http://localhost:80/a", "https://localhost:443/a"].map(String::from);
    assert_eq!(urls, one_moment.into());
}

#[test]
fn fixed_deadlock_sender_alive() {
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
fn fixed_deadlock_sender_alive_without_texts() {
    let ends = outcomes(|| deadlock_sender_alive_fixed::count_words(&[], |_| {}));
    assert_eq!(ends, [()].into());
}

#[test]
fn fixed_deadlock_bounded_both_ways() {
    let answers = answers!(deadlock_bounded_both_ways_fixed, &[1, 2]);
    assert_eq!(answers, [vec![1, 4]].into());
}

#[test]
fn fixed_deadlock_join_holding_lock() {
    let logs = outcomes(|| {
        let log = Mutex::new(Vec::new());
        deadlock_join_holding_lock_fixed::run_all(&["load", "sort"], &log);
        log.into_inner().unwrap().join(", ")
    });
    let both = ["start, load done, sort done", "start, sort done, load done"].map(String::from);
    assert_eq!(logs, both.into());
}

#[test]
fn fixed_deadlock_lost_wakeup() {
    let ends = outcomes(|| deadlock_lost_wakeup_fixed::set_and_wait(&Default::default()));
    assert_eq!(ends, [()].into());
}

#[test]
fn fixed_deadlock_dining_philosophers() {
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
