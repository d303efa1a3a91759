//! Share a value between tasks: std's lock for a moment, tokio's lock across an `.await`.
//!
//! Use `std::sync::Mutex` for data, in async code too: lock, change, unlock, with no `.await` in
//! between. Use `tokio::sync::Mutex` where the lock must be held across an `.await`. That is mostly
//! a connection, since the answer belongs to the task that has asked. tokio's lock costs more, but
//! a task that waits for it lets the other tasks run.
//!
//! - A std guard held across an `.await` does not compile in a spawned task, and can be a deadlock
//!   elsewhere: `deadlock_guard_across_await`.
//! - A task can be canceled while it holds tokio's lock. The lock is then released in the middle of
//!   a change, and it is not poisoned. So `ask` takes the stream out of the lock while it uses it,
//!   and a task that is canceled does not put it back.
//! - tokio's lock is fair: the tasks get it in the order in which they asked.
//! - Instead of a lock, a task can own the connection: `actor`.
//!
//! Python: `async with asyncio.Lock():`; without an `await` inside, Python needs no lock
//! Needs: `cargo add tokio@1 -F io-util,sync`
//! Demo needs: `cargo add tokio@1 -F full`
//! Tested: `asyncio/tests/proof/async_lock.rs`
//!
//! ```console
//! $ cargo run -p asyncio --bin async_lock
//! visits of 10000 tasks: 10000
//! right answers: 10000
//! ```

use std::collections::HashMap;
use std::io;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufStream};

/// Counts the visits of each page.
#[derive(Default)]
pub struct Visits {
    pages: std::sync::Mutex<HashMap<String, u64>>,
}

impl Visits {
    /// Counts one more visit of `page`.
    pub fn add(&self, page: &str) {
        let mut pages = self.pages.lock().unwrap();
        let count = pages.entry(page.to_owned()).or_default();
        *count += 1;
    }

    /// Returns how many visits of `page` there have been.
    pub fn count(&self, page: &str) -> u64 {
        let pages = self.pages.lock().unwrap();
        match pages.get(page) {
            Some(count) => *count,
            None => 0,
        }
    }
}

/// A connection for all tasks, which takes one question at a time.
pub struct Connection<S> {
    /// `None` after an error, and after a task was canceled in the middle of a question.
    stream: tokio::sync::Mutex<Option<BufStream<S>>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub fn new(stream: S) -> Self {
        let stream = BufStream::new(stream);
        Self {
            stream: tokio::sync::Mutex::new(Some(stream)),
        }
    }

    /// Sends a line, and returns the line that the other side answers, both without their newline.
    ///
    /// # Errors
    /// Those of the stream. `NotConnected` if an earlier question has failed or was canceled, since
    /// its answer could still come.
    pub async fn ask(&self, question: &str) -> io::Result<String> {
        let mut slot = self.stream.lock().await; // held until the end of the function
        let mut stream = slot.take().ok_or(io::ErrorKind::NotConnected)?;

        stream.write_all(question.as_bytes()).await?;
        stream.write_all(b"\n").await?;
        stream.flush().await?;
        let mut answer = String::new();
        stream.read_line(&mut answer).await?;
        let end = answer.pop(); // the newline
        if end != Some('\n') {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }

        *slot = Some(stream);
        Ok(answer)
    }
}

// ---- Demo ----------------------------------------------------------------------------------

use std::sync::Arc;

use tokio::io::DuplexStream;
use tokio::task::JoinSet;

#[tokio::main]
async fn main() -> io::Result<()> {
    let (client, server) = tokio::io::duplex(64);
    let server = tokio::spawn(echo(server));
    let connection = Arc::new(Connection::new(client));
    let visits = Arc::new(Visits::default());

    let mut tasks = JoinSet::new();
    for number in 0..10_000 {
        let connection = connection.clone();
        let visits = visits.clone();
        tasks.spawn(async move {
            visits.add("/echo");
            let question = format!("question {number}");
            let answer = connection.ask(&question).await;
            answer.is_ok_and(|answer| answer == question)
        });
    }
    let mut right_answers = 0;
    while let Some(is_right) = tasks.join_next().await {
        if is_right? {
            right_answers += 1;
        }
    }
    println!("visits of 10000 tasks: {}", visits.count("/echo"));
    println!("right answers: {right_answers}");

    drop(connection); // ends the server
    server.await??;
    Ok(())
}

/// Sends back what comes in, until the other side hangs up.
async fn echo(stream: DuplexStream) -> io::Result<u64> {
    let (mut reader, mut writer) = tokio::io::split(stream);
    tokio::io::copy(&mut reader, &mut writer).await
}
