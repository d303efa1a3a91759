use std::collections::HashMap;
use std::io;
use std::process::Command;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

#[path = "../../src/bin/process_queue.rs"]
#[allow(dead_code)]
mod program;
use program::{receive, send};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Message {
    sender: u32,
    number: u32,
    filling: Vec<u8>,
    checksum: u64,
}

impl Message {
    fn new(sender: u32, number: u32) -> Self {
        let length = number as usize * 37 % (libc::PIPE_BUF - 40);
        let byte = (sender + number) as u8;
        let filling = vec![byte; length];
        let checksum = checksum(sender, number, &filling);
        Self {
            sender,
            number,
            filling,
            checksum,
        }
    }
}

/// FNV-1a.
fn checksum(sender: u32, number: u32, filling: &[u8]) -> u64 {
    let mut sum = 0xcbf2_9ce4_8422_2325_u64;
    let numbers = [sender.to_le_bytes(), number.to_le_bytes()].concat();
    for byte in numbers.iter().chain(filling) {
        sum = (sum ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
    }
    sum
}

// What makes a message whole is one call of `write`, so threads are senders like any others.
#[test]
fn messages_of_many_senders_arrive_whole_and_those_of_one_in_order() {
    const SENDERS: u32 = 4;
    const MESSAGES: u32 = 2000;
    let (reader, writer) = io::pipe().unwrap();
    let barrier = Barrier::new(SENDERS as usize);
    thread::scope(|scope| {
        for sender in 0..SENDERS {
            let mut pipe = writer.try_clone().unwrap();
            let barrier = &barrier;
            scope.spawn(move || {
                barrier.wait();
                for number in 0..MESSAGES {
                    send(&mut pipe, &Message::new(sender, number)).unwrap();
                }
            });
        }
        drop(writer);

        let mut reader = reader; // dropped if an assertion fails, so that the senders end
        let mut next: HashMap<u32, u32> = HashMap::new();
        while let Some(message) = receive::<Message>(&mut reader).unwrap() {
            let sum = checksum(message.sender, message.number, &message.filling);
            assert_eq!(message.checksum, sum);
            let expected = next.entry(message.sender).or_default();
            assert_eq!(message.number, *expected);
            *expected += 1;
        }
        assert_eq!(next.len(), SENDERS as usize);
        assert!(next.values().all(|count| *count == MESSAGES));
    });
}

#[test]
fn a_message_that_fills_pipe_buf_is_sent_and_a_longer_one_is_not() {
    let (mut reader, mut writer) = io::pipe().unwrap();
    // Two bytes of ours, and the length of the text in postcard: two as well.
    let longest = "x".repeat(libc::PIPE_BUF - 4);
    send(&mut writer, &longest).unwrap();
    let too_long = "x".repeat(libc::PIPE_BUF - 3);
    send(&mut writer, &too_long).unwrap_err();
    drop(writer);
    assert_eq!(receive(&mut reader).unwrap(), Some(longest));
    assert_eq!(receive::<String>(&mut reader).unwrap(), None);
}

// The pipe is small and nearly full, so the child is killed while it waits in `write`, each time
// with another number of bytes free.
#[test]
#[cfg(target_os = "linux")]
fn a_child_that_is_killed_leaves_whole_messages_behind() {
    use nix::fcntl::{FcntlArg, fcntl};

    /// What the demo sends. One about Paris takes 10 bytes with its length.
    #[derive(Serialize, Deserialize)]
    struct Measurement {
        city: String,
        hour: u32,
        degrees: i32,
    }
    const BYTES: usize = 10;

    for free in 20..40 {
        let (mut reader, mut writer) = io::pipe().unwrap();
        let capacity = fcntl(&writer, FcntlArg::F_SETPIPE_SZ(4096)).unwrap() as usize;
        assert_eq!(capacity, 4096);
        let first = Measurement {
            city: "x".repeat(capacity - free - 2 - 2 - 1 - 1),
            hour: 0,
            degrees: 0,
        };
        send(&mut writer, &first).unwrap();

        let mut child = Command::new(env!("CARGO_BIN_EXE_process_queue"))
            .arg("paris")
            .stdout(writer)
            .spawn()
            .unwrap();
        let fitting = free / BYTES;
        while bytes_in(&reader) < capacity - free + fitting * BYTES {
            thread::sleep(Duration::from_millis(1));
        }
        thread::sleep(Duration::from_millis(2)); // time for a part of the next one, if that happened
        child.kill().unwrap();
        child.wait().unwrap();

        receive::<Measurement>(&mut reader).unwrap().unwrap();
        let mut received = 0;
        while let Some(message) = receive::<Measurement>(&mut reader).unwrap() {
            assert_eq!(message.city, "paris");
            assert_eq!(message.hour as usize, received);
            received += 1;
        }
        assert_eq!(received, fitting);
    }
}

/// How many bytes the pipe holds.
#[cfg(target_os = "linux")]
fn bytes_in(pipe: &io::PipeReader) -> usize {
    use std::os::fd::AsRawFd;

    let mut bytes: libc::c_int = 0;
    // SAFETY: the descriptor is open, and FIONREAD writes one `c_int`.
    let result = unsafe { libc::ioctl(pipe.as_raw_fd(), libc::FIONREAD, &mut bytes) };
    assert_eq!(result, 0);
    bytes as usize
}

#[test]
fn sending_to_nobody_is_an_error() {
    let (reader, mut writer) = io::pipe().unwrap();
    drop(reader);
    send(&mut writer, &1).unwrap_err();
}
