//! Leak: a worker thread owns the service that owns the worker, so nobody ever drops it.
//!
//! You see: `Drop` does not run, connections and files stay open, and memory grows with each new
//! service; the thread waits forever.
//! Why: the service ends when its last `Arc` is gone. One of them is in the thread, which ends when
//! the service is dropped: each waits for the other.
//! Rule: what is owned refers to its owner by a `Weak`, or only to the parts that it needs.
//!
//! Python: a thread whose target is `self.run`; the garbage collector does not take running threads
//! Caught by: no lint
//! Fixed: `leak_arc_cycle_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin leak_arc_cycle_broken
//! ? 1
//! handled 1 job
//! the service is still there after its last user
//! ```

use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Weak};
use std::thread;

/// A service with a worker thread of its own.
pub struct Service {
    jobs: Sender<Sender<()>>,
    handled: AtomicUsize,
}

impl Service {
    pub fn start() -> Arc<Service> {
        let (jobs, receiver) = mpsc::channel();
        let service = Arc::new(Service {
            jobs,
            handled: AtomicUsize::new(0),
        });
        let owner = Arc::clone(&service); // BROKEN: the thread owns the service
        thread::spawn(move || work(receiver, &owner));
        service
    }

    /// Does a job, and returns when it is done.
    pub fn run(&self) {
        let (done, wait) = mpsc::channel();
        self.jobs
            .send(done)
            .expect("the worker lives as long as `self`");
        wait.recv().expect("the worker does not panic");
    }
}

fn work(jobs: Receiver<Sender<()>>, service: &Arc<Service>) {
    for done in jobs {
        service.handled.fetch_add(1, Relaxed);
        let _caller_gone = done.send(());
    }
}

fn main() -> ExitCode {
    let service = Service::start();
    service.run();
    let handled = service.handled.load(Relaxed);
    println!("handled {handled} job");

    let watch: Weak<Service> = Arc::downgrade(&service);
    drop(service);
    let gone = watch.upgrade().is_none();
    if gone {
        println!("the service is gone with its last user");
        ExitCode::SUCCESS
    } else {
        println!("the service is still there after its last user");
        ExitCode::FAILURE
    }
}
