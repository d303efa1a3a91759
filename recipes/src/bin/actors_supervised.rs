//! Restart an actor that panics, with what it has stored; give up after N restarts: kameo.
//!
//! Use it where one bad message must not end a service. A panic ends the actor, and its supervisor
//! starts another one with the same mailbox. The memory of the actor is lost, since nobody knows
//! what the panic left in it. What must survive is stored before the caller gets its answer: here
//! in a file, which is replaced as a whole.
//!
//! - The caller whose message made it panic gets an error. The message is not tried again. All
//!   others get their answers from the next actor.
//! - After one panic too many the supervisor ends, and all calls fail. Restarts follow at once, so
//!   a database that is down for a minute uses them up: retry such calls inside the actor, as
//!   `fanout_retry` does.
//! - A power failure can undo a stored total. Call `sync_all` on the file before `persist` if that
//!   matters.
//! - If nothing can panic: `actor`. Jobs that outlive the process: `job_queue`.
//!
//! Python: ray's `@ray.remote(max_restarts=2)`; an exception alone ends no actor of ray's
//! Needs: `cargo add kameo@0.22 tempfile@3`
//! Demo needs: `cargo add anyhow@1`, `cargo add tokio@1 -F full`
//! Tested: `recipes/tests/proof/actors_supervised.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin actors_supervised -F actors
//!
//! thread 'actors_supervised::Tally' ([..]) panicked at recipes/src/bin/actors_supervised.rs:[..]
//! called `Result::unwrap()` on an `Err` value: ParseIntError { kind: InvalidDigit }
//! note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
//!
//! thread 'actors_supervised::Tally' ([..]) panicked at recipes/src/bin/actors_supervised.rs:[..]
//! called `Result::unwrap()` on an `Err` value: ParseIntError { kind: InvalidDigit }
//! 1000 messages, 998 answered
//! the total is 4990, after 2 restarts
//!
//! thread 'actors_supervised::Tally' ([..]) panicked at recipes/src/bin/actors_supervised.rs:[..]
//! called `Result::unwrap()` on an `Err` value: ParseIntError { kind: InvalidDigit }
//! one panic more: actor stopped
//! after that: actor not running
//! ```

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use kameo::mailbox;
use kameo::prelude::*;
use kameo::supervision::RestartPolicy;
use tempfile::NamedTempFile;

/// The actor: adds up amounts, and keeps the total in a file.
pub struct Tally {
    total: u64,
    file: PathBuf,
}

impl Actor for Tally {
    type Args = PathBuf;
    type Error = io::Error;

    /// Runs at every start: the first one, and those after a panic.
    async fn on_start(file: PathBuf, _: ActorRef<Self>) -> io::Result<Self> {
        let total = match fs::read_to_string(&file) {
            Ok(text) => text.trim().parse().map_err(io::Error::other)?,
            Err(error) if error.kind() == ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        Ok(Self { total, file })
    }
}

/// A message: adds an amount in cents, written as text. Text that is no number makes the actor
/// panic: that is the bug of this example.
pub struct Add(pub String);

impl Message<Add> for Tally {
    type Reply = io::Result<u64>;

    /// Returns the new total, once it is stored.
    async fn handle(&mut self, add: Add, _: &mut Context<Self, Self::Reply>) -> Self::Reply {
        let cents = add.0.parse().unwrap();
        let total = self.total.checked_add(cents);
        let total = total.ok_or_else(|| io::Error::other("the total is too large"))?;
        store(&self.file, total)?;
        self.total = total;
        Ok(total)
    }
}

/// Replaces the file as a whole: a crash leaves the old total or the new one.
fn store(file: &Path, total: u64) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut new = NamedTempFile::new_in(folder)?; // under a name that nobody else uses
    write!(new, "{total}")?;
    new.persist(file)?;
    Ok(())
}

/// Restarts the tally. Ends when there is one restart too many.
#[derive(Actor)]
pub struct Supervisor;

/// Starts a tally on a thread of its own, since it waits for the disk, and its supervisor. Keep
/// the supervisor: the tally ends when it is dropped. `file` is called at each start.
///
/// Both end after a panic when there have been `max_restarts` restarts, without a minute of peace
/// between them.
///
/// # Panics
/// Outside of a tokio runtime with several threads.
pub async fn start(
    file: impl Fn() -> PathBuf + Send + Sync + 'static,
    max_restarts: u32,
) -> (ActorRef<Supervisor>, ActorRef<Tally>) {
    let supervisor = Supervisor::spawn(Supervisor);
    let tally = Tally::supervise_with(&supervisor, file)
        .restart_policy(RestartPolicy::Transient) // not after `stop_gracefully`
        .restart_limit(max_restarts, Duration::from_secs(60))
        // Room for one message. From a larger mailbox an actor of kameo 0.22 takes all that waits
        // when it starts, and loses it if one of these messages makes it panic.
        .spawn_in_thread_with_mailbox(mailbox::bounded(1))
        .await;
    (supervisor, tally)
}

/// Adds an amount, and returns the new total. Dropped half-way, it may have been added or not.
///
/// # Errors
/// `ActorStopped` if the actor panicked on it, or ended before it answered; `ActorNotRunning`
/// if it had ended before; `HandlerError` if the total cannot be stored, and then nothing is
/// added.
pub async fn add(tally: &ActorRef<Tally>, amount: &str) -> Result<u64, SendError<Add, io::Error>> {
    let mut message = Add(amount.to_owned());
    loop {
        match tally.ask(message).await {
            Err(SendError::ActorRestarting(not_handled)) => message = not_handled,
            answer => return answer,
        }
    }
}

// ---- Demo ----------------------------------------------------------------------------------

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use tokio::task::JoinSet;

static STARTS: AtomicU32 = AtomicU32::new(0);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("total");
    let count_and_open = move || {
        STARTS.fetch_add(1, Relaxed);
        file.clone()
    };
    let (_supervisor, tally) = start(count_and_open, 2).await;

    let mut callers = JoinSet::new();
    for n in 1..=1000 {
        let tally = tally.clone();
        let amount = if n % 500 == 0 { "five" } else { "5" };
        callers.spawn(async move { add(&tally, amount).await });
    }
    let answers = callers.join_all().await;
    let answered = answers.iter().filter(|answer| answer.is_ok());
    println!("1000 messages, {} answered", answered.count());
    let total = add(&tally, "0").await?;
    let restarts = STARTS.load(Relaxed) - 1;
    println!("the total is {total}, after {restarts} restarts");

    let error = add(&tally, "five").await.unwrap_err();
    println!("one panic more: {error}");
    tally.wait_for_shutdown().await;
    let error = add(&tally, "5").await.unwrap_err();
    println!("after that: {error}");
    Ok(())
}
