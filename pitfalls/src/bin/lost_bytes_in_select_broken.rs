//! Lost: `select!` cancels a read in the middle of a frame, and the bytes that it had are gone.
//!
//! You see: after hours a protocol gets out of step: lengths that cannot be, "invalid frame",
//! garbage. It happens when a message arrives in two pieces, which on a fast network it never does.
//! Why: the branches of `select!` that lose are dropped. `read_u32`, `read_exact`, `read_line` and
//! `write_all` keep what they have read or written in the future that is dropped.
//! Rule: in a loop with `select!`, use only what its documentation calls cancel safe, or keep the
//! future.
//!
//! Python: `asyncio.wait_for(reader.readexactly(4), 1)` does not lose them: the reader has a buffer
//! Caught by: no lint
//! Fixed: `lost_bytes_in_select_fixed`
//! Needs: `cargo add tokio@1 -F full,test-util`
//!
//! ```console
//! $ cargo run -p pitfalls --bin lost_bytes_in_select_broken
//! ? 1
//! sent [1, 2, 3], received [1, 131072]
//! ```

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::select;
use tokio::time::{interval, sleep};

/// Receives numbers until the other side closes, and calls `beat` every second.
pub async fn receive(mut stream: DuplexStream, mut beat: impl FnMut()) -> Vec<u32> {
    let mut numbers = Vec::new();
    let mut timer = interval(Duration::from_secs(1));
    loop {
        select! {
            // BROKEN: dropped at each tick, with the bytes that it has read
            number = stream.read_u32() => match number {
                Ok(number) => numbers.push(number),
                Err(_) => return numbers,
            },
            _ = timer.tick() => beat(),
        }
    }
}

/// Sends 1, 2 and 3. The second number travels in two pieces.
async fn send(mut stream: DuplexStream) -> io::Result<()> {
    stream.write_u32(1).await?;
    stream.write_u16(0).await?;
    sleep(Duration::from_millis(1500)).await;
    stream.write_u16(2).await?;
    stream.write_u32(3).await
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> io::Result<ExitCode> {
    let (here, there) = tokio::io::duplex(64);
    let sending = tokio::spawn(send(there));
    let received = receive(here, || {}).await;
    sending.await??;

    println!("sent [1, 2, 3], received {received:?}");
    if received == [1, 2, 3] {
        Ok(ExitCode::SUCCESS)
    } else {
        Ok(ExitCode::FAILURE)
    }
}
