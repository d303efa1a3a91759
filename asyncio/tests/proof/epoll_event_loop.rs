use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use nix::sys::epoll::EpollFlags;
use socket2::SockRef;

#[path = "../../src/bin/epoll_event_loop.rs"]
#[allow(dead_code)]
mod program;
use program::EventLoop;

const READABLE: EpollFlags = EpollFlags::EPOLLIN;
const WRITABLE: EpollFlags = EpollFlags::EPOLLOUT;

type Log = Rc<RefCell<Vec<&'static str>>>;

#[test]
fn a_client_that_resets_ends_its_own_connection_only() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let rude = TcpStream::connect(address).unwrap();
    let (server_of_rude, _) = listener.accept().unwrap();
    let mut polite = TcpStream::connect(address).unwrap();
    let (server_of_polite, _) = listener.accept().unwrap();
    let log = Log::default();

    SockRef::from(&rude)
        .set_linger(Some(Duration::ZERO))
        .unwrap();
    drop(rude); // sends a reset
    let mut event_loop = EventLoop::new().unwrap();
    let seen = log.clone();
    let reset = move |_: &mut EventLoop, mut socket: TcpStream| {
        seen.borrow_mut().push("reset");
        let error = socket.read(&mut [0; 8]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        polite.write_all(b"hello")?; // only now: the other one comes after the error
        seen.borrow_mut().push("said hello");
        Err(error)
    };
    event_loop
        .register(server_of_rude, READABLE, reset)
        .unwrap();
    let seen = log.clone();
    let hello = move |_: &mut EventLoop, mut socket: TcpStream| {
        socket.read_exact(&mut [0; 5])?;
        seen.borrow_mut().push("got hello");
        Ok(())
    };
    event_loop
        .register(server_of_polite, READABLE, hello)
        .unwrap();

    event_loop.run().unwrap();
    assert_eq!(*log.borrow(), ["reset", "said hello", "got hello"]);
}

#[test]
fn a_full_socket_is_called_back_when_there_is_room() {
    let (end, ended) = mpsc::channel();
    let test = thread::spawn(move || {
        fill_and_drain();
        end.send(()).unwrap();
    });
    let in_time = ended.recv_timeout(Duration::from_secs(10));
    assert_eq!(in_time, Ok(()), "nobody was called back");
    test.join().unwrap();
}

fn fill_and_drain() {
    let (mut full, reader) = UnixStream::pair().unwrap();
    full.set_nonblocking(true).unwrap();
    reader.set_nonblocking(true).unwrap();
    let chunk = [0; 4096];
    while full.write(&chunk).is_ok() {}

    let (mut trigger, triggered) = UnixStream::pair().unwrap();
    trigger.write_all(b"!").unwrap();
    let log = Log::default();
    let mut event_loop = EventLoop::new().unwrap();
    let seen = log.clone();
    let has_room = move |_: &mut EventLoop, mut socket: UnixStream| {
        socket.write_all(b"!")?;
        seen.borrow_mut().push("written");
        Ok(())
    };
    event_loop.register(full, WRITABLE, has_room).unwrap();
    let reader = Rc::new(reader);
    let in_callback = reader.clone();
    let seen = log.clone();
    let make_room = move |_: &mut EventLoop, _: UnixStream| {
        seen.borrow_mut().push("reading");
        let mut buffer = [0; 4096];
        let mut reader = &*in_callback;
        while reader.read(&mut buffer).is_ok() {}
        Ok(())
    };
    event_loop.register(triggered, READABLE, make_room).unwrap();

    event_loop.run().unwrap();
    assert_eq!(*log.borrow(), ["reading", "written"]);
    drop(reader); // open until here: the end of the connection would call back, too
}

#[test]
fn a_callback_is_called_once_and_may_register_the_same_socket_again() {
    let (mut sender, receiver) = UnixStream::pair().unwrap();
    sender.write_all(b"abc").unwrap();
    drop(sender);
    let log = Log::default();
    let mut event_loop = EventLoop::new().unwrap();
    read_one(&mut event_loop, receiver, log.clone()).unwrap();
    event_loop.run().unwrap();
    assert_eq!(*log.borrow(), ["a byte", "a byte", "a byte", "the end"]);
}

/// Reads one byte for each call, until the end.
fn read_one(event_loop: &mut EventLoop, receiver: UnixStream, log: Log) -> io::Result<()> {
    event_loop.register(receiver, READABLE, move |event_loop, mut receiver| {
        if receiver.read(&mut [0])? == 0 {
            log.borrow_mut().push("the end");
            return Ok(());
        }
        log.borrow_mut().push("a byte");
        read_one(event_loop, receiver, log)
    })
}

#[test]
fn more_sockets_than_one_wait_returns_are_all_called_back() {
    let calls = Rc::new(RefCell::new(0));
    let mut event_loop = EventLoop::new().unwrap();
    for _ in 0..200 {
        let (sender, receiver) = UnixStream::pair().unwrap();
        drop(sender); // readable: the end
        let count = calls.clone();
        let callback = move |_: &mut EventLoop, _: UnixStream| {
            *count.borrow_mut() += 1;
            Ok(())
        };
        event_loop.register(receiver, READABLE, callback).unwrap();
    }
    event_loop.run().unwrap();
    assert_eq!(*calls.borrow(), 200);
}

#[test]
fn dropping_the_loop_closes_the_sockets_that_it_waits_for() {
    let (mut other_side, socket) = UnixStream::pair().unwrap();
    let mut event_loop = EventLoop::new().unwrap();
    let callback = |_: &mut EventLoop, _: UnixStream| Ok(());
    event_loop.register(socket, READABLE, callback).unwrap();
    drop(event_loop);
    let limit = Some(Duration::from_secs(10));
    other_side.set_read_timeout(limit).unwrap();
    assert_eq!(other_side.read(&mut [0]).unwrap(), 0, "the end");
}

#[test]
fn without_sockets_it_ends_at_once() {
    EventLoop::new().unwrap().run().unwrap();
}
