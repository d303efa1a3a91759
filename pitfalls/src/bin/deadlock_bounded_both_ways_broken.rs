//! Deadlock: a client and a server send to each other through bounded channels, and both are full.
//!
//! You see: it works with a few requests and hangs in `send` with many.
//! Why: the client sends all requests before it takes a reply. When the channel of replies is full,
//! the server blocks in `send` and takes no more requests. When that channel is full as well, the
//! client blocks in `send`, too.
//! Rule: where bounded channels form a circle, nobody blocks in `send` while its own inbox waits.
//!
//! Python: two `queue.Queue(maxsize=2)`, and both threads in `put`
//! Caught by: no lint; shuttle (`models/tests/deadlocks.rs`)
//! Fixed: `deadlock_bounded_both_ways_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_bounded_both_ways_broken
//! ? 1
//! replies within 300ms: Err(Timeout)
//! room for a request: Err(TrySendError::Full(..))
//! room for a reply: Err(TrySendError::Full(..))
//! ```

use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;
use std::time::Duration;

/// How long `main` waits before it gives up.
const LIMIT: Duration = Duration::from_millis(300);

/// Sends `requests` to a server that replies to each in order, and returns the replies.
///
/// If the server ends early, there are fewer replies than requests.
pub fn ask_all(
    requests: &[u64],
    to_server: SyncSender<u64>,
    from_server: Receiver<u64>,
) -> Vec<u64> {
    let count = requests.len();
    send_all(requests, &to_server); // BROKEN: nobody takes the replies meanwhile
    receive(count, from_server)
}

fn send_all(requests: &[u64], to_server: &SyncSender<u64>) {
    for &request in requests {
        if to_server.send(request).is_err() {
            return; // the server has ended
        }
    }
}

fn receive(count: usize, replies: Receiver<u64>) -> Vec<u64> {
    replies.into_iter().take(count).collect()
}

/// Replies to each request with its square, until either side has ended.
pub fn serve(requests: Receiver<u64>, replies: SyncSender<u64>) {
    for request in requests {
        if replies.send(request * request).is_err() {
            return; // the client has ended
        }
    }
}

fn main() -> ExitCode {
    let (to_server, requests) = mpsc::sync_channel(2);
    let (to_client, replies) = mpsc::sync_channel(2);
    let (sender, receiver) = mpsc::channel();
    let server_sender = to_client.clone();
    let client_sender = to_server.clone();
    thread::spawn(move || serve(requests, server_sender));
    thread::spawn(move || {
        let all_replies = ask_all(&[1, 2, 3, 4, 5, 6, 7, 8], client_sender, replies);
        sender.send(all_replies).unwrap();
    });

    let all_replies = receiver.recv_timeout(LIMIT);
    println!("replies within {LIMIT:?}: {all_replies:?}");
    if all_replies.is_ok() {
        return ExitCode::SUCCESS;
    }
    println!("room for a request: {:?}", to_server.try_send(0));
    println!("room for a reply: {:?}", to_client.try_send(0));
    ExitCode::FAILURE
}
