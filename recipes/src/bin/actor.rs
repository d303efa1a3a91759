//! Let one task own the state and have everybody send it messages: an actor, without a lock.
//!
//! Use it where a state and what is done with it belong together, above all where a step awaits: a
//! connection, a file. The actor is a task that owns a plain `HashMap` and takes one message after
//! the other; the handle is the sending end, and each message brings the way back for its answer.
//! The mailbox is bounded: where it is full, callers wait in turn. The actor ends when the last
//! handle is dropped (a forgotten one keeps it alive); awaiting it returns the accounts. Once it
//! has ended, or panicked, callers get an error and do not hang: `Closed` if the message was never
//! in the mailbox, `NoAnswer` if it was: it may or may not have been carried out.
//!
//! Canceling `transfer(..).await` does not call the transfer back. Dropped while the mailbox is
//! full, it does not happen. Dropped later, it happens all the same, once and whole, and only the
//! answer is lost. If you must know, number the orders, and let the bank note those that are done.
//! An actor that waits for another's answer takes no messages meanwhile. Two that ask each other
//! can both wait for good, as in `deadlock_bounded_both_ways_broken`: ask in one direction only.
//! For a map alone, where no step awaits, a `Mutex` is shorter and faster: `mutex_counter`. An
//! actor that is restarted after a crash: `actors_supervised`.
//!
//! Python: a task around an `asyncio.Queue(maxsize=32)`, each message with a future; `set_result`
//! on that of a canceled caller raises `InvalidStateError`, which ends the actor.
//! Needs: `cargo add futures@0.3`, `cargo add clap@4 -F derive`, `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p recipes --bin actor
//! 100 transfers canceled: 32 were sent and happened, no other
//! 10000 callers: 7136 done, 1000 canceled, 667 insufficient funds, 597 no such account, 600 a transfer to itself
//! the bank had 9001000 cents, and has 9001000 at its end
//! the actor gone while a caller waits, and another after that: [Err(NoAnswer), Err(Closed)]
//!
//! $ cargo run -p recipes --bin actor -- --mailbox 200
//! 100 transfers canceled: 100 were sent and happened, no other
//! 10000 callers: 7136 done, 1000 canceled, 667 insufficient funds, 597 no such account, 600 a transfer to itself
//! the bank had 9001000 cents, and has 9001000 at its end
//! the actor gone while a caller waits, and another after that: [Err(NoAnswer), Err(Closed)]
//!
//! $ cargo run -p recipes --bin actor -- --mailbox 0
//! ? 2
//! error: invalid value '0' for '--mailbox <N>': 0 is not in 1..=65535
//! ```

use std::io::{self, Write, stdout};
use std::process::{ExitCode, exit};
use std::{collections::HashMap, error, fmt, time::Duration};

use clap::{Parser, value_parser};
use futures::FutureExt;
use tokio::{join, select, sync::mpsc, sync::oneshot, task::JoinSet, time::timeout};

/// What a caller is told instead of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BankError {
    NoAccount,
    Insufficient,
    ToItself,
    /// The account cannot hold so much.
    Overflow,
    /// The actor had ended. Nothing was done.
    Closed,
    /// The actor ended before it answered. It may have been done.
    NoAnswer,
}

impl fmt::Display for BankError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::NoAccount => "no such account",
            Self::Insufficient => "insufficient funds",
            Self::ToItself => "a transfer to itself",
            Self::Overflow => "more than an account can hold",
            Self::Closed => "the bank is closed",
            Self::NoAnswer => "the bank ended before it answered",
        })
    }
}

impl error::Error for BankError {}

type Answer<T> = Result<T, BankError>;
type Reply<T> = oneshot::Sender<Answer<T>>;

/// What callers ask for, amounts in cents. The last field takes the answer back.
enum Message {
    Deposit(u32, u64, Reply<u64>),
    Withdraw(u32, u64, Reply<u64>),
    Transfer([u32; 2], u64, Reply<()>),
    Balances(Reply<Accounts>),
}

