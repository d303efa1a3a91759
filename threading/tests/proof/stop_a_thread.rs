use std::sync::mpsc;
use std::thread;
use std::time::Duration;

#[path = "../../src/bin/stop_a_thread.rs"]
#[allow(dead_code)]
mod program;
use program::repeat_until_stopped;

const HOUR: Duration = Duration::from_secs(3600);
const SOON: Duration = Duration::from_secs(10);

/// Starts a thread that repeats with `pause` and waits for the end of its first round. Returns what
/// stops it, and what tells how many rounds it made when it has ended.
fn start(pause: Duration) -> (mpsc::SyncSender<()>, mpsc::Receiver<usize>) {
    let (stop, stopped) = mpsc::sync_channel(1);
    let (end, ended) = mpsc::sync_channel(1);
    let (round, rounds) = mpsc::channel();
    thread::spawn(move || {
        let mut made = 0;
        repeat_until_stopped(stopped, pause, || {
            made += 1;
            let _ = round.send(()); // an error: the test has seen enough
        });
        end.send(made).unwrap();
    });
    rounds.recv().unwrap();
    (stop, ended)
}

#[test]
fn dropping_the_sender_ends_a_pause_of_an_hour() {
    let (stop, ended) = start(HOUR);
    drop(stop);
    assert_eq!(ended.recv_timeout(SOON), Ok(1));
}

#[test]
fn a_message_ends_a_pause_of_an_hour() {
    let (stop, ended) = start(HOUR);
    stop.send(()).unwrap();
    assert_eq!(ended.recv_timeout(SOON), Ok(1));
}

#[test]
fn a_message_during_a_round_is_not_lost() {
    let (stop, stopped) = mpsc::sync_channel(1);
    let (end, ended) = mpsc::sync_channel(1);
    thread::spawn(move || {
        repeat_until_stopped(stopped, HOUR, || stop.send(()).unwrap());
        end.send(()).unwrap();
    });
    assert_eq!(ended.recv_timeout(SOON), Ok(()));
}

#[test]
fn until_it_is_stopped_it_does_one_round_after_the_other() {
    let (stop, stopped) = mpsc::sync_channel(1);
    let mut rounds = 0;
    repeat_until_stopped(stopped, Duration::from_millis(1), || {
        rounds += 1;
        assert!(rounds <= 5, "it was not stopped");
        if rounds == 5 {
            stop.send(()).unwrap();
        }
    });
    assert_eq!(rounds, 5);
}
