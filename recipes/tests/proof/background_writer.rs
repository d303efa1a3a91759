//! The end of a background writer: while a `send` waits for room and nobody polls it any more, and
//! where nobody waits for it.

use std::io::{self, Write};
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;
use std::{env, thread};

use futures::poll;

#[path = "../../src/bin/background_writer.rs"]
#[allow(dead_code)]
mod program;

/// Its writes wait until the other end of the channel is dropped.
struct Gated(mpsc::Receiver<()>, Vec<u8>);

impl Write for Gated {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.0.recv();
        self.1.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_send_that_waits_does_not_hold_up_the_end() {
    let (ended, end) = mpsc::channel();
    let run = || {
        tokio::runtime::Builder::new_current_thread()
            .build()?
            .block_on(close_or_drop())
    };
    thread::spawn(move || ended.send(run()));
    end.recv_timeout(Duration::from_secs(10))
        .expect("it hangs")
        .unwrap();
}

async fn close_or_drop() -> io::Result<()> {
    for close in [true, false] {
        let (gate, gated) = mpsc::channel();
        let writer = program::BackgroundWriter::start(Gated(gated, Vec::new()), 1)?;
        let (lines, mut sent) = (writer.lines(), 0);
        let waits = loop {
            let mut send = Box::pin(lines.send("line"));
            match poll!(&mut send) {
                std::task::Poll::Ready(done) => done?,
                std::task::Poll::Pending => break send,
            }
            sent += 1;
        };
        drop(gate);
        match close {
            true => assert_eq!(writer.close().await?.1, "line\n".repeat(sent).as_bytes()),
            false => drop(writer),
        }
        assert_eq!(
            waits.await.map_err(|error| error.kind()),
            Err(io::ErrorKind::BrokenPipe)
        );
    }
    Ok(())
}

/// Its first write fails, as soon as the other end of the channel is dropped.
struct Broken(mpsc::Receiver<()>);

impl Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        let _ = self.0.recv();
        Err(io::Error::other("the disk is full"))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// However long after the end of the thread `close` is dropped, the error is heard of.
#[test]
fn a_close_that_is_dropped_half_way_reports_the_error() {
    for millis in ["0", "1", "10", "100", "500"] {
        let mut child = Command::new(env::current_exe().unwrap());
        child.args([
            "--ignored",
            "--exact",
            "background_writer::close_is_dropped",
            "--nocapture",
        ]);
        let output = child.env("MILLIS", millis).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            stderr.matches("lines are lost: the disk is full").count(),
            1,
            "{stderr}"
        );
    }
}

#[test]
#[ignore = "a process of the test above"]
fn close_is_dropped() {
    let millis = env::var("MILLIS").unwrap().parse().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let (gate, gated) = mpsc::channel();
        let writer = program::BackgroundWriter::start(Broken(gated), 1).unwrap();
        writer.lines().send("line").await.unwrap();
        let mut close = Box::pin(writer.close());
        assert!(poll!(&mut close).is_pending());
        drop(gate);
        thread::sleep(Duration::from_millis(millis));
    });
}
