//! Pause all workers, resume them, and stop them: a `watch` channel holds what they should do.
//!
//! Use it for a pause button, for maintenance, or when a service that the jobs need is down. The
//! workers take jobs from one queue, and look at the `watch` channel before each job. While they
//! are paused, the jobs that were in progress end, and none begins.
//!
//! - Set the state with `send_replace`, also from a thread. It does not wait: to know that no job
//!   is in progress any more, count them, or use `tokio::sync::RwLock` with a read lock for each
//!   job.
//! - A job is not interrupted. One that takes long can await `wait_for` itself, between its steps.
//! - Stopping works while paused. Jobs that are still queued stay in the queue. Dropping the
//!   `watch` sender stops the workers as well.
//! - Producers are not paused: with a bounded queue, they wait when it is full.
//! - In threads, a `Mutex` and a `Condvar` do the same: `condvar_wait_while`.
//!
//! Python: `await running.wait()` of an `asyncio.Event` at the top of the loop, `clear` to pause
//! Needs: `cargo add tokio@1 -F macros,sync`
//! Demo needs: `cargo add tokio@1 -F full,test-util`
//! Tested: `recipes/tests/proof/pause_resume.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin pause_resume
//! 2.5 s: paused, 6 jobs have ended
//! 12.5 s: resumed, 9 jobs have ended
//! 14.0 s: stopped, 12 jobs have ended
//! 14.5 s: the workers have returned, 15 jobs have ended
//! ```

use std::sync::Arc;

use tokio::select;
use tokio::sync::{Mutex, mpsc, watch};

/// What all workers should do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Running,
    Paused,
    Stopped,
}

/// A queue that several workers take jobs from.
pub type Jobs<J> = Arc<Mutex<mpsc::Receiver<J>>>;

/// Does jobs one after the other, as `state` says. Returns when it says `Stopped` or its sender is
/// dropped, or when the queue is closed and empty.
pub async fn work<J, F>(jobs: Jobs<J>, mut state: watch::Receiver<State>, handle: impl Fn(J) -> F)
where
    F: Future<Output = ()>,
{
    while may_run(&mut state).await {
        select! {
            biased; // a pause comes before the next job
            changed = state.changed() => {
                if changed.is_err() {
                    return;
                }
            }
            job = next_job(&jobs) => match job {
                Some(job) => handle(job).await,
                None => return,
            },
        }
    }
}

/// Waits while the state is `Paused`. Returns whether it is `Running` then.
async fn may_run(state: &mut watch::Receiver<State>) -> bool {
    let new_state = state.wait_for(|state| *state != State::Paused).await;
    match new_state {
        Ok(state) => *state == State::Running,
        Err(_) => false, // the sender is dropped
    }
}

async fn next_job<J>(jobs: &Jobs<J>) -> Option<J> {
    jobs.lock().await.recv().await
}

// ---- Demo ----------------------------------------------------------------------------------

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

static ENDED: AtomicUsize = AtomicUsize::new(0);

// Time is paused: when every task waits, the clock jumps to the next deadline.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let start = Instant::now();
    let (state, states) = watch::channel(State::Running);
    let (sender, receiver) = mpsc::channel(100);
    for job in 0..20 {
        sender.try_send(job).expect("the queue has room");
    }
    let jobs = Arc::new(Mutex::new(receiver));
    let mut workers = JoinSet::new();
    for _ in 0..3 {
        workers.spawn(work(jobs.clone(), states.clone(), handle));
    }

    sleep(Duration::from_millis(2500)).await;
    state.send_replace(State::Paused);
    say(start, "paused");
    sleep(Duration::from_secs(10)).await;
    state.send_replace(State::Running);
    say(start, "resumed");
    sleep(Duration::from_millis(1500)).await;
    state.send_replace(State::Stopped);
    say(start, "stopped");
    workers.join_all().await;
    say(start, "the workers have returned");
}

/// Stands for a job that takes a second.
async fn handle(_: u32) {
    sleep(Duration::from_secs(1)).await;
    ENDED.fetch_add(1, Relaxed);
}

fn say(start: Instant, what: &str) {
    let seconds = start.elapsed().as_secs_f64();
    let ended = ENDED.load(Relaxed);
    println!("{seconds:.1} s: {what}, {ended} jobs have ended");
}
