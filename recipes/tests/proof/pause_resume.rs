use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

#[path = "../../src/bin/pause_resume.rs"]
#[allow(dead_code)]
mod program;
use program::{State, work};

const SECOND: Duration = Duration::from_secs(1);

struct Fixture {
    state: watch::Sender<State>,
    jobs: mpsc::Sender<()>,
    begun: Arc<AtomicUsize>,
    workers: JoinSet<()>,
}

impl Fixture {
    /// Three workers whose jobs take a second.
    fn start(state: State) -> Self {
        let (state, states) = watch::channel(state);
        let (jobs, receiver) = mpsc::channel(100);
        let queue = Arc::new(Mutex::new(receiver));
        let begun = Arc::new(AtomicUsize::new(0));
        let mut workers = JoinSet::new();
        for _ in 0..3 {
            let begun = begun.clone();
            let handle = move |()| {
                begun.fetch_add(1, SeqCst);
                sleep(SECOND)
            };
            workers.spawn(work(queue.clone(), states.clone(), handle));
        }
        Self {
            state,
            jobs,
            begun,
            workers,
        }
    }

    fn add_jobs(&self, number: usize) {
        for _ in 0..number {
            self.jobs.try_send(()).unwrap();
        }
    }

    fn begun(&self) -> usize {
        self.begun.load(SeqCst)
    }

    async fn all_return(self) {
        let all = timeout(5 * SECOND, self.workers.join_all()).await;
        assert!(all.is_ok(), "the workers go on");
    }
}

#[tokio::test(start_paused = true)]
async fn while_paused_no_job_begins_neither_a_queued_one_nor_a_new_one() {
    let fixture = Fixture::start(State::Running);
    fixture.add_jobs(10);
    sleep(SECOND / 2).await;
    fixture.state.send_replace(State::Paused);
    sleep(60 * SECOND).await;
    assert_eq!(fixture.begun(), 3);

    fixture.state.send_replace(State::Running);
    sleep(60 * SECOND).await;
    assert_eq!(fixture.begun(), 10);
    fixture.state.send_replace(State::Paused); // now all workers wait for a job
    fixture.add_jobs(10);
    sleep(60 * SECOND).await;
    assert_eq!(fixture.begun(), 10);
}

#[tokio::test(start_paused = true)]
async fn workers_that_start_paused_wait() {
    let fixture = Fixture::start(State::Paused);
    fixture.add_jobs(10);
    sleep(60 * SECOND).await;
    assert_eq!(fixture.begun(), 0);
    fixture.state.send_replace(State::Running);
    sleep(60 * SECOND).await;
    assert_eq!(fixture.begun(), 10);
}

#[tokio::test(start_paused = true)]
async fn stopping_works_while_paused_and_while_the_queue_is_empty() {
    let fixture = Fixture::start(State::Paused);
    fixture.add_jobs(10);
    sleep(SECOND).await;
    fixture.state.send_replace(State::Stopped);
    assert_eq!(fixture.begun(), 0);
    fixture.all_return().await;

    let fixture = Fixture::start(State::Running);
    sleep(SECOND).await;
    fixture.state.send_replace(State::Stopped);
    fixture.all_return().await;
}

#[tokio::test(start_paused = true)]
async fn without_anybody_who_could_resume_them_the_workers_return() {
    for state in [State::Running, State::Paused] {
        let mut fixture = Fixture::start(state);
        fixture.add_jobs(10);
        sleep(SECOND / 2).await;
        fixture.state = watch::channel(State::Running).0;
        fixture.all_return().await;
    }
}

#[tokio::test(start_paused = true)]
async fn when_the_queue_is_closed_its_jobs_are_done_and_the_workers_return() {
    let mut fixture = Fixture::start(State::Running);
    fixture.add_jobs(7);
    fixture.jobs = mpsc::channel(1).0;
    let begun = fixture.begun.clone();
    fixture.all_return().await;
    assert_eq!(begun.load(SeqCst), 7);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pausing_again_and_again_loses_no_job() {
    let (state, states) = watch::channel(State::Running);
    let (jobs, receiver) = mpsc::channel(1);
    let queue = Arc::new(Mutex::new(receiver));
    let done = Arc::new(AtomicUsize::new(0));
    let mut workers = JoinSet::new();
    for _ in 0..3 {
        let done = done.clone();
        let handle = move |()| {
            let done = done.clone();
            async move {
                done.fetch_add(1, SeqCst);
            }
        };
        workers.spawn(work(queue.clone(), states.clone(), handle));
    }
    for _ in 0..3000 {
        jobs.send(()).await.unwrap();
        state.send_replace(State::Paused);
        state.send_replace(State::Running);
    }
    drop(jobs);
    timeout(10 * SECOND, workers.join_all()).await.unwrap();
    assert_eq!(done.load(SeqCst), 3000);
}
