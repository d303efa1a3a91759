//! Hand an open file to another process over a Unix socket.
//!
//! Use it when one process may open what another one uses: a privileged helper opens the file or
//! binds the port, a worker without rights gets the result. The kernel puts the same open file into
//! the table of the receiver, under a number of its own.
//!
//! - Both share the position in the file: what one reads, the other one does not read again.
//! - The receiver can do what the file was opened for, and no more. It need not be able to open it.
//! - After `send_file` you can close yours. A file on its way is not closed.
//! - A child that you start needs none of this: hand it the file as its stdin, with
//!   `Command::stdin`.
//! - At least one byte must go with it, here a 0. Do not mix it with other data on one socket.
//! - On macOS, which has no `MSG_CMSG_CLOEXEC`, set `FD_CLOEXEC` on what you receive.
//!
//! Python: `socket.send_fds`, `socket.recv_fds`, `multiprocessing.reduction.send_handle`
//! Needs: `cargo add nix@0.31 -F socket,uio`
//! Demo needs: `cargo add anyhow@1 tempfile@3`
//! Runs on: Linux
//! Tested: `multiprocessing/tests/proof/pass_fd.rs`
//!
//! ```console
//! $ cargo run -p multiprocessing --bin pass_fd
//! the other process reads: written before the file was sent
//! ```

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

use nix::cmsg_space;
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};

/// Linux sends no more at once. With less space those that fit would stay open, unknown to us.
const MOST_IN_A_MESSAGE: usize = 253;

/// Sends an open file, socket or pipe. The sender keeps its own.
///
/// # Errors
/// If the other end is closed.
pub fn send_file(socket: &UnixStream, file: impl AsFd) -> io::Result<()> {
    let files = [file.as_fd().as_raw_fd()];
    let control = [ControlMessage::ScmRights(&files)];
    let data = [IoSlice::new(&[0])];
    let flags = MsgFlags::MSG_NOSIGNAL; // an error instead of a signal if nobody listens
    sendmsg::<()>(socket.as_raw_fd(), &data, &control, flags, None)?;
    Ok(())
}

/// Waits for a file and receives it. To use it as what it is: `File::from`, `TcpListener::from`.
///
/// # Errors
/// `UnexpectedEof` if the other end is closed, `InvalidData` if something else came.
pub fn receive_file(socket: &UnixStream) -> io::Result<OwnedFd> {
    let mut byte = [0];
    let mut data = [IoSliceMut::new(&mut byte)];
    let mut space = cmsg_space!([RawFd; MOST_IN_A_MESSAGE]);
    let flags = MsgFlags::MSG_CMSG_CLOEXEC; // programs started meanwhile do not inherit it
    let message = recvmsg::<()>(socket.as_raw_fd(), &mut data, Some(&mut space), flags)?;
    if message.bytes == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }

    let mut files = Vec::new();
    for control in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(received) = control {
            for number in received {
                // SAFETY: the kernel has just opened it for us, and nobody else knows it.
                let file = unsafe { OwnedFd::from_raw_fd(number) };
                files.push(file);
            }
        }
    }
    if files.len() > 1 {
        return Err(io::ErrorKind::InvalidData.into()); // and the drop closes all of them
    }
    files.pop().ok_or_else(|| io::ErrorKind::InvalidData.into())
}

// ---- Demo ----------------------------------------------------------------------------------

use std::env;
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::process::Command;

fn main() -> anyhow::Result<()> {
    if env::args().nth(1).as_deref() == Some("child") {
        return read_received_file();
    }

    let (ours, theirs) = UnixStream::pair()?;
    let mut command = Command::new(env::current_exe()?);
    let command = command.arg("child").stdin(OwnedFd::from(theirs));
    let mut child = command.spawn()?;

    let mut file = tempfile::tempfile()?; // it has no name: nobody else can open it
    file.write_all(b"written before the file was sent")?;
    file.rewind()?; // the position goes along
    send_file(&ours, &file)?;
    child.wait()?;
    Ok(())
}

fn read_received_file() -> anyhow::Result<()> {
    let socket = io::stdin().as_fd().try_clone_to_owned()?;
    let mut file = File::from(receive_file(&UnixStream::from(socket))?);
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    println!("the other process reads: {text}");
    Ok(())
}
