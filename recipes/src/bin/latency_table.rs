//! Measure what a wait costs: a lock, a system call, a file, a round trip over the network.
//!
//! Use it to see what is worth waiting for with another model. What takes less than a few
//! microseconds is best done right away: a thread that is woken for it costs more. From a round
//! trip upward, time is nearly all waiting, and another task could run meanwhile.
//!
//! - Measure your own machine. These are the best cases: a lock that nobody holds, a file in
//!   memory, a network without a cable. A round trip to another continent takes 0.1 s.
//! - `median_time` takes the median, which a few slow rounds do not change.
//! - To compare two versions of your code, use the `criterion` or the `divan` crate.
//!
//! Python: `timeit` on `with lock: pass`, `file.tell()`, `socket.recv(1)`: each costs more there
//! Needs: nothing
//! Demo needs: `cargo add tempfile@3`
//! Tested: `recipes/tests/proof/latency_table.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin latency_table
//! a free mutex             [..]s        1 times
//! a system call            [..]s [..] times
//! a read of 4 KiB, cached  [..]s [..] times
//! a round trip on loopback [..]s [..] times
//! ```

use std::io;
use std::time::{Duration, Instant};

/// How many rounds [`median_time`] measures.
const ROUNDS: usize = 101;

/// Calls `work` again and again, and returns how long one call takes.
///
/// A round is `calls` calls between two looks at the clock. For what is shorter than a microsecond
/// that must be many, because looking at the clock takes time too.
///
/// # Errors
/// The first error of `work`.
///
/// # Panics
/// If `calls` is 0.
pub fn median_time(calls: u32, mut work: impl FnMut() -> io::Result<()>) -> io::Result<Duration> {
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for _ in 0..calls {
            work()?;
        }
        times.push(start.elapsed() / calls);
    }
    times.sort();
    Ok(times[ROUNDS / 2])
}

// ---- Demo ----------------------------------------------------------------------------------

use std::io::{Read, Seek, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Mutex;
use std::thread;

fn main() -> io::Result<()> {
    let counter = Mutex::new(0);
    let free_mutex = median_time(1000, || {
        *counter.lock().unwrap() += 1;
        Ok(())
    })?;

    let mut file = tempfile::tempfile()?;
    file.write_all(&[0; 4096])?;
    let system_call = median_time(100, || {
        file.stream_position()?;
        Ok(())
    })?;

    let mut buffer = [0; 4096];
    let cached_read = median_time(100, || {
        file.rewind()?;
        file.read_exact(&mut buffer)
    })?;

    let mut table = [
        ("a round trip on loopback", round_trip()?),
        ("a read of 4 KiB, cached", cached_read),
        ("a system call", system_call),
        ("a free mutex", free_mutex),
    ];
    table.sort_by_key(|(_, time)| *time);
    for (wait, time) in table {
        let times = time.div_duration_f64(free_mutex);
        println!("{wait:<24} {time:>8.0?} {times:>8.0} times");
    }
    Ok(())
}

/// Measures a byte to a server on loopback, and back.
fn round_trip() -> io::Result<Duration> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    let (server, _) = listener.accept()?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let echo = thread::spawn(move || io::copy(&mut &server, &mut &server));

    let mut byte = [1];
    let time = median_time(1, || {
        client.write_all(&byte)?;
        client.read_exact(&mut byte)
    })?;
    drop(client); // the server sees the end of the stream and ends
    echo.join().expect("copying does not panic")?;
    Ok(time)
}
