use std::io::{self, ErrorKind};
use std::process::Command;

#[path = "../../src/bin/pipe_duplex.rs"]
#[allow(dead_code)]
mod program;
use program::{MAX_MESSAGE, receive, send, spawn_both_ways, spawn_one_way};

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

fn error_of(bytes: &[u8]) -> ErrorKind {
    receive(&mut &*bytes).unwrap_err().kind()
}

#[test]
fn messages_of_every_size_arrive_in_order_and_whole() {
    let sizes = [0, 1, 4, 70_000, MAX_MESSAGE as usize];
    let (mut child, mut pipe) = spawn_both_ways(shell("cat <&0 >&0")).unwrap();
    for size in sizes {
        let message = vec![7; size];
        let (received, sent) = std::thread::scope(|scope| {
            // Both at once: `cat` does not read on while nobody takes what it writes.
            let sending = scope.spawn(|| send(&mut &pipe, &message));
            (receive(&mut &pipe), sending.join().unwrap())
        });
        sent.unwrap();
        assert!(received.unwrap() == Some(message), "{size}");
    }
    pipe.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(receive(&mut pipe).unwrap(), None);
    assert!(child.wait().unwrap().success());
}

#[test]
fn an_end_in_the_middle_of_a_message_is_an_error() {
    assert_eq!(error_of(b"\x05"), ErrorKind::UnexpectedEof);
    assert_eq!(error_of(b"\x05\0\0\0"), ErrorKind::UnexpectedEof);
    assert_eq!(error_of(b"\x05\0\0\0half"), ErrorKind::UnexpectedEof);
}

#[test]
fn a_message_that_is_too_long_is_neither_sent_nor_received() {
    let mut pipe = Vec::new();
    let message = vec![0; MAX_MESSAGE as usize + 1];
    let error = send(&mut pipe, &message).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(pipe.is_empty());

    let length = (MAX_MESSAGE + 1).to_le_bytes();
    assert_eq!(error_of(&length), ErrorKind::InvalidData);
    assert_eq!(error_of(&[0xff; 4]), ErrorKind::InvalidData);
}

#[test]
fn the_death_of_the_child_is_an_end_of_file() {
    let (mut child, mut pipe) = spawn_both_ways(shell("exec sleep 600")).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(receive(&mut pipe).unwrap(), None);

    let (mut child, mut pipe) = spawn_one_way(shell("exec sleep 600")).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(receive(&mut pipe).unwrap(), None);
}

#[test]
#[cfg(target_os = "linux")]
fn a_child_that_dies_with_a_message_unread_resets_the_connection() {
    let (mut child, mut pipe) = spawn_both_ways(shell("exec sleep 600")).unwrap();
    send(&mut pipe, b"unread").unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let error = receive(&mut pipe).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn sending_to_nobody_is_an_error() {
    let (reader, mut writer) = io::pipe().unwrap();
    drop(reader);
    let error = send(&mut writer, b"").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
}
