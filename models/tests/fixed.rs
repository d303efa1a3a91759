//! What can come out of the fixed halves: one thing, on every schedule.

extern crate shuttle_tokio as tokio;
extern crate std_model as std;

use models::outcomes;

#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/deadlock_lock_order_fixed.rs"]
mod deadlock_lock_order_fixed;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/noop_future_never_polled_fixed.rs"]
mod noop_future_never_polled_fixed;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/race_lost_update_fixed.rs"]
mod race_lost_update_fixed;

#[test]
fn race_lost_update() {
    let totals = outcomes(|| race_lost_update_fixed::count(2));
    assert_eq!(totals, [2].into());
}

#[test]
fn deadlock_lock_order() {
    let balances = outcomes(|| {
        let accounts = [100, 100].map(std::sync::Mutex::new);
        deadlock_lock_order_fixed::transfer_both_ways(&accounts);
        accounts.map(|account| account.into_inner().unwrap())
    });
    assert_eq!(balances, [[110, 90]].into());
}

#[test]
fn noop_future_never_polled() {
    let saved = outcomes(|| {
        let mut table = Vec::new();
        let rows = ["ada", "grace", "edsger"];
        let save_all = noop_future_never_polled_fixed::save_all(&mut table, &rows);
        shuttle::future::block_on(save_all).unwrap();
        table.iter().filter(|&&byte| byte == b'\n').count()
    });
    assert_eq!(saved, [3].into());
}