/// The handle: clone it at will. The actor ends when the last one is dropped.
///
/// Each method errs with a [`BankError`]. Dropped before the message is in the mailbox, nothing is
/// done; dropped later, it is done all the same.
#[derive(Clone)]
pub struct Bank(mpsc::Sender<Message>);

impl Bank {
    /// A bank with these accounts and room for `mailbox` messages, and its actor, which does
    /// nothing until it is spawned; what spawns it owns it. It returns the accounts at its end.
    /// Panics if `mailbox` is 0.
    pub fn open(accounts: Accounts, mailbox: usize) -> (Self, impl Future<Output = Accounts>) {
        let (sender, messages) = mpsc::channel(mailbox);
        (Self(sender), serve(accounts, messages))
    }

    /// Adds `cents` to an account and returns its balance.
    pub async fn deposit(&self, account: u32, cents: u64) -> Result<u64, BankError> {
        self.ask(|reply| Message::Deposit(account, cents, reply))
            .await
    }

    /// Takes `cents` from an account and returns its balance.
    pub async fn withdraw(&self, account: u32, cents: u64) -> Result<u64, BankError> {
        self.ask(|reply| Message::Withdraw(account, cents, reply))
            .await
    }

    /// Moves `cents` from one account to another, as a whole or not at all.
    pub async fn transfer(&self, from: u32, to: u32, cents: u64) -> Result<(), BankError> {
        self.ask(|reply| Message::Transfer([from, to], cents, reply))
            .await
    }

    /// The balances of all accounts at one moment: no transfer is half in it.
    pub async fn balances(&self) -> Result<Accounts, BankError> {
        self.ask(Message::Balances).await
    }

    async fn ask<T>(&self, message: impl FnOnce(Reply<T>) -> Message) -> Answer<T> {
        let (reply, answer) = oneshot::channel();
        self.0
            .send(message(reply))
            .await
            .map_err(|_| BankError::Closed)?;
        let none = Err(BankError::NoAnswer);
        // One sent while the actor ended may stay in the mailbox, and its `reply` with it.
        select! { biased; it = answer => it.unwrap_or(none), () = self.0.closed() => none }
    }
}

/// The actor: one message after the other, until no handle is left.
async fn serve(mut accounts: Accounts, mut messages: mpsc::Receiver<Message>) -> Accounts {
    while let Some(message) = messages.recv().await {
        // No await in here: an abort comes between two messages, not into the middle of one.
        // An answer that nobody waits for any more (`false`) is no reason to undo what was done.
        let _ = match message {
            Message::Deposit(to, cents, reply) => reply.send(accounts.add(to, cents)).is_ok(),
            Message::Withdraw(from, cents, reply) => reply.send(accounts.take(from, cents)).is_ok(),
            Message::Transfer(pair, sum, reply) => reply.send(accounts.transfer(pair, sum)).is_ok(),
            Message::Balances(reply) => reply.send(Ok(accounts.clone())).is_ok(),
        };
    }
    accounts
}

/// The balances in cents, as if there were no concurrency at all.
#[derive(Clone, Debug)]
pub struct Accounts(pub HashMap<u32, u64>);

impl Accounts {
    fn add(&mut self, account: u32, cents: u64) -> Answer<u64> {
        let balance = self.0.get_mut(&account).ok_or(BankError::NoAccount)?;
        *balance = balance.checked_add(cents).ok_or(BankError::Overflow)?;
        Ok(*balance)
    }

    fn take(&mut self, account: u32, cents: u64) -> Answer<u64> {
        let balance = self.0.get_mut(&account).ok_or(BankError::NoAccount)?;
        *balance = balance.checked_sub(cents).ok_or(BankError::Insufficient)?;
        Ok(*balance)
    }

