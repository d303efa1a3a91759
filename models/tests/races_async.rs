//! What can come out of the async race: of the broken half with nothing forced, of the fixed one.

extern crate shuttle_tokio as tokio;
extern crate std_model as std;

use std::cell::Cell;
use std::rc::Rc;

use models::outcomes;
use shuttle::future::{block_on, spawn_local};

models::examples! {
    race_async_lost_update_broken: "../../pitfalls/src/bin/race_async_lost_update_broken.rs",
    race_async_lost_update_fixed: "../../pitfalls/src/bin/race_async_lost_update_fixed.rs",
}

/// The totals after two tasks of the half have added 1 each.
macro_rules! totals {
    ($half:ident) => {
        outcomes(|| {
            use $half::{add, fetch};
            let total = Rc::new(Cell::new(0));
            let tasks = [total.clone(), total.clone()]
                .map(|total| spawn_local(async move { add(&total, fetch()).await }));
            block_on(async {
                for task in tasks {
                    task.await.unwrap();
                }
            });
            total.get()
        })
    };
}

#[test]
fn broken_race_async_lost_update() {
    assert_eq!(totals!(race_async_lost_update_broken), [1, 2].into());
}

#[test]
fn fixed_race_async_lost_update() {
    assert_eq!(totals!(race_async_lost_update_fixed), [2].into());
}
