use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};

#[path = "../../src/bin/pass_fd.rs"]
#[allow(dead_code)]
mod program;
use program::{receive_file, send_file};

fn read_to_end(mut pipe: impl Read) -> String {
    let mut text = String::new();
    pipe.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_file_on_its_way_stays_open_when_the_sender_closes_it_and_its_socket() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let (reader, writer) = io::pipe().unwrap();
    send_file(&ours, &writer).unwrap();
    drop(writer);
    drop(ours);
    let mut received = File::from(receive_file(&theirs).unwrap());
    received.write_all(b"through").unwrap();
    drop(received);
    assert_eq!(read_to_end(reader), "through"); // and nothing else holds it open
}

#[test]
fn both_share_the_position() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"one two").unwrap();
    file.rewind().unwrap();
    send_file(&ours, &file).unwrap();
    let mut received = File::from(receive_file(&theirs).unwrap());
    received.read_exact(&mut [0; 4]).unwrap();
    assert_eq!(read_to_end(file), "two");
}

#[test]
fn a_received_file_can_do_what_it_was_opened_for_and_no_more() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    send_file(&ours, File::open("/dev/null").unwrap()).unwrap();
    let mut received = File::from(receive_file(&theirs).unwrap());
    assert!(received.write_all(b"x").is_err());
}

#[test]
fn a_received_file_is_not_inherited_by_programs() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    send_file(&ours, io::stdin()).unwrap();
    let received = receive_file(&theirs).unwrap();
    let flags = fcntl(&received, FcntlArg::F_GETFD).unwrap();
    assert!(FdFlag::from_bits_retain(flags).contains(FdFlag::FD_CLOEXEC));
}

/// Sends some files in one message, or none.
fn send_all(socket: &UnixStream, files: &[&OwnedFd]) {
    let files: Vec<_> = files.iter().map(|file| file.as_raw_fd()).collect();
    let control = [ControlMessage::ScmRights(&files)];
    let data = [io::IoSlice::new(&[0])];
    sendmsg::<()>(socket.as_raw_fd(), &data, &control, MsgFlags::empty(), None).unwrap();
}

#[test]
fn more_than_one_file_is_an_error_and_leaves_none_open() {
    for count in [2, 3, 253] {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let (reader, writer) = io::pipe().unwrap();
        let writer = OwnedFd::from(writer);
        send_all(&ours, &vec![&writer; count]);
        drop(writer);
        assert!(receive_file(&theirs).is_err(), "{count} files");
        assert_eq!(read_to_end(reader), ""); // would hang
    }
}

#[test]
fn no_file_is_an_error_and_so_is_the_end() {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    ours.write_all(b"x").unwrap();
    let error = receive_file(&theirs).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    drop(ours);
    let error = receive_file(&theirs).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    let error = send_file(&theirs, theirs.as_fd()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
}
