//! Restart an actor that crashes, with its mailbox and what it stored; give up after N restarts.
//!
//! Use it where one bad message must not end a service. A panic ends the actor, not the program:
//! its supervisor starts another, with the same arguments and the same mailbox. Its memory is gone,
//! since nobody knows what the panic left in it; what must survive is in a store, here a file that
//! is replaced as a whole before the caller gets an answer. The message that crashed it is not
//! tried again, and its caller gets `ActorStopped`; those that wait are handled by the next actor.
//! After one crash too many the supervisor ends as well, and callers get an error, they do not
//! hang: await its end in `main`, and end. Restarts follow at once. A minute without its database
//! uses them all up: retry such calls inside the actor, as `fanout_retry` does. The crate is
//! `kameo`; `ractor`, which is well kept too, has no bounded mailbox and leaves the restart to you.
//! If nothing can panic: `actor`. Jobs that survive the process: `job_queue`.
//!
//! Python: Ray's `@ray.remote(max_restarts=2)`, where a process that dies is restarted: it begins
//! again with `__init__`, and the call under way raises. An exception is only passed on.
//! Needs: `cargo add kameo@0.22 tempfile@3`, `cargo add clap@4 -F derive`,
//! `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p recipes --bin actors_supervised -F actors
//!
//! thread 'actors_supervised::Tally' ([..]) panicked at recipes/src/bin/actors_supervised.rs:[..]
//! attempt to divide by zero
//! note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
//!
//! thread 'actors_supervised::Tally' ([..]) panicked at recipes/src/bin/actors_supervised.rs:[..]
//! attempt to divide by zero
//! 1000 messages, 2 crash it: 998 answered, 2 restarts; the total is 497523, should be 497523
//!
//! thread 'actors_supervised::Tally' ([..]) panicked at recipes/src/bin/actors_supervised.rs:[..]
//! attempt to divide by zero
//! one crash more: 21 of 21 callers got an error, 2 restarts; the supervisor has ended, the file says 497523
//!
//! $ cargo run -p recipes --bin actors_supervised -F actors -- --restarts 0
//! 1000 messages, 0 crash it: 1000 answered, 0 restarts; the total is 499500, should be 499500
//!
//! thread 'actors_supervised::Tally' ([..]) panicked at recipes/src/bin/actors_supervised.rs:[..]
//! attempt to divide by zero
//! note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
//! one crash more: 21 of 21 callers got an error, 0 restarts; the supervisor has ended, the file says 499500
//!
//! $ cargo run -p recipes --bin actors_supervised -F actors -- --restarts 101
//! ? 2
//! error: invalid value '101' for '--restarts <N>': 101 is not in 0..=100
//! ```

use std::io::{self, ErrorKind, Write, stdout};
use std::process::{ExitCode, exit};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::{fs, path::PathBuf, time::Duration};

use clap::{Parser, value_parser};
use kameo::{error::Infallible, mailbox, prelude::*, supervision::RestartPolicy};
use tokio::{join, task::JoinSet, time::timeout};

/// Sums up shares, and keeps the total in a file.
pub struct Tally {
    total: u64,
    file: PathBuf,
}

impl Actor for Tally {
    type Args = PathBuf;
    type Error = io::Error;

    /// At every start, the first one and those after a crash: what the file says, or 0.
    async fn on_start(file: PathBuf, _: ActorRef<Self>) -> io::Result<Self> {
        let total = match fs::read_to_string(&file) {
            Ok(text) => text.trim().parse().map_err(io::Error::other)?,
            Err(error) if error.kind() == ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        Ok(Self { total, file })
    }
}

/// Adds one share of so many cents. The bug of this example: no people is a panic.
pub struct Add {
    pub cents: u64,
    pub people: u64,
}

impl Message<Add> for Tally {
    type Reply = io::Result<u64>;

