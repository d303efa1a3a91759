use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::Barrier;
use tokio::task::yield_now;
use tokio::time::timeout;

#[path = "../../src/bin/actor.rs"]
#[allow(dead_code)]
mod program;
use program::{Accounts, Bank, Transfer};

fn order(from: u32, to: u32, cents: u64) -> Transfer {
    Transfer { from, to, cents }
}

#[tokio::test]
async fn a_transfer_that_is_refused_changes_nothing() {
    let accounts = Accounts::from([(1, 100), (2, 0)]);
    let (bank, actor) = Bank::open(accounts, 1);
    for (refused, error) in [
        (order(1, 2, 101), "account 1 has only 100 cents"),
        (order(1, 1, 101), "account 1 has only 100 cents"),
        (order(1, 3, 1), "there is no account 3"),
        (order(3, 1, 1), "there is no account 3"),
    ] {
        let result = bank.transfer(refused).await;
        assert_eq!(result.unwrap_err().to_string(), error);
    }
    assert_eq!(
        bank.balances().await.unwrap(),
        Accounts::from([(1, 100), (2, 0)])
    );

    bank.transfer(order(1, 1, 100)).await.unwrap(); // to itself
    bank.transfer(order(1, 2, 0)).await.unwrap();
    bank.transfer(order(1, 2, 100)).await.unwrap();
    drop(bank);
    assert_eq!(actor.await.unwrap(), Accounts::from([(1, 0), (2, 100)]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_look_at_the_balances_sees_all_the_money() {
    let accounts = Accounts::from_iter((0..10).map(|account| (account, 100)));
    let (bank, actor) = Bank::open(accounts, 4);
    let mut tasks = Vec::new();
    for caller in 0..8 {
        let bank = bank.clone();
        tasks.push(tokio::spawn(async move {
            for n in 0..500 {
                let _ = bank.transfer(order((caller + n) % 10, n % 10, 7)).await;
                let balances = bank.balances().await.unwrap();
                assert_eq!(balances.values().sum::<u64>(), 1000);
            }
        }));
    }
    drop(bank);
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(actor.await.unwrap().values().sum::<u64>(), 1000);
}

#[tokio::test]
async fn a_canceled_transfer_happens_if_it_was_in_the_mailbox_and_else_not() {
    let (bank, actor) = Bank::open(Accounts::from([(1, 100), (2, 0)]), 1);
    // The actor has not run yet: the first one fills the mailbox, the second one waits for room.
    let sent = bank.transfer(order(1, 2, 10)).now_or_never();
    let not_sent = bank.transfer(order(1, 2, 1)).now_or_never();
    assert!(sent.is_none());
    assert!(not_sent.is_none());
    drop(bank);
    assert_eq!(actor.await.unwrap(), Accounts::from([(1, 90), (2, 10)]));
}

#[tokio::test]
async fn callers_of_an_actor_that_has_ended_get_an_error() {
    let (bank, actor) = Bank::open(Accounts::new(), 1);
    let waiting = tokio::spawn({
        let bank = bank.clone();
        async move { bank.balances().await }
    });
    actor.abort(); // before it has run
    yield_now().await;
    let error = waiting.await.unwrap().unwrap_err();
    assert!(error.to_string().starts_with("the bank"));
    let error = bank.transfer(order(1, 2, 3)).await.unwrap_err();
    assert_eq!(error.to_string(), "the bank is closed");
}

/// The message must arrive between two steps of the actor's end: it empties the mailbox, and is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_caller_that_sends_just_when_the_actor_ends_does_not_hang() {
    for _ in 0..3000 {
        let (bank, actor) = Bank::open(Accounts::new(), 64);
        let start = Arc::new(Barrier::new(4));
        let mut callers = Vec::new();
        for _ in 0..3 {
            let bank = bank.clone();
            let start = start.clone();
            callers.push(tokio::spawn(async move {
                start.wait().await;
                while bank.balances().await.is_ok() {}
            }));
        }
        start.wait().await;
        actor.abort();
        for caller in callers {
            let ended = timeout(Duration::from_secs(20), caller).await;
            ended.expect("a caller hangs").unwrap();
        }
    }
}
