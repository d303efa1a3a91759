use std::fs;
use std::path::Path;
use std::time::Duration;

use kameo::prelude::ActorRef;
use tokio::task::JoinSet;
use tokio::time::timeout;

#[path = "../../src/bin/actors_supervised.rs"]
#[allow(dead_code)]
mod program;
use program::{Supervisor, Tally, add, start};

const PATIENCE: Duration = Duration::from_secs(30);

async fn start_at(file: &Path, max_restarts: u32) -> (ActorRef<Supervisor>, ActorRef<Tally>) {
    let file = file.to_owned();
    start(move || file.clone(), max_restarts).await
}

/// Sends all amounts at once, and returns how many were answered with a new total.
async fn add_all(tally: &ActorRef<Tally>, amounts: Vec<&'static str>) -> usize {
    let mut callers = JoinSet::new();
    for amount in amounts {
        let tally = tally.clone();
        callers.spawn(async move { add(&tally, amount).await.is_ok() });
    }
    let answers = timeout(PATIENCE, callers.join_all()).await;
    let answers = answers.expect("nobody hangs");
    answers.into_iter().filter(|answered| *answered).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_wait_survive_panics_that_follow_each_other() {
    for _ in 0..10 {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("total");
        let (_supervisor, tally) = start_at(&file, 5).await;
        let mut amounts = vec!["1"; 100];
        amounts[50..55].fill("not a number");
        assert_eq!(add_all(&tally, amounts).await, 95);
        assert_eq!(add(&tally, "0").await.unwrap(), 95);
        assert_eq!(fs::read_to_string(&file).unwrap(), "95");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_one_panic_too_many_everybody_gets_an_error_and_the_total_stays() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("total");
    let (supervisor, tally) = start_at(&file, 2).await;
    let mut amounts = vec!["1"; 100];
    amounts[20..23].fill("not a number");
    let answered = add_all(&tally, amounts).await;

    timeout(PATIENCE, tally.wait_for_shutdown()).await.unwrap();
    let ended = timeout(PATIENCE, supervisor.wait_for_shutdown()).await;
    ended.unwrap();
    assert!(add(&tally, "1").await.is_err());
    let total = fs::read_to_string(&file).unwrap_or("0".to_owned());
    assert_eq!(total, answered.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tallies_in_one_folder_do_not_mix_their_totals() {
    let folder = tempfile::tempdir().unwrap();
    let euros = folder.path().join("total.eur");
    let dollars = folder.path().join("total.usd");
    let (_supervisor, of_euros) = start_at(&euros, 0).await;
    let (_supervisor, of_dollars) = start_at(&dollars, 0).await;
    let added = tokio::join!(
        add_all(&of_euros, vec!["1"; 500]),
        add_all(&of_dollars, vec!["2"; 500]),
    );
    assert_eq!(added, (500, 500));
    assert_eq!(fs::read_to_string(euros).unwrap(), "500");
    assert_eq!(fs::read_to_string(dollars).unwrap(), "1000");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_total_that_cannot_be_read_is_not_taken_for_0() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("total");
    fs::write(&file, "12 or so").unwrap();
    let (_supervisor, tally) = start_at(&file, 2).await;
    let answer = timeout(PATIENCE, add(&tally, "1")).await.unwrap();
    assert!(answer.is_err());
    assert_eq!(fs::read_to_string(&file).unwrap(), "12 or so");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_total_that_cannot_be_stored_is_an_error_and_adds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("not there yet");
    let (_supervisor, tally) = start_at(&deep.join("total"), 0).await;
    assert!(add(&tally, "5").await.is_err());
    fs::create_dir(&deep).unwrap();
    assert_eq!(add(&tally, "7").await.unwrap(), 7);
    let too_much = u64::MAX.to_string();
    assert!(add(&tally, &too_much).await.is_err());
    assert_eq!(add(&tally, "1").await.unwrap(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tally_ends_with_its_supervisor() {
    let folder = tempfile::tempdir().unwrap();
    let (supervisor, tally) = start_at(&folder.path().join("total"), 2).await;
    add(&tally, "1").await.unwrap();
    drop(supervisor);
    timeout(PATIENCE, tally.wait_for_shutdown()).await.unwrap();
}
