//! What can come out of the fixed async race: one thing, on every schedule.

extern crate shuttle_tokio as tokio;
extern crate std_model as std;

use std::cell::Cell;
use std::rc::Rc;

use models::outcomes;
use shuttle::future::{block_on, spawn_local};

#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/race_async_lost_update_fixed.rs"]
mod race_async_lost_update_fixed;

#[test]
fn race_async_lost_update() {
    let totals = outcomes(|| {
        use race_async_lost_update_fixed::{add, fetch};
        let total = Rc::new(Cell::new(0));
        let tasks = [total.clone(), total.clone()]
            .map(|total| spawn_local(async move { add(&total, fetch()).await }));
        block_on(async {
            for task in tasks {
                task.await.unwrap();
            }
        });
        total.get()
    });
    assert_eq!(totals, [2].into());
}
