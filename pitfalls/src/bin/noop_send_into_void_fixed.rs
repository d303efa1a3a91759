//! Fixed: the first line that cannot be sent ends the logging with an error.
//!
//! The error of `send` holds the message, so it can go elsewhere. The reason stands in the result
//! of the writer: join it. `Ok` from `send` says only that the receiver was there; where a line
//! must be on the disk, the writer has to answer, as in `background_writer`.
//!
//! Python: no such error in a queue; look at `writer.is_alive()` before each `put`
//! Broken: `noop_send_into_void_broken`
//! Needs: nothing
//! Runs on: Linux
//!
//! ```console
//! $ cargo run -p pitfalls --bin noop_send_into_void_fixed
//! logging: Err(SendError { .. })
//! writing: Err(Os { code: 28, kind: StorageFull, message: "No space left on device" })
//! ```

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
        log.send(line)?; // FIXED: stops, and says so
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
