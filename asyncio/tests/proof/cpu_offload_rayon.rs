use std::sync::{Arc, Barrier, mpsc};
use std::time::Duration;

use futures::poll;
use tokio::task::spawn_blocking;

#[path = "../../src/bin/cpu_offload_rayon.rs"]
#[allow(dead_code)]
mod program;
use program::compute;

const LONG: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_panic_comes_back_and_the_next_job_runs() {
    let panic = compute(|| panic!("in the job")).await.map(|()| "no panic");
    assert_eq!(panic.unwrap_err().downcast_ref(), Some(&"in the job"));
    assert_eq!(compute(|| 7).await.unwrap(), 7);
}

#[tokio::test]
async fn a_job_whose_caller_is_gone_does_not_begin() {
    // Every thread of rayon is busy until the gate opens.
    let threads = rayon::current_num_threads();
    let gate = Arc::new(Barrier::new(threads + 1));
    for _ in 0..threads {
        let gate = gate.clone();
        rayon::spawn(move || {
            gate.wait();
            gate.wait();
        });
    }
    let all_busy = gate.clone();
    spawn_blocking(move || all_busy.wait()).await.unwrap();

    let (report, reports) = mpsc::channel();
    let mut canceled = Box::pin(compute(move || report.send("it ran")));
    assert!(poll!(&mut canceled).is_pending());
    drop(canceled);
    gate.wait();
    let outcome = spawn_blocking(move || reports.recv_timeout(LONG)).await;
    let dropped = Err(mpsc::RecvTimeoutError::Disconnected);
    assert_eq!(outcome.unwrap(), dropped);
}
