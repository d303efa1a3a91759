use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use signal_hook::consts::{SIGALRM, SIGKILL, SIGUSR1, SIGUSR2, SIGWINCH};
use signal_hook::low_level::raise;

#[path = "../../src/bin/receive_signals.rs"]
#[allow(dead_code)]
mod program;
use program::SignalThread;

// All tests are threads of one process: each has signals of its own.

#[test]
fn equal_signals_merge_while_the_thread_is_busy() {
    let (seen_sender, seen) = mpsc::sync_channel(16);
    let (go_on, gate) = mpsc::sync_channel::<()>(16);
    let thread = SignalThread::start(&[SIGUSR1], move |signal| {
        seen_sender.send(signal).unwrap();
        let _ = gate.recv();
    })
    .unwrap();

    raise(SIGUSR1).unwrap();
    assert_eq!(seen.recv(), Ok(SIGUSR1)); // the thread is busy with it
    for _ in 0..5 {
        raise(SIGUSR1).unwrap();
    }
    drop(go_on); // from here on it does not wait
    assert_eq!(seen.recv(), Ok(SIGUSR1));
    let more = seen.recv_timeout(Duration::from_millis(200));
    assert_eq!(more, Err(RecvTimeoutError::Timeout));
    drop(thread);
}

#[test]
fn the_drop_ends_the_thread_and_the_signal_is_ignored_from_then_on() {
    let (sender, seen) = mpsc::sync_channel(16);
    let thread = SignalThread::start(&[SIGUSR2], move |signal| {
        sender.send(signal).unwrap();
    })
    .unwrap();
    raise(SIGUSR2).unwrap();
    assert_eq!(seen.recv(), Ok(SIGUSR2));
    drop(thread);
    // The thread had the only sender.
    assert!(
        seen.try_recv()
            .is_err_and(|error| error == mpsc::TryRecvError::Disconnected)
    );
    raise(SIGUSR2).unwrap(); // would end this process
}

#[test]
fn a_panic_in_the_function_does_not_hang_the_drop() {
    let (sender, seen) = mpsc::sync_channel::<()>(1);
    let thread = SignalThread::start(&[SIGWINCH], move |_| {
        let _sender = &sender;
        panic!("in the function");
    })
    .unwrap();
    raise(SIGWINCH).unwrap();
    assert!(seen.recv().is_err()); // the thread has ended
    drop(thread);
}

#[test]
fn a_child_inherits_neither_handler_nor_blocked_signals() {
    let _thread = SignalThread::start(&[SIGALRM], |_| {}).unwrap();
    let status = Command::new("sh")
        .args(["-c", "kill -ALRM $$; exit 0"])
        .status();
    assert_eq!(status.unwrap().signal(), Some(SIGALRM));
}

#[test]
#[should_panic(expected = "cannot be received")]
fn sigkill_cannot_be_received() {
    let _ = SignalThread::start(&[SIGKILL], |_| {});
}
