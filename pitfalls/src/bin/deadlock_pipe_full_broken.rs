//! Deadlock: a program waits for a child to end before it reads what the child prints.
//!
//! You see: `wait` hangs, but only when the child prints much; the child sits there without CPU
//! time. With a short output all is well.
//! Why: a pipe holds 64 KiB or so. Once it is full the child sleeps in `write` until somebody
//! reads, and the only one who could read sleeps in `wait` until the child ends.
//! Rule: read to the end first, then wait.
//!
//! Python: `proc.wait()` before `proc.stdout.read()` (the docs warn, and name `communicate()`).
//! Caught by: nothing
//! Fixed: `deadlock_pipe_full_fixed`
//! Needs: `cargo add libc@0.2`, `cargo add nix@0.31 -F process,signal`
//! Runs on: Linux, macOS
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_pipe_full_broken
//! ? 1
//! deadlock: [..] bytes wait in the pipe, the child waits for a reader, we wait for its end
//! ```

use std::io::{self, ErrorKind, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::process::{Child, Command, ExitCode, Output, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// Sends `input` to the stdin of `child` and returns its status and all that it prints, of any
/// length, as far as its streams are piped. A child that ends before it has read all of its input
/// is no error.
pub fn communicate(mut child: Child, input: &[u8]) -> io::Result<Output> {
    let stdin = child.stdin.take();
    thread::scope(|s| {
        // On a thread of its own: a child whose output is not read may stop reading, too.
        let sent = s.spawn(move || stdin.map_or(Ok(()), |mut stdin| stdin.write_all(input)));
        child.wait()?; // BROKEN: a child that prints much cannot end before somebody reads
        let output = child.wait_with_output()?;
        match sent.join().expect("writing does not panic") {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error),
            _ => Ok(output),
        }
    })
}

// Only for the demo from here on.

fn main() -> io::Result<ExitCode> {
    let text = "to be or not to be\n".repeat(50_000);
    let expected = text.to_uppercase();
    let mut upper = Command::new("tr");
    upper
        .args(["a-z", "A-Z"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let child = upper.spawn()?;
    let pid = Pid::from_raw(child.id().cast_signed());
    let pipe = child
        .stdout
        .as_ref()
        .expect("stdout is piped")
        .as_fd()
        .try_clone_to_owned()?;

    let (done, result) = mpsc::channel();
    let talk = thread::spawn(move || done.send(communicate(child, text.as_bytes())));
    let gave_up = match result.recv_timeout(Duration::from_millis(300)) {
        Ok(output) => {
            let printed = output?.stdout;
            println!(
                "{} bytes sent, {} bytes read",
                expected.len(),
                printed.len()
            );
            let right = printed == expected.as_bytes();
            return Ok(if right {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            });
        }
        Err(gave_up) => gave_up,
    };
    let runs = waitpid(pid, Some(WaitPidFlag::WNOHANG))? == WaitStatus::StillAlive;
    let waiting = bytes_in(&pipe)?;
    if gave_up == RecvTimeoutError::Timeout && runs && waiting > 0 {
        println!(
            "deadlock: {waiting} bytes wait in the pipe, the child waits for a reader, we wait for its end"
        );
        kill(pid, Signal::SIGKILL)?; // `wait` in `communicate` returns, and has reaped it
        talk.join()
            .expect("communicate does not panic")
            .expect("the receiver is alive");
    }
    Ok(ExitCode::FAILURE)
}

/// How many bytes are in a pipe that nobody has read yet.
fn bytes_in(pipe: &OwnedFd) -> io::Result<i32> {
    let mut bytes = 0;
    // SAFETY: the descriptor is open, and FIONREAD writes one `c_int`, which `bytes` is.
    let answer = unsafe { libc::ioctl(pipe.as_raw_fd(), libc::FIONREAD, &raw mut bytes) };
    if answer == 0 {
        Ok(bytes)
    } else {
        Err(io::Error::last_os_error())
    }
}
