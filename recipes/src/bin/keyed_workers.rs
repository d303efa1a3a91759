//! Run jobs of one key one after the other, in order, and jobs of different keys at once.
//!
//! Use it instead of a lock for each key: for the orders of an account, the messages of a chat, the
//! writes to a file. A key that has jobs has a queue and a task; the task takes the jobs in the order
//! of `submit`, and ends when the queue is empty. So an idle key needs no memory.
//!
//! - At most `capacity` jobs run or wait. Then `submit` waits, so one busy key can hold up the others:
//!   choose a capacity well above the number of keys that are busy at once.
//! - Submit the jobs of one key from one task. Between two tasks, or two that you `spawn`, there is
//!   no order. That is what a lock for each key has wrong.
//! - A job that panics is logged, and the next job of its key runs.
//! - A job is a future that returns nothing. To get a value back, let it send one through a
//!   `tokio::sync::oneshot`. Jobs of several kinds: box them, as a `futures::future::BoxFuture`.
//! - State that belongs to a key for long: `actor`. Millions of keys: hash each key to one of N
//!   workers; then keys that share a worker wait for each other.
//!
//! Python: a `dict` of `asyncio.Lock`, `defaultdict(asyncio.Lock)`, which nobody ever empties
//! Needs: `cargo add tokio@1 -F rt,sync`, `cargo add tokio-util@0.7 -F rt`, `cargo add tracing@0.1`
//! Demo needs: `cargo add tokio@1 -F full,test-util`
//! Tested: `recipes/tests/proof/keyed_workers.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin keyed_workers
//! after 1 s: anna 1, ben 1, cleo 1
//! after 2 s: anna 2, ben 2
//! after 3 s: anna 3
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

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Who was served in which second.
static SERVED: Mutex<BTreeMap<u64, Vec<String>>> = Mutex::new(BTreeMap::new());

// Time is paused: when every task waits, the clock jumps to the next deadline.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let start = Instant::now();
    let workers = KeyedWorkers::new(100);
    for (name, order) in [
        ("anna", 1),
        ("anna", 2),
        ("anna", 3),
        ("ben", 1),
        ("ben", 2),
        ("cleo", 1),
    ] {
        workers.submit(name, serve(start, name, order)).await;
    }
    workers.finish().await;

    for (second, mut served) in SERVED.lock().unwrap().clone() {
        served.sort();
        println!("after {second} s: {}", served.join(", "));
    }
    println!("keys in memory: {}", workers.busy_keys());
}

/// Stands for an order that takes a second.
async fn serve(start: Instant, name: &str, order: u32) {
    sleep(Duration::from_secs(1)).await;
    let second = start.elapsed().as_secs();
    let mut served = SERVED.lock().unwrap();
    let at_once = served.entry(second).or_default();
    at_once.push(format!("{name} {order}"));
}
