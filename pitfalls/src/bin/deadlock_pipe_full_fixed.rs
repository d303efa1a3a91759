//! Fixed: a program reads all that a child prints, and then waits for it to end.
//!
//! `wait_with_output` reads stdout and stderr side by side to their ends and waits after that, so
//! no pipe stays full. A thread sends the input meanwhile. It costs memory for the whole output; to
//! handle line by line, read in a loop and `wait` behind it. Without
//! input to send, `Command::output` does all of this in one call.
//!
//! Python: `proc.communicate(data)`, or `subprocess.run(..., input=data, capture_output=True)`.
//! Broken: `deadlock_pipe_full_broken`
//! Needs: `cargo add libc@0.2`, `cargo add nix@0.31 -F process,signal`
//! Runs on: Linux, macOS
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_pipe_full_fixed
//! 950000 bytes sent, 950000 bytes read
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
        let output = child.wait_with_output()?; // FIXED: reads to the end, then waits
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
    let gave_up = match result.recv_timeout(Duration::from_secs(10)) {
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
