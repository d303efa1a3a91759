//! Run jobs that depend on each other, each one once, in parallel wherever they allow it.
//!
//! Use it for a build, a data pipeline, a plan. Each job names the jobs that it needs, and gets
//! their results. A counter for each job says how many of these have not ended. Whichever job
//! brings the counter of another one to zero starts it, so no thread ever waits for a job.
//!
//! - A job that fails does not stop the others. Those that need it are skipped: their result is an
//!   error that says so.
//! - A cycle, or a need that is no job, is an error before anything runs.
//! - A panic in a job reaches the caller, after all jobs that do not need this one.
//! - The jobs are for computing. For jobs that wait for a network, use tasks: `gather_join`.
//! - All results stay in memory until the end. For jobs that must survive a crash: `job_queue`.
//! - To sort a graph without running it, use the `petgraph` crate and its `toposort`.
//!
//! Python: `dask.delayed`, or `graphlib.TopologicalSorter` with a `ThreadPoolExecutor`
//! Needs: `cargo add anyhow@1 rayon@1`
//! Tested: `recipes/tests/proof/task_graph.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin task_graph
//! fetch: fetch()
//! index: index(parse(fetch()))
//! mail: skipped, because upload has no result
//! parse: parse(fetch())
//! report: report(stats(parse(fetch())), index(parse(fetch())))
//! stats: stats(parse(fetch()))
//! upload: the server is down
//!
//! error: in a cycle, or behind one: egg, hen
//! ```

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering::AcqRel};

use anyhow::{Context, Result, bail, ensure};
use rayon::{Scope, ThreadPool};

/// The jobs by name, each with the names of the jobs that it needs.
pub type Graph<'a> = BTreeMap<&'a str, Vec<&'a str>>;

/// Calls `run` once for each job, on the threads of `pool`, and returns all results by name. `run`
/// gets the name of the job, and the results of the jobs that it needs, in the order of its needs.
///
/// # Errors
/// If some jobs can never start. Then none is run.
///
/// # Panics
/// If `run` panics.
pub fn run_graph<'a, T: Send + Sync>(
    pool: &ThreadPool,
    graph: &Graph<'a>,
    run: impl Fn(&str, &[&T]) -> Result<T> + Sync,
) -> Result<BTreeMap<&'a str, Result<T>>> {
    let mut jobs = build_jobs(graph)?;
    ensure_all_can_start(&jobs)?;
    pool.scope(|scope| {
        for (name, job) in &jobs {
            if job.needs.is_empty() {
                scope.spawn(|scope| run_job(name, &jobs, &run, scope));
            }
        }
    });
    let mut results = BTreeMap::new();
    while let Some((name, job)) = jobs.pop_first() {
        let result = job.result.into_inner();
        results.insert(name, result.expect("every job has ended"));
    }
    Ok(results)
}

struct Job<'a, T> {
    needs: Vec<&'a str>,
    needed_by: Vec<&'a str>,
    /// How many of its needs have not ended.
    missing: AtomicUsize,
    result: OnceLock<Result<T>>,
}

type Jobs<'a, T> = BTreeMap<&'a str, Job<'a, T>>;

fn build_jobs<'a, T>(graph: &Graph<'a>) -> Result<Jobs<'a, T>> {
    let mut jobs = BTreeMap::new();
    for (name, needs) in graph {
        let job = Job {
            needs: needs.clone(),
            needed_by: Vec::new(),
            missing: AtomicUsize::new(needs.len()),
            result: OnceLock::new(),
        };
        jobs.insert(*name, job);
    }
    for (name, needs) in graph {
        for need in needs {
            let needed = jobs.get_mut(need);
            let needed = needed.with_context(|| format!("{name} needs {need}: no such job"))?;
            needed.needed_by.push(*name);
        }
    }
    Ok(jobs)
}

/// Goes through the graph as a run would, without running anything.
fn ensure_all_can_start<T>(jobs: &Jobs<T>) -> Result<()> {
    let mut missing = BTreeMap::new();
    let mut ready = Vec::new();
    for (name, job) in jobs {
        missing.insert(*name, job.needs.len());
        if job.needs.is_empty() {
            ready.push(*name);
        }
    }
    while let Some(name) = ready.pop() {
        missing.remove(name);
        for next in &jobs[name].needed_by {
            let count = missing.get_mut(next).expect("it waits for this job");
            *count -= 1;
            if *count == 0 {
                ready.push(next);
            }
        }
    }
    let stuck = Vec::from_iter(missing.into_keys()).join(", ");
    ensure!(stuck.is_empty(), "in a cycle, or behind one: {stuck}");
    Ok(())
}

fn run_job<'scope, T: Send + Sync>(
    name: &str,
    jobs: &'scope Jobs<T>,
    run: &'scope (impl Fn(&str, &[&T]) -> Result<T> + Sync),
    scope: &Scope<'scope>,
) {
    let job = &jobs[name];
    let result = results_of(&job.needs, jobs).and_then(|results| run(name, &results));
    job.result.get_or_init(|| result);
    for next in &job.needed_by {
        // Release: the result of this job. Acquire, by the last one: those of all the others.
        let missing = jobs[next].missing.fetch_sub(1, AcqRel);
        if missing == 1 {
            scope.spawn(|scope| run_job(next, jobs, run, scope));
        }
    }
}

fn results_of<'jobs, T>(names: &[&str], jobs: &'jobs Jobs<T>) -> Result<Vec<&'jobs T>> {
    let mut results = Vec::new();
    for name in names {
        match jobs[*name].result.get() {
            Some(Ok(result)) => results.push(result),
            _ => bail!("skipped, because {name} has no result"),
        }
    }
    Ok(results)
}

// ---- Demo ----------------------------------------------------------------------------------

use rayon::ThreadPoolBuilder;

fn main() -> Result<()> {
    let pool = ThreadPoolBuilder::new().build()?;
    let graph = Graph::from([
        ("fetch", vec![]),
        ("parse", vec!["fetch"]),
        ("stats", vec!["parse"]),
        ("index", vec!["parse"]),
        ("report", vec!["stats", "index"]),
        ("upload", vec!["report"]),
        ("mail", vec!["upload"]),
    ]);
    for (name, result) in run_graph(&pool, &graph, work)? {
        match result {
            Ok(result) => println!("{name}: {result}"),
            Err(error) => println!("{name}: {error}"),
        }
    }

    let graph = Graph::from([("hen", vec!["egg"]), ("egg", vec!["hen"])]);
    if let Err(error) = run_graph(&pool, &graph, work) {
        println!("\nerror: {error}");
    }
    Ok(())
}

/// Stands for a job that computes something from the results of others.
fn work(name: &str, results: &[&String]) -> Result<String> {
    ensure!(name != "upload", "the server is down");
    let results = Vec::from_iter(results.iter().copied().cloned());
    Ok(format!("{name}({})", results.join(", ")))
}
