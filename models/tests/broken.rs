//! What can come out of the broken halves, with nothing forced.

extern crate shuttle_tokio as tokio;
extern crate std_unforced as std;

use models::outcomes;

#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/deadlock_lock_order_broken.rs"]
mod deadlock_lock_order_broken;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/noop_future_never_polled_broken.rs"]
mod noop_future_never_polled_broken;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/race_lost_update_broken.rs"]
mod race_lost_update_broken;

#[test]
fn race_lost_update() {
    let totals = outcomes(|| race_lost_update_broken::count(2));
    assert_eq!(totals, [1, 2].into());
}

#[test]
#[should_panic(expected = "deadlock")]
fn deadlock_lock_order() {
    outcomes(|| {
        let accounts = [100, 100].map(std::sync::Mutex::new);
        deadlock_lock_order_broken::transfer_both_ways(&accounts);
    });
}

#[test]
fn noop_future_never_polled() {
    let saved = outcomes(|| {
        let mut table = Vec::new();
        let rows = ["ada", "grace", "edsger"];
        let save_all = noop_future_never_polled_broken::save_all(&mut table, &rows);
        shuttle::future::block_on(save_all).unwrap();
        table.iter().filter(|&&byte| byte == b'\n').count()
    });
    assert_eq!(saved, [0].into());
}