    fn transfer(&mut self, [from, to]: [u32; 2], cents: u64) -> Answer<()> {
        if from == to {
            return Err(BankError::ToItself);
        }
        let both = self.0.get_disjoint_mut([&from, &to]);
        let [Some(from), Some(to)] = both else {
            return Err(BankError::NoAccount);
        };
        let rest = from.checked_sub(cents).ok_or(BankError::Insufficient)?;
        *to = to.checked_add(cents).ok_or(BankError::Overflow)?;
        *from = rest; // only now: nothing can fail any more
        Ok(())
    }
}

/// Moves money between the accounts of a bank, for 10,000 callers at once.
#[derive(Parser)]
struct Args {
    /// How many messages may wait for the actor
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = value_parser!(u16).range(1..))]
    mailbox: u16,
}

#[tokio::main]
async fn main() -> io::Result<ExitCode> {
    let args = Args::try_parse().unwrap_or_else(|wrong| match wrong.to_string().lines().next() {
        Some(line) if wrong.use_stderr() => {
            eprintln!("{line}"); // without the usage
            exit(2)
        }
        _ => wrong.exit(), // --help, --version
    });
    let accounts = (0..10).map(|account| (account, if account == 0 { 1000 } else { 1_000_000 }));
    let (bank, actor) = Bank::open(Accounts(accounts.collect()), args.mailbox.into());

    // The actor does not run yet, so as many callers come to wait for it as the mailbox has room.
    for _ in 0..100 {
        let _ = bank.transfer(1, 2, 1).now_or_never(); // dropped where it first has to wait
    }
    let actor = tokio::spawn(actor);
    let sent = bank
        .balances()
        .await
        .map_or(0, |balances| balances.0[&2] - 1_000_000);
    // Not `println!`, which would panic in a broken pipe.
    writeln!(
        stdout(),
        "100 transfers canceled: {sent} were sent and happened, no other"
    )?;

    let answers = JoinSet::from_iter((0..10_000).map(|n| order(bank.clone(), n)))
        .join_all()
        .await;
    let count = |answer| answers.iter().filter(|found| **found == answer).count();
    write!(
        stdout(),
        "10000 callers: {} done, {} canceled",
        count(Some(Ok(()))),
        count(None)
    )?;
    for error in [
        BankError::Insufficient,
        BankError::NoAccount,
        BankError::ToItself,
    ] {
        write!(stdout(), ", {} {error}", count(Some(Err(error))))?;
    }
    drop(bank); // the last handle
    let total: u64 = timeout(Duration::from_secs(10), actor)
        .await??
        .0
        .values()
        .sum();
    writeln!(
        stdout(),
        "\nthe bank had 9001000 cents, and has {total} at its end"
    )?;

    let (bank, actor) = Bank::open(Accounts(HashMap::new()), 1);
    let (asked, ()) = join!(bank.balances(), async { drop(actor) }); // as an abort or a panic does
    let gone = [asked.map(drop), bank.balances().await.map(drop)];
    writeln!(
        stdout(),
        "the actor gone while a caller waits, and another after that: {gone:?}"
    )?;
    let refused = count(Some(Err(BankError::Insufficient)));
    let held = (sent, refused, total) == (args.mailbox.min(100).into(), 667, 9_001_000)
        && gone == [Err(BankError::NoAnswer), Err(BankError::Closed)];
    Ok(ExitCode::from(u8::from(!held)))
}

/// One order, or `None` if it was canceled. They look random, and are the same in each run.
async fn order(bank: Bank, n: u32) -> Option<Result<(), BankError>> {
    let random = n.wrapping_mul(2_654_435_761) >> 8;
    let (from, to, cents) = (1 + random % 9, 1 + random / 9 % 10, random % 100); // no account 10
    Some(match n % 10 {
        0 => return bank.transfer(from, to, 50).now_or_never().and(None), // wherever it was then
        1 => bank.deposit(from, 7).await.map(drop),
        2 => bank.withdraw(from, 7).await.map(drop),
        3 => bank.transfer(0, from, 3).await, // enough for a third of them, whoever comes first
        _ => bank.transfer(from, to, cents.into()).await,
    })
}
