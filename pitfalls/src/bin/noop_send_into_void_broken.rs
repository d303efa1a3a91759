//! No-op: the thread that writes the log has ended, and whoever sends to it never finds out.
//!
//! You see: the program runs and reports no error, and the log ended hours ago.
//! Why: `send` fails when the receiver is gone, and returns the message. `let _ =` drops both. The
//! thread has returned an error, and nobody asks for that either.
//! Rule: an error of `send` means that the other side is gone: stop, and ask it why.
//!
//! Python: `queue.put(line)` cannot fail; the thread behind it died of an exception
//! Caught by: clippy `let_underscore_must_use` (opt-in)
//! Fixed: `noop_send_into_void_fixed`
//! Needs: nothing
//! Runs on: Linux
//!
//! ```console
//! $ cargo run -p pitfalls --bin noop_send_into_void_broken
//! ? 1
//! logging: Ok(())
//! writing: Err(Os { code: 28, kind: StorageFull, message: "No space left on device" })
//! ```

#![warn(clippy::let_underscore_must_use)] // not on by default

use std::fs::File;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver, SendError, SyncSender};
use std::thread;

/// Logs the lines through the writer behind `log`.
///
/// # Errors
/// With the line that could not be sent, if the writer has ended.
pub fn log_all(log: &SyncSender<String>, lines: Vec<String>) -> Result<(), SendError<String>> {
    for line in lines {
        #[expect(
            clippy::let_underscore_must_use,
            reason = "the mistake that this file shows"
        )]
        let _ = log.send(line); // BROKEN: nobody hears that the writer has ended
    }
    Ok(())
}

/// Writes the lines until all senders are gone.
///
/// # Errors
/// If a line cannot be written.
pub fn write_all(mut file: File, lines: Receiver<String>) -> io::Result<()> {
    for line in lines {
        file.write_all(line.as_bytes())?;
    }
    Ok(())
}

fn main() -> io::Result<ExitCode> {
    // On Linux, this file behaves as every file does on a full disk.
    let full_disk = File::options().write(true).open("/dev/full")?;
    let (log, lines) = mpsc::sync_channel(0);
    let writer = thread::spawn(|| write_all(full_disk, lines));

    let logging = log_all(&log, vec!["a line\n".to_owned(); 100]);
    drop(log);
    let writing = writer.join().unwrap();
    println!("logging: {logging:?}");
    println!("writing: {writing:?}");
    if logging.is_ok() == writing.is_ok() {
        Ok(ExitCode::SUCCESS)
    } else {
        Ok(ExitCode::FAILURE)
    }
}