    /// Returns the new total. First what may panic, then the store, then memory, then the answer:
    /// what is answered is stored, and what crashes has changed nothing.
    async fn handle(&mut self, add: Add, _: &mut Context<Self, Self::Reply>) -> Self::Reply {
        let total = self.total.checked_add(add.cents / add.people);
        let total = total.ok_or_else(|| io::Error::other("the total is full"))?;
        let next = self.file.with_extension("next");
        fs::write(&next, total.to_string())?;
        fs::rename(next, &self.file)?; // a power failure can still undo it: `File::sync_all`
        self.total = total;
        Ok(total)
    }
}

/// Does nothing but restart. It ends when it gives up, and stops its actors when it ends.
pub struct Supervisor;

impl Actor for Supervisor {
    type Args = ();
    type Error = Infallible;
    async fn on_start((): (), _: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(Self)
    }
}

/// Starts a tally, in a thread since it blocks on its file, and what restarts it after a panic or
/// an error of `on_start`: so often, until there has been none for the time `within`.
/// `starting` is called before each start. Keep the supervisor: once its last `ActorRef` is
/// dropped, it ends, and the tally with it. Panics in a runtime of one thread: tests want
/// `#[tokio::test(flavor = "multi_thread")]`.
pub async fn start(
    file: PathBuf,
    (restarts, within): (u32, Duration),
    starting: impl Fn() + Send + Sync + 'static,
) -> (ActorRef<Supervisor>, ActorRef<Tally>) {
    let supervisor = Supervisor::spawn(());
    let args = move || {
        starting();
        file.clone()
    };
    let tally = Tally::supervise_with(&supervisor, args)
        .restart_policy(RestartPolicy::Transient) // not after `stop_gracefully`
        .restart_limit(restarts, within)
        // Room for one: the others wait in turn. Of a larger mailbox kameo 0.22 takes out all that
        // waits when the actor starts, and loses it if one of these messages crashes it again.
        .spawn_in_thread_with_mailbox(mailbox::bounded(1))
        .await;
    (supervisor, tally)
}

/// Adds, and returns the new total. Waits while the mailbox is full. Errs with `ActorStopped` if
/// the actor crashed on it, or crashed for good while it waited; with `ActorNotRunning` if it was
/// too late; with `HandlerError` if the file could not be written, where nothing is added.
/// Dropped before it has an answer, it may or may not be added.
pub async fn add(
    tally: &ActorRef<Tally>,
    mut message: Add,
) -> Result<u64, SendError<Add, io::Error>> {
    loop {
        match tally.ask(message).await {
            Err(SendError::ActorRestarting(unhandled)) => message = unhandled,
            answer => return answer,
        }
    }
}

/// Sends 1000 messages to an actor that crashes on some of them.
#[derive(Parser)]
struct Args {
    /// How many restarts are allowed, and how many of the messages crash it
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = value_parser!(u32).range(..=100))]
    restarts: u32,
}

static STARTS: AtomicU32 = AtomicU32::new(0);
const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> io::Result<ExitCode> {
    let args = Args::try_parse().unwrap_or_else(|wrong| match wrong.to_string().lines().next() {
        Some(line) if wrong.use_stderr() => {
            eprintln!("{line}"); // without the usage
            exit(2)
        }
        _ => wrong.exit(), // --help, --version
    });
    let crashes = args.restarts;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("total");
    let limit = (crashes, Duration::from_secs(60));
    let count = || _ = STARTS.fetch_add(1, Relaxed); // a count: it orders nothing
    let (supervisor, tally) = start(file.clone(), limit, count).await;

    let crashing = 990 - crashes..990; // one right after the other, while more wait behind them
    let people = |n| if crashing.contains(&n) { 0 } else { 2 };
    let callers = (0..1000).map(|n| share(tally.clone(), n, people(n)));
    let answered = timeout(PATIENCE, JoinSet::from_iter(callers).join_all()).await?;
    let answered: Vec<_> = answered.into_iter().flatten().collect();
    let total = add(
        &tally,
        Add {
            cents: 0,
            people: 1,
        },
    )
    .await
    .unwrap_or(0); // after its restart
    let restarts = STARTS.load(Relaxed) - 1;
    // Not `println!`, which would panic in a broken pipe.
    write!(
        stdout(),
        "1000 messages, {crashes} crash it: {} answered, ",
        answered.len()
    )?;
    let right: u64 = answered.iter().sum();
    writeln!(
        stdout(),
        "{restarts} restarts; the total is {total}, should be {right}"
    )?;
    let mut held = (answered.len() as u32, restarts, total) == (1000 - crashes, crashes, right);

    let last = tally
        .ask(Add {
            cents: 1,
            people: 0,
        })
        .enqueue()
        .await
        .map_err(io::Error::other)?;
    let late = JoinSet::from_iter((0..20).map(|n| share(tally.clone(), n, 1))).join_all();
    let (last, late) = timeout(PATIENCE, async { (last.await, late.await) }).await?;
    let errors = late.iter().filter(|answer| answer.is_none()).count() + usize::from(last.is_err());
    timeout(PATIENCE, async {
        join!(supervisor.wait_for_shutdown(), tally.wait_for_shutdown())
    })
    .await?;
    let (restarts, stored) = (STARTS.load(Relaxed) - 1, fs::read_to_string(file)?);
    write!(
        stdout(),
        "one crash more: {errors} of 21 callers got an error, "
    )?;
    writeln!(
        stdout(),
        "{restarts} restarts; the supervisor has ended, the file says {stored}"
    )?;
    held &= (errors, restarts, stored) == (21, crashes, total.to_string());
    Ok(ExitCode::from(u8::from(!held)))
}

/// Adds one of so many shares of 2 `n` cents; returns what was added if that is certain.
async fn share(tally: ActorRef<Tally>, n: u32, people: u64) -> Option<u64> {
    let cents = 2 * u64::from(n);
    add(&tally, Add { cents, people })
        .await
        .is_ok()
        .then(|| cents / people)
}
