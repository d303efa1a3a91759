//! Give each worker of a rayon pool a name, and a step to run once before its first job.
//!
//! Use it when each worker needs something of its own that is expensive to make: a connection, a
//! parser, a large buffer. The start handler runs in the worker's thread. It puts the value into a
//! `thread_local!`, where the jobs of that worker find it.
//!
//! - `build_global` sets up the pool that `par_iter` uses otherwise. A second call, or one after
//!   the first `par_iter`, fails: "The global thread pool has already been initialized".
//! - A panic in the start handler, or in a job given to `spawn`, aborts the process, unless the
//!   builder has a `panic_handler`.
//! - Dropping the pool does not wait for its threads to end. `build_scoped` waits.
//! - To make the value when a worker first uses it, no handler is needed: `thread_local_state`.
//! - `map_init` makes a value for each part of the work, not for each worker.
//!
//! Python: `ThreadPoolExecutor(4, thread_name_prefix="worker", initializer=open_session)`
//! Needs: `cargo add rayon@1`
//!
//! ```console
//! $ cargo run -p threading --bin thread_pool_initializer
//! names: ["worker-0", "worker-1", "worker-2", "worker-3"]
//! 100 queries, 4 sessions opened
//! build_global, a second time: The global thread pool has already been initialized.
//! ```

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

use rayon::prelude::*;
use rayon::{ThreadPoolBuildError, ThreadPoolBuilder};

thread_local! {
    /// The session of this worker.
    static SESSION: RefCell<Option<Session>> = const { RefCell::new(None) };
}

fn main() -> Result<(), ThreadPoolBuildError> {
    let pool = ThreadPoolBuilder::new()
        .num_threads(4)
        .thread_name(|index| format!("worker-{index}"))
        .start_handler(|index| SESSION.set(Some(Session::open(index))))
        .build()?;

    let names = pool.broadcast(|_| {
        let worker = thread::current();
        worker.name().unwrap_or("no name").to_owned()
    });
    println!("names: {names:?}");

    let answers: Vec<String> = pool.install(|| {
        let numbers = (0..100).into_par_iter();
        numbers.map(query).collect()
    });
    let opened = OPENED.load(Relaxed);
    println!("{} queries, {opened} sessions opened", answers.len());

    ThreadPoolBuilder::new().num_threads(2).build_global()?;
    let again = ThreadPoolBuilder::new().num_threads(8).build_global();
    println!("build_global, a second time: {}", again.unwrap_err());
    Ok(())
}

fn query(number: u32) -> String {
    SESSION.with_borrow(|session| {
        let session = session.as_ref().expect("the start handler has run");
        format!("answer {number} from session {}", session.number)
    })
}

/// Stands for a connection to a database.
struct Session {
    number: usize,
}

static OPENED: AtomicUsize = AtomicUsize::new(0);

impl Session {
    fn open(number: usize) -> Self {
        OPENED.fetch_add(1, Relaxed);
        Self { number }
    }
}
