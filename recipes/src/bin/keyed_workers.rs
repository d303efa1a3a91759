//! Run jobs of one key one after the other, in order, and jobs of different keys at once.
//!
//! Use it where people take a lock for each key: for the orders of a customer, the messages of a
//! chat, the writes to a file. A key that has jobs has a queue, and a task that takes the jobs in
//! the order of `submit`. The task ends when the queue is empty, so an idle key takes no memory.
//!
//! - At most `capacity` jobs wait or run; then `submit` waits. A busy key can use up the capacity,
//!   so choose it well above the number of keys that are busy at once.
//! - Submit the jobs of one key from one task: between tasks there is no order. This is why a lock
//!   in each of many tasks does not keep the order either.
//! - A job that panics is logged, and the next job of its key runs.
//! - A job is a future without a value. To get one back, let the job send it through a
//!   `tokio::sync::oneshot`. For jobs of several kinds, box them: `futures::future::BoxFuture`.
//! - A key with a state of its own: `actor`.
//!
//! Python: a `defaultdict(asyncio.Lock)`, which keeps the lock of every key that it has ever seen
//! Needs: `cargo add tokio@1 -F rt,sync`, `cargo add tokio-util@0.7 -F rt`, `cargo add tracing@0.1`
//! Demo needs: `cargo add tokio@1 -F full,test-util`
//! Tested: `recipes/tests/proof/keyed_workers.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin keyed_workers
//! keys in memory: 3
//! 1 s: anna, order 1
//! 1 s: ben, order 1
//! 1 s: cleo, order 1
//! 2 s: anna, order 2
//! 2 s: ben, order 2
//! 3 s: anna, order 3
//! keys in memory: 0
//! ```

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;

/// Runs jobs, those of one key in order. Share it in an `Arc`. Dropping it stops no job.
pub struct KeyedWorkers<K, J> {
    capacity: Arc<Semaphore>,
    queues: Arc<Queues<K, J>>,
    workers: TaskTracker,
}

/// The jobs that wait. A key is in here as long as it has a worker.
type Queues<K, J> = Mutex<HashMap<K, VecDeque<Queued<J>>>>;

struct Queued<J> {
    job: J,
    permit: OwnedSemaphorePermit,
}

impl<K, J> KeyedWorkers<K, J>
where
    K: Eq + Hash + Clone + Send + 'static,
    J: Future<Output = ()> + Send + 'static,
{
    /// Accepts at most `capacity` jobs that have not ended.
    ///
    /// # Panics
    /// If `capacity` is 0.
    pub fn new(capacity: usize) -> Self {
        assert!(capacity > 0, "a capacity of 0 would wait forever");
        Self {
            capacity: Arc::new(Semaphore::new(capacity)),
            queues: Arc::default(),
            workers: TaskTracker::new(),
        }
    }

    /// Queues a job behind those of the same key. Waits while `capacity` jobs have not ended; when
    /// it returns, the job will run.
    pub async fn submit(&self, key: K, job: J) {
        let permit = self.capacity.clone().acquire_owned().await;
        let permit = permit.expect("never closed");
        let job = Queued { job, permit };
        let mut queues = self.queues.lock().unwrap();
        match queues.entry(key.clone()) {
            Entry::Occupied(mut queue) => queue.get_mut().push_back(job),
            Entry::Vacant(queue) => {
                queue.insert(VecDeque::from([job]));
                self.workers.spawn(work(key, self.queues.clone()));
            }
        }
    }

    /// Waits until every job that was submitted has ended.
    pub async fn finish(&self) {
        self.workers.close();
        self.workers.wait().await;
    }

    /// How many keys have jobs.
    pub fn busy_keys(&self) -> usize {
        self.queues.lock().unwrap().len()
    }
}

async fn work<K, J>(key: K, queues: Arc<Queues<K, J>>)
where
    K: Eq + Hash,
    J: Future<Output = ()> + Send + 'static,
{
    while let Some(Queued { job, permit }) = next_job(&key, &queues) {
        // A task of its own, so that a panic ends only this job.
        let ended = tokio::spawn(job).await;
        if let Err(panic) = ended {
            tracing::error!("a job: {panic}");
        }
        drop(permit);
    }
}

/// Takes the next job, or removes the key. Both under one lock, so that `submit` sees a worker
/// that will look again, or none.
fn next_job<K: Eq + Hash, J>(key: &K, queues: &Queues<K, J>) -> Option<Queued<J>> {
    let mut queues = queues.lock().unwrap();
    let job = queues.get_mut(key)?.pop_front();
    if job.is_none() {
        queues.remove(key);
    }
    job
}

// ---- Demo ----------------------------------------------------------------------------------

use std::time::Duration;

use tokio::time::{Instant, sleep};

static SERVED: Mutex<Vec<String>> = Mutex::new(Vec::new());

// Time is paused: when every task waits, the clock jumps to the next deadline.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let start = Instant::now();
    let workers = KeyedWorkers::new(100);
    for (customer, orders) in [("anna", 3), ("ben", 2), ("cleo", 1)] {
        for order in 1..=orders {
            let job = serve(start, customer, order);
            workers.submit(customer, job).await;
        }
    }
    println!("keys in memory: {}", workers.busy_keys());
    workers.finish().await;

    let mut served = SERVED.lock().unwrap();
    served.sort();
    println!("{}", served.join("\n"));
    println!("keys in memory: {}", workers.busy_keys());
}

/// Stands for an order that takes a second.
async fn serve(start: Instant, customer: &str, order: u32) {
    sleep(Duration::from_secs(1)).await;
    let seconds = start.elapsed().as_secs();
    let mut served = SERVED.lock().unwrap();
    served.push(format!("{seconds} s: {customer}, order {order}"));
}
