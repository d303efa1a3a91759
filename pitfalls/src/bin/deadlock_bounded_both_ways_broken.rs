//! Deadlock: two threads send to each other through bounded channels, and both are full.
//!
//! You see: it works with few requests and hangs with many.
//! Why: the client sends all before it reads any reply. Once the replies are full, the server stops
//! in `send` and takes no more requests; once those are full too, the client stops in `send`.
//! Rule: in a circle of bounded channels, nobody may wait in `send` and leave its inbox unread.
//!
//! Python: two `Queue(maxsize=2)`, and both threads in `put`.
//! Caught by: no lint; shuttle (`models/tests/deadlocks.rs`).
//! Fixed: `deadlock_bounded_both_ways_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_bounded_both_ways_broken
//! ? 1
//! deadlock: the requests are full, and the client waits for room;
//! the replies are full, and the server waits for room
//! ```

use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::thread;
use std::time::Duration;

/// Sends all of `requests` to a server that replies to each, in order; returns the replies,
/// fewer if a send fails or the replies end, as the server has gone away.
pub fn ask_all(
    requests: &[u64],
    server: &SyncSender<u64>,
    replies: &mut Receiver<u64>,
) -> Vec<u64> {
    // BROKEN: nobody takes the replies while this sends
    let _ = requests
        .iter()
        .try_for_each(|&request| server.send(request));
    replies.iter().take(requests.len()).collect()
}

/// Answers each of `requests` with its square, until either side goes away.
pub fn serve(requests: Receiver<u64>, replies: SyncSender<u64>) {
    for request in requests {
        if replies.send(request * request).is_err() {
            return;
        }
    }
}

// Only for the demo from here on.

fn main() -> ExitCode {
    let (to_server, requests) = mpsc::sync_channel(2);
    let (to_client, mut replies) = mpsc::sync_channel(2);
    let (done, answers) = mpsc::channel();
    let (server, client) = (to_server.clone(), to_client.clone());
    thread::spawn(move || serve(requests, to_client));
    thread::spawn(move || done.send(ask_all(&[1, 2, 3, 4, 5, 6, 7, 8], &to_server, &mut replies)));
    let answers = answers.recv_timeout(Duration::from_millis(300));
    let full = |queue: &SyncSender<u64>| matches!(queue.try_send(0), Err(TrySendError::Full(_)));
    match answers {
        Ok(answers) => {
            println!("done: {answers:?}");
            return ExitCode::SUCCESS;
        }
        Err(RecvTimeoutError::Timeout) if full(&server) && full(&client) => {
            println!("deadlock: the requests are full, and the client waits for room;");
            println!("the replies are full, and the server waits for room");
        }
        Err(_) => {}
    }
    ExitCode::FAILURE
}
