//! Fixed: the value is bound with `let`, which releases the lock before the `match`.
//!
//! A `let` drops the guard at its semicolon, and `cloned` gives a value that borrows nothing from
//! it. It costs a clone, and it leaves a gap: another thread may miss at the same time and load as
//! well, so the insert keeps the name that is there already. To load each name only once, keep an
//! `Arc<OnceLock<String>>` for each user in the map.
//!
//! Python: `with lock: name = cache.get(id)`, and what follows after the block
//! Broken: `deadlock_guard_in_match_broken`
//! Needs: nothing
//! Tested: `models/tests/deadlocks.rs`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_guard_in_match_fixed
//! user 7 within 10s: Ok("user-7")
//! the cache: Mutex { data: {7: "user-7"}, poisoned: false, .. }
//! ```

use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

/// How long `main` waits before it gives up.
const LIMIT: Duration = Duration::from_secs(10);

/// Returns the name of user `id`: from `cache`, or else from `load`, which runs without the lock.
///
/// If two threads miss at once, both load. The first name is kept, and both return it.
pub fn user_name(
    cache: &Mutex<HashMap<u32, String>>,
    id: u32,
    load: impl FnOnce(u32) -> String,
) -> String {
    let cached = cache.lock().unwrap().get(&id).cloned(); // FIXED: unlocks at the semicolon
    match cached {
        Some(name) => name,
        None => {
            let loaded = load(id);
            let mut names = cache.lock().unwrap();
            let name = names.entry(id).or_insert(loaded);
            name.clone()
        }
    }
}

fn main() -> ExitCode {
    let cache = Arc::new(Mutex::new(HashMap::new()));
    let (sender, receiver) = mpsc::channel();
    let shared = Arc::clone(&cache);
    thread::spawn(move || {
        let name = user_name(&shared, 7, |id| format!("user-{id}"));
        sender.send(name).unwrap();
    });

    let name = receiver.recv_timeout(LIMIT);
    println!("user 7 within {LIMIT:?}: {name:?}");
    println!("the cache: {cache:?}");
    if name.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
