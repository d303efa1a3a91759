//! Read from many child processes on one thread, whichever has something to say.
//!
//! Use it for a parent with a handful of children that all talk. `poll` waits until one of the
//! pipes has bytes or has ended. Only such pipes are read, so a silent child does not hold up the
//! others, and no child needs a thread of its own. A pipe is removed at its end of file.
//!
//! - You get bytes as they come: half a line, or three lines. Collect them for each child, and cut
//!   them where a message ends.
//! - A handler that blocks holds up all pipes.
//! - The parent must have closed its own write ends, or the end of file never comes. With
//!   `Stdio::piped` it has: `deadlock_pipe_write_end`.
//! - `poll` looks at each pipe in each round. For hundreds of them tokio is better: a task for each
//!   child, and `epoll` inside. On Windows: a thread for each child, and a channel.
//!
//! Python: `multiprocessing.connection.wait(readers)`, or `selectors.DefaultSelector`
//! Needs: `cargo add nix@0.31 -F poll`
//! Runs on: Linux, macOS
//! Tested: `multiprocessing/tests/proof/poll_many_pipes.rs`
//!
//! ```console
//! $ cargo run -p multiprocessing --bin poll_many_pipes
//! child 0 printed 10 lines, the last one is "step 10"
//! child 1 printed 10 lines, the last one is "step 10"
//! child 2 printed 10 lines, the last one is "step 10"
//! child 3 printed 10 lines, the last one is "step 10"
//! ```

use std::io::{self, Read};
use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// Reads from all pipes until each has ended. Calls `on_bytes` with the index of a pipe in `pipes`
/// and what it has to say.
///
/// # Errors
/// If a pipe is not readable. The other pipes are closed then.
pub fn read_all<R: Read + AsFd>(
    pipes: Vec<R>,
    mut on_bytes: impl FnMut(usize, &[u8]),
) -> io::Result<()> {
    let numbered = pipes.into_iter().enumerate();
    let mut open: Vec<_> = numbered
        .map(|(index, pipe)| OpenPipe { index, pipe })
        .collect();
    let mut buffer = vec![0; 64 * 1024];
    while !open.is_empty() {
        let ready = wait_for_any(&open)?;
        let mut still_open = Vec::new();
        for (mut source, ready) in open.into_iter().zip(ready) {
            if ready {
                let length = source.pipe.read(&mut buffer)?; // does not wait
                if length == 0 {
                    continue; // the end of file: this pipe is closed here
                }
                on_bytes(source.index, &buffer[..length]);
            }
            still_open.push(source);
        }
        open = still_open;
    }
    Ok(())
}

struct OpenPipe<R> {
    index: usize,
    pipe: R,
}

/// Waits until at least one pipe has bytes or has ended, and says of each whether it has.
fn wait_for_any<R: AsFd>(open: &[OpenPipe<R>]) -> io::Result<Vec<bool>> {
    let mut polled = Vec::new();
    for source in open {
        polled.push(PollFd::new(source.pipe.as_fd(), PollFlags::POLLIN));
    }
    loop {
        match poll(&mut polled, PollTimeout::NONE) {
            Ok(_) => break,
            Err(Errno::EINTR) => {} // a signal handler has run: wait on
            Err(error) => return Err(error.into()),
        }
    }
    let ready = polled.iter().map(|pipe| pipe.any().unwrap_or(true));
    Ok(ready.collect())
}

// ---- Demo ----------------------------------------------------------------------------------

use std::process::{Command, Stdio};

fn main() -> io::Result<()> {
    let mut children = Vec::new();
    let mut pipes = Vec::new();
    for _ in 0..4 {
        let script = "for n in 1 2 3 4 5 6 7 8 9 10; do echo step $n; sleep 0.01; done";
        let mut child = Command::new("sh")
            .args(["-c", script])
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().expect("piped");
        pipes.push(stdout);
        children.push(child);
    }

    let mut outputs = vec![String::new(); children.len()];
    read_all(pipes, |index, bytes| {
        outputs[index] += &String::from_utf8_lossy(bytes);
    })?;
    for mut child in children {
        child.wait()?;
    }

    for (index, output) in outputs.iter().enumerate() {
        let lines: Vec<_> = output.lines().collect();
        let last = lines.last().unwrap_or(&"");
        let count = lines.len();
        println!("child {index} printed {count} lines, the last one is {last:?}");
    }
    Ok(())
}
