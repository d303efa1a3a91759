//! Runs a piece of an example on every schedule there is.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// All values that `run` returns, over all schedules. Panics where one of them panics or
/// deadlocks, and prints that schedule, for `shuttle::replay`.
pub fn outcomes<T: Ord + Send + 'static>(
    run: impl Fn() -> T + Send + Sync + 'static,
) -> BTreeSet<T> {
    let outcomes = Arc::new(Mutex::new(BTreeSet::new()));
    let seen = outcomes.clone();
    shuttle::check_dfs(
        move || {
            let outcome = run();
            seen.lock().unwrap().insert(outcome);
        },
        None,
    );
    std::mem::take(&mut outcomes.lock().unwrap())
}

/// Takes examples in, each as a module: `examples! { name: "../../package/src/bin/name.rs" }`. The
/// paths begin at the file that says so.
#[macro_export]
macro_rules! examples {
    ($($name:ident: $path:literal),+ $(,)?) => {
        $(
            #[allow(dead_code, unfulfilled_lint_expectations)]
            #[path = $path]
            mod $name;
        )+
    };
}
