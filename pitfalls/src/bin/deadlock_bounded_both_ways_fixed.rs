//! Fixed: a second thread takes the replies while the first one sends the requests.
//!
//! Somebody takes the replies at any time, so the server always goes on, and a full channel only
//! slows the other side down, as a bound should. It costs a thread. Other ways: a channel of its
//! own for each reply, with room for one; or one `crossbeam::channel::select!` that both sends and
//! receives.
//!
//! Python: one thread that puts and one that gets
//! Broken: `deadlock_bounded_both_ways_broken`
//! Needs: nothing
//! Tested: `models/tests/deadlocks.rs`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_bounded_both_ways_fixed
//! replies within 10s: Ok([1, 4, 9, 16, 25, 36, 49, 64])
//! ```

use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;
use std::time::Duration;

/// How long `main` waits before it gives up.
const LIMIT: Duration = Duration::from_secs(10);

/// Sends `requests` to a server that replies to each in order, and returns the replies.
///
/// If the server ends early, there are fewer replies than requests.
pub fn ask_all(
    requests: &[u64],
    to_server: SyncSender<u64>,
    from_server: Receiver<u64>,
) -> Vec<u64> {
    let count = requests.len();
    // FIXED: another thread takes the replies meanwhile
    let receiver = thread::spawn(move || receive(count, from_server));
    send_all(requests, &to_server);
    receiver.join().expect("receiving does not panic")
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
