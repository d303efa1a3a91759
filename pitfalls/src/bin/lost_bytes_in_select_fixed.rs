//! Fixed: the read is made once for each frame, and `select!` only borrows it.
//!
//! `&mut reading` is what a round drops; the future and its bytes live on. The other ways: a task
//! that reads and sends frames on a channel, whose `recv` is cancel safe; or `FramedRead` of
//! tokio-util, which keeps the bytes in its own buffer (`framed_protocol`).
//!
//! Python: an `asyncio.StreamReader` keeps what a canceled `readexactly` did not return
//! Broken: `lost_bytes_in_select_broken`
//! Needs: `cargo add tokio@1 -F full,test-util`
//!
//! ```console
//! $ cargo run -p pitfalls --bin lost_bytes_in_select_fixed
//! sent [1, 2, 3], received [1, 2, 3]
//! ```

use std::io;
use std::pin::pin;
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
        // FIXED: lives until it has its four bytes
        let mut reading = pin!(stream.read_u32());
        let number = loop {
            select! {
                number = &mut reading => break number,
                _ = timer.tick() => beat(),
            }
        };
        match number {
            Ok(number) => numbers.push(number),
            Err(_) => return numbers,
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
