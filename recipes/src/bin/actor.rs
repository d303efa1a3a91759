//! Let one task own the state and have everybody send it messages: an actor, without a lock.
//!
//! Use it where a state and what is done with it belong together, above all where a step awaits: a
//! connection, a file. The actor is a task that owns its state and takes one message after the
//! other. Callers hold a handle, which is the sending end of a bounded channel. Each message
//! carries a `oneshot` channel for the answer.
//!
//! - The actor ends when the last handle is dropped, and gives its state back.
//! - A call that is canceled while it waits for the answer is not undone: the message is in the
//!   mailbox, and the transfer happens all the same.
//! - To wait for the answer alone is not enough: a message that is sent just when the actor ends
//!   may stay in the channel, and its caller would wait forever. See `ask`.
//! - An actor that waits for another actor takes no messages meanwhile. Two that ask each other can
//!   wait forever: `deadlock_bounded_both_ways_broken`.
//! - For a map that is only read and written, a `Mutex` is shorter and faster: `mutex_counter`. On
//!   a thread: `isolated_actor_thread`. Restarted after a panic: `actors_supervised`.
//!
//! Python: a task that reads an `asyncio.Queue`, with a future in each message
//! Needs: `cargo add anyhow@1`, `cargo add tokio@1 -F macros,rt,sync`
//! Demo needs: `cargo add tokio@1 -F full`
//! Tested: `recipes/tests/proof/actor.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin actor
//! 1000 transfers asked for, 908 done
//! account 1: 6 cents
//! account 2: 6 cents
//! account 3: 9988 cents
//! ```

use std::collections::HashMap;

use anyhow::{Context, Result, bail, ensure};
use tokio::select;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// The balance of each account, in cents. Their sum must fit into a `u64`.
pub type Accounts = HashMap<u32, u64>;

/// An order to move money from one account to another.
pub struct Transfer {
    pub from: u32,
    pub to: u32,
    pub cents: u64,
}

/// What callers send, each with the way back for the answer.
enum Message {
    Transfer {
        order: Transfer,
        reply: oneshot::Sender<Result<()>>,
    },
    Balances {
        reply: oneshot::Sender<Accounts>,
    },
}

/// The handle of a bank. Clone it for more callers.
#[derive(Clone)]
pub struct Bank {
    mailbox: mpsc::Sender<Message>,
}

impl Bank {
    /// Starts the actor. At most `capacity` messages wait in its mailbox, and further callers
    /// wait until there is room. The task ends when the last handle is dropped, and returns the
    /// accounts.
    ///
    /// # Panics
    /// If `capacity` is 0.
    pub fn open(accounts: Accounts, capacity: usize) -> (Self, JoinHandle<Accounts>) {
        let (mailbox, messages) = mpsc::channel(capacity);
        let actor = tokio::spawn(run(accounts, messages));
        (Self { mailbox }, actor)
    }

    /// Moves money, all of it or nothing.
    ///
    /// # Errors
    /// If an account does not exist, there is too little in it, or the actor has ended.
    pub async fn transfer(&self, order: Transfer) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        self.ask(Message::Transfer { order, reply }, answer).await?
    }

    /// Returns all balances at one moment: no transfer is half done.
    ///
    /// # Errors
    /// If the actor has ended.
    pub async fn balances(&self) -> Result<Accounts> {
        let (reply, answer) = oneshot::channel();
        self.ask(Message::Balances { reply }, answer).await
    }

    async fn ask<T>(&self, message: Message, answer: oneshot::Receiver<T>) -> Result<T> {
        let sent = self.mailbox.send(message).await;
        sent.ok().context("the bank is closed")?;
        select! {
            biased;
            answer = answer => answer.context("the bank has ended"),
            // A message that is sent just when the actor ends may stay in the mailbox, unread.
            () = self.mailbox.closed() => bail!("the bank has ended"),
        }
    }
}

/// The actor: takes one message after the other, until there is no handle any more.
async fn run(mut accounts: Accounts, mut messages: mpsc::Receiver<Message>) -> Accounts {
    while let Some(message) = messages.recv().await {
        // An error of `send` means that the caller does not wait for the answer any more.
        match message {
            Message::Transfer { order, reply } => {
                let result = transfer(&mut accounts, order);
                let _ = reply.send(result);
            }
            Message::Balances { reply } => {
                let _ = reply.send(accounts.clone());
            }
        }
    }
    accounts
}

fn transfer(accounts: &mut Accounts, order: Transfer) -> Result<()> {
    let Transfer { from, to, cents } = order;
    ensure!(accounts.contains_key(&to), "there is no account {to}");
    let Some(balance) = accounts.get_mut(&from) else {
        bail!("there is no account {from}");
    };
    ensure!(*balance >= cents, "account {from} has only {balance} cents");
    *balance -= cents;
    *accounts.entry(to).or_default() += cents;
    Ok(())
}

// ---- Demo ----------------------------------------------------------------------------------

use tokio::task::JoinSet;

#[tokio::main]
async fn main() -> Result<()> {
    let accounts = Accounts::from([(1, 5000), (2, 5000), (3, 0)]);
    let (bank, actor) = Bank::open(accounts, 32);

    let mut callers = JoinSet::new();
    for caller in 0..1000 {
        let bank = bank.clone();
        let order = Transfer {
            from: 1 + caller % 2,
            to: 3,
            cents: 11,
        };
        callers.spawn(async move { bank.transfer(order).await });
    }
    let results = callers.join_all().await;
    let done = results.iter().filter(|result| result.is_ok());
    println!("1000 transfers asked for, {} done", done.count());

    drop(bank); // the last handle
    let accounts = actor.await?;
    for account in 1..=3 {
        println!("account {account}: {} cents", accounts[&account]);
    }
    Ok(())
}
