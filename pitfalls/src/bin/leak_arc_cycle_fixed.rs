//! Fixed: the worker has a `Weak`, and upgrades it only for the time of a job.
//!
//! When the last user drops the service, its sender is dropped with it, so the worker's `recv`
//! fails and the thread ends. A `Weak` that cannot be upgraded says the same. Better still is a
//! worker that gets only what it needs: the receiver, and an `Arc` of the counter.
//!
//! Python: a `weakref.ref(self)` in the thread
//! Broken: `leak_arc_cycle_broken`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin leak_arc_cycle_fixed
//! handled 1 job
//! the service is gone with its last user
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
        // FIXED: the thread does not own the service
        let owner = Arc::downgrade(&service);
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

fn work(jobs: Receiver<Sender<()>>, service: &Weak<Service>) {
    for done in jobs {
        if let Some(service) = service.upgrade() {
            service.handled.fetch_add(1, Relaxed);
        }
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
