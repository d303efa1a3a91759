use std::cell::Cell;
use std::io::{self, PipeReader, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::process::{Command, Stdio};
use std::rc::Rc;

#[path = "../../src/bin/poll_many_pipes.rs"]
#[allow(dead_code)]
mod program;
use program::read_all;

/// A pipe that counts how often it is read.
struct Counted {
    pipe: PipeReader,
    reads: Rc<Cell<u32>>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reads.set(self.reads.get() + 1);
        self.pipe.read(buffer)
    }
}

impl AsFd for Counted {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }
}

// A pipe gets its bytes when those of the pipe before it are read: whoever waits for one pipe
// alone waits forever.
#[test]
fn a_silent_pipe_does_not_hold_up_the_others() {
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] {
        let mut pipes = Vec::new();
        let mut writers = Vec::new();
        for _ in order {
            let (pipe, writer) = io::pipe().unwrap();
            pipes.push(pipe);
            writers.push(Some(writer));
        }
        let mut speakers = order.into_iter();
        let first = speakers.next().unwrap();
        let writer = writers[first].take();
        writer.unwrap().write_all(b"hello").unwrap();

        let mut heard = Vec::new();
        read_all(pipes, |index, bytes| {
            assert_eq!(bytes, b"hello");
            heard.push(index);
            if let Some(next) = speakers.next() {
                let writer = writers[next].take();
                writer.unwrap().write_all(b"hello").unwrap();
            }
        })
        .unwrap();
        assert_eq!(heard, order);
    }
}

#[test]
fn a_pipe_is_read_once_for_its_bytes_once_for_its_end_and_not_again() {
    let (short, mut short_writer) = io::pipe().unwrap();
    let (long, mut long_writer) = io::pipe().unwrap();
    let short_reads = Rc::new(Cell::new(0));
    let long_reads = Rc::new(Cell::new(0));
    short_writer.write_all(b"short").unwrap();
    drop(short_writer);
    long_writer.write_all(b"0").unwrap();
    let mut long_writer = Some(long_writer);
    let pipes = vec![
        Counted {
            pipe: short,
            reads: short_reads.clone(),
        },
        Counted {
            pipe: long,
            reads: long_reads.clone(),
        },
    ];

    let mut from_long = 0;
    read_all(pipes, |index, bytes| {
        if index == 1 {
            from_long += bytes.len();
            if from_long == 50 {
                long_writer = None;
            } else {
                long_writer.as_mut().unwrap().write_all(b"0").unwrap();
            }
        }
    })
    .unwrap();
    assert_eq!(from_long, 50);
    assert_eq!(short_reads.get(), 2);
    assert_eq!(long_reads.get(), 51);
}

#[test]
fn more_than_the_buffer_holds_arrives_whole_and_in_order() {
    let mut child = Command::new("seq")
        .arg("100000")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = Vec::new();
    let stdout = child.stdout.take().unwrap();
    read_all(vec![stdout], |_, bytes| output.extend_from_slice(bytes)).unwrap();
    child.wait().unwrap();
    let output = String::from_utf8(output).unwrap();
    let numbers = output.lines().map(|line| line.parse::<u32>().unwrap());
    assert!(numbers.eq(1..=100_000));
}

#[test]
fn no_pipes_are_no_wait() {
    read_all(Vec::<PipeReader>::new(), |_, _| unreachable!()).unwrap();
}
