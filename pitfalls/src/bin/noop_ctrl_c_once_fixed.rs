//! Fixed: the second Ctrl-C ends the program at once.
//!
//! One `signal` stream is made before the first wait and kept: it remembers a signal that arrives
//! between two waits. 130 is what a shell shows for a program that ended by Ctrl-C (128 + SIGINT).
//! What is left undone is lost, so say in the first message that a second Ctrl-C ends at once.
//!
//! Python: `signal.signal(SIGINT, signal.SIG_DFL)` in the handler
//! Broken: `noop_ctrl_c_once_broken`
//! Needs: `cargo add nix@0.31 -F signal`, `cargo add tokio@1 -F full`
//! Runs on: Linux, macOS
//!
//! ```console
//! $ cargo run -p pitfalls --bin noop_ctrl_c_once_fixed
//! Ctrl-C: closing
//! Ctrl-C: exit status: 130
//! ```

use std::env;
use std::future;
use std::io::{self, BufRead, BufReader};
use std::process::{self, Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::select;
use tokio::signal::unix::{SignalKind, signal};

/// Serves until Ctrl-C, then waits until the last connection has ended.
#[tokio::main]
async fn serve() -> io::Result<()> {
    let mut interrupts = signal(SignalKind::interrupt())?;
    println!("ready");
    interrupts.recv().await;
    println!("closing");
    select! {
        () = close() => Ok(()),
        _ = interrupts.recv() => process::exit(130), // FIXED: the second Ctrl-C does
    }
}

/// Stands for a connection whose other side never ends it.
async fn close() {
    future::pending().await
}

/// How long `main` waits for the server to end.
const PATIENCE: Duration = Duration::from_secs(10);

fn main() -> io::Result<ExitCode> {
    if env::args().nth(1).as_deref() == Some("serve") {
        serve()?;
        return Ok(ExitCode::SUCCESS);
    }

    let mut command = Command::new(env::current_exe()?);
    command.arg("serve").stdout(Stdio::piped());
    let mut server = command.spawn()?;
    let pid = Pid::from_raw(server.id() as i32);
    let mut output = BufReader::new(server.stdout.take().unwrap()).lines();
    output.next().unwrap()?; // it is ready

    kill(pid, Signal::SIGINT)?;
    let answer = output.next().unwrap()?;
    println!("Ctrl-C: {answer}");
    kill(pid, Signal::SIGINT)?;
    if ends_in_time(&mut server)? {
        let status = server.wait()?;
        println!("Ctrl-C: {status}");
        Ok(ExitCode::SUCCESS)
    } else {
        println!("Ctrl-C: still running");
        server.kill()?;
        server.wait()?;
        Ok(ExitCode::FAILURE)
    }
}

fn ends_in_time(server: &mut Child) -> io::Result<bool> {
    let deadline = Instant::now() + PATIENCE;
    while server.try_wait()?.is_none() {
        if Instant::now() > deadline {
            return Ok(false);
        }
        thread::sleep(Duration::from_millis(10));
    }
    Ok(true)
}
