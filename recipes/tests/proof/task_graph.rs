use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Barrier, Mutex, mpsc};
use std::time::Duration;

use anyhow::{Result, bail};
use rayon::{ThreadPool, ThreadPoolBuilder};

#[path = "../../src/bin/task_graph.rs"]
#[allow(dead_code)]
mod program;
use program::{Graph, run_graph};

const PATIENCE: Duration = Duration::from_secs(10);

fn pool(threads: usize) -> ThreadPool {
    let builder = ThreadPoolBuilder::new().num_threads(threads);
    builder.build().unwrap()
}

fn diamond() -> Graph<'static> {
    Graph::from([
        ("top", vec![]),
        ("left", vec!["top"]),
        ("right", vec!["top"]),
        ("bottom", vec!["right", "left", "right"]),
    ])
}

#[test]
fn each_job_runs_once_after_its_needs_and_gets_their_results_in_order() {
    const JOBS: usize = 300;
    let names: Vec<String> = (0..JOBS).map(|number| format!("{number}")).collect();
    for threads in [1, 4] {
        for seed in 0..20 {
            let mut graph = Graph::new();
            for number in 0..JOBS {
                let mut needs = Vec::new();
                for nth in 0..number.min(5) {
                    let need = (number * 7919 + nth * 104_729 + seed * 31) % number;
                    needs.push(names[need].as_str());
                }
                graph.insert(&names[number], needs);
            }
            let runs = Mutex::new(Vec::new());
            let results = run_graph(&pool(threads), &graph, |name, results| {
                assert_eq!(results, Vec::from_iter(&graph[name]));
                runs.lock().unwrap().push(name.to_owned());
                Ok(*graph.get_key_value(name).unwrap().0)
            });
            for (name, result) in results.unwrap() {
                assert_eq!(name, result.unwrap());
            }
            let mut runs = runs.into_inner().unwrap();
            runs.sort_by_key(|name| name.parse::<usize>().unwrap());
            assert_eq!(runs, names);
        }
    }
}

#[test]
fn jobs_that_do_not_need_each_other_run_at_once() {
    let both = Barrier::new(2); // hangs unless both are there
    let results = run_graph(&pool(2), &diamond(), |name, _| {
        if name == "left" || name == "right" {
            both.wait();
        }
        Ok(())
    });
    assert_eq!(results.unwrap().len(), 4);
}

#[test]
fn no_job_waits_for_one_that_it_does_not_need() {
    let graph = Graph::from([("slow", vec![]), ("first", vec![]), ("next", vec!["first"])]);
    let (next_has_run, wait) = mpsc::channel();
    let wait = Mutex::new(wait);
    let results = run_graph(&pool(2), &graph, |name, _| {
        match name {
            "slow" => wait.lock().unwrap().recv_timeout(PATIENCE)?,
            "next" => next_has_run.send(())?,
            _ => (),
        }
        Ok(())
    });
    assert!(results.unwrap()["slow"].is_ok());
}

#[test]
fn what_needs_a_failed_job_is_skipped_and_says_so_and_the_others_run() {
    let mut graph = diamond();
    graph.insert("below", vec!["bottom"]);
    let results = run_graph(&pool(2), &graph, |name, _| {
        if name == "left" {
            bail!("failed");
        }
        Ok(())
    });
    let results = results.unwrap();
    let error = |name| results[name].as_ref().unwrap_err().to_string();
    assert!(results["top"].is_ok());
    assert!(results["right"].is_ok());
    assert_eq!(error("left"), "failed");
    assert_eq!(error("bottom"), "skipped, because left has no result");
    assert_eq!(error("below"), "skipped, because bottom has no result");
}

#[test]
fn a_cycle_or_an_unknown_need_is_an_error_before_anything_runs() {
    let cycle = Graph::from([
        ("before", vec![]),
        ("a", vec!["before", "b"]),
        ("b", vec!["a"]),
        ("behind", vec!["b"]),
    ]);
    let itself = Graph::from([("a", vec!["a"])]);
    let unknown = Graph::from([("a", vec![]), ("b", vec!["c"])]);
    let errors = [
        (cycle, "in a cycle, or behind one: a, b, behind"),
        (itself, "in a cycle, or behind one: a"),
        (unknown, "b needs c: no such job"),
    ];
    for (graph, expected) in errors {
        let runs = AtomicUsize::new(0);
        let results = run_graph(&pool(1), &graph, |_, _| {
            runs.fetch_add(1, Relaxed);
            Ok(())
        });
        assert_eq!(results.unwrap_err().to_string(), expected);
        assert_eq!(runs.into_inner(), 0);
    }
}

#[test]
fn a_panic_reaches_the_caller_after_all_jobs_that_do_not_need_this_one() {
    let runs = AtomicUsize::new(0);
    let pool = pool(1);
    let caught = catch_unwind(AssertUnwindSafe(|| {
        run_graph(&pool, &diamond(), |name, _| -> Result<()> {
            assert_ne!(name, "left");
            runs.fetch_add(1, Relaxed);
            Ok(())
        })
    }));
    assert!(caught.is_err());
    assert_eq!(runs.into_inner(), 2); // top and right
}

#[test]
fn a_long_chain_and_an_empty_graph_are_no_trouble() {
    let names: Vec<String> = (0..100_000).map(|number| format!("{number}")).collect();
    let mut graph = Graph::new();
    assert!(
        run_graph(&pool(1), &graph, |_, _| Ok(0))
            .unwrap()
            .is_empty()
    );
    graph.insert(&names[0], vec![]);
    for pair in names.windows(2) {
        graph.insert(&pair[1], vec![&pair[0]]);
    }
    let results = run_graph(&pool(2), &graph, |_, results: &[&usize]| {
        Ok(results.first().map_or(0, |previous| **previous + 1))
    });
    assert_eq!(*results.unwrap()["99999"].as_ref().unwrap(), 99_999);
}
