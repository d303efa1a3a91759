//! No-op: a program that has waited for Ctrl-C once ignores every further one.
//!
//! You see: the first Ctrl-C says "closing", it hangs, and pressing Ctrl-C again does nothing; only
//! `kill -9` ends it. In Python each Ctrl-C is a `KeyboardInterrupt`.
//! Why: the first call of `ctrl_c` installs a handler for as long as the process lives, and the
//! default, which ends the process, is gone. A Ctrl-C that nobody waits for is dropped.
//! Rule: whoever handles Ctrl-C handles the second one too, and ends at once.
//!
//! Python: `loop.add_signal_handler(SIGINT, stop.set)`, after which `stop.set` runs again and again
//! Caught by: no lint
//! Fixed: `noop_ctrl_c_once_fixed`
//! Needs: `cargo add nix@0.31 -F signal`, `cargo add tokio@1 -F full`
//! Runs on: Linux, macOS
//!
//! ```console
//! $ cargo run -p pitfalls --bin noop_ctrl_c_once_broken
//! ? 1
//! Ctrl-C: closing
//! Ctrl-C: still running
//! ```

use std::env;
use std::future;
use std::io::{self, BufRead, BufReader};
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::signal::unix::{SignalKind, signal};

/// Serves until Ctrl-C, then waits until the last connection has ended.
#[tokio::main]
async fn serve() -> io::Result<()> {
    let mut interrupts = signal(SignalKind::interrupt())?;
    println!("ready");
    interrupts.recv().await;
    println!("closing");
    close().await; // BROKEN: no Ctrl-C ends this
    Ok(())
}

/// Stands for a connection whose other side never ends it.
async fn close() {
    future::pending().await
}

/// How long `main` waits for the server to end.
const PATIENCE: Duration = Duration::from_millis(300);

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
