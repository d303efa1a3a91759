//! Run jobs that depend on each other, in parallel wherever they do not.
//!
//! Use it for a build, a data pipeline, a plan: each job names those it needs, and gets their
//! results. A counter for each job says how many of these are missing; who brings it down to 0
//! starts the job, so nobody waits for a level to be complete, and no thread waits for a job. A
//! job that fails does not stop the others; what needs it, directly or not, is not run. A cycle,
//! or a need that is no job, is found before anything runs. A panic reaches the caller when all
//! that can still run has ended. Results stay in memory until the end. Jobs that wait, for a
//! network or a disk: tasks, as in `gather_join`. A graph that must survive a crash: `job_queue`.
//!
//! Python: `graphlib.TopologicalSorter` with a pool; `dask.delayed`.
//! Needs: `cargo add clap@4 -F derive`, `cargo add rayon@1`
//!
//! ```console
//! $ cargo run -p recipes --bin task_graph
//! fetch  fetch()
//! parse  parse(fetch())
//! stats  stats(parse(fetch()))
//! index  index(parse(fetch()))
//! report report(stats(parse(fetch())), index(parse(fetch())))
//! mail   mail(report(stats(parse(fetch())), index(parse(fetch()))))
//! 6 run, once each, after all they need, two of them at once: true
//!
//! $ cargo run -p recipes --bin task_graph -- --fail stats
//! fetch  fetch()
//! parse  parse(fetch())
//! stats  failed
//! index  index(parse(fetch()))
//! report not run
//! mail   not run
//! 4 run, once each, after all they need, two of them at once: true
//!
//! $ cargo run -p recipes --bin task_graph -- --circle
//! ? 1
//! Error: "0 run, never: [0, 1, 2, 3, 4, 5]"
//! ```

use std::io::{Write, stdout};
use std::sync::atomic::{AtomicUsize, Ordering::AcqRel};
use std::sync::{Condvar, Mutex, OnceLock};
use std::{error::Error, process::ExitCode, time::Duration};

use clap::Parser;
use rayon::Scope;

/// Runs every job after all that it needs, on the threads of the pool. `needs[job]` are the
/// numbers of these; `work` gets the number of the job and their results, in the same order.
/// Returns what each job returned; `None` where one that it needs has failed or was not run.
///
/// # Errors
/// Before anything runs: some jobs could never start.
///
/// # Panics
/// With the panic of `work`, when everything that does not need this job has ended.
pub fn run_graph<R: Send + Sync, E: Send + Sync>(
    needs: &[Vec<usize>],
    work: impl Fn(usize, &[&R]) -> Result<R, E> + Sync,
) -> Result<Vec<Option<Result<R, E>>>, Stuck> {
    let mut needed_by = vec![Vec::new(); needs.len()];
    let all = needs
        .iter()
        .enumerate()
        .flat_map(|(job, n)| n.iter().map(move |&need| (job, need)));
    for (job, need) in all.filter(|&(_, need)| need < needs.len()) {
        needed_by[need].push(job);
    }
    let mut missing: Vec<_> = needs.iter().map(Vec::len).collect();
    let ready: Vec<_> = (0..needs.len()).filter(|&job| missing[job] == 0).collect();
    let mut could_run = ready.clone();
    while let Some(job) = could_run.pop() {
        for &next in &needed_by[job] {
            missing[next] -= 1;
            could_run.extend((missing[next] == 0).then_some(next));
        }
    }
    let stuck: Vec<_> = (0..needs.len()).filter(|&job| missing[job] > 0).collect();
    if !stuck.is_empty() {
        return Err(Stuck(stuck));
    }
    let missing = needs.iter().map(|needs| needs.len().into()).collect();
    let results: Vec<_> = needs.iter().map(|_| OnceLock::new()).collect();
    let graph = Graph {
        needs,
        needed_by,
        missing,
        results,
        work: &work,
    };
    let shared = &graph;
    rayon::scope(|s| {
        ready
            .iter()
            .for_each(|&job| s.spawn(move |s| shared.run(job, s)))
    });
    Ok(graph
        .results
        .into_iter()
        .map(OnceLock::into_inner)
        .collect())
}

/// The jobs that can never start: in a circle, behind one, or in need of a job that is not there.
#[derive(Debug, PartialEq, Eq)]
pub struct Stuck(pub Vec<usize>);

type Work<'a, R, E> = dyn Fn(usize, &[&R]) -> Result<R, E> + Sync + 'a;

struct Graph<'a, R, E> {
    needs: &'a [Vec<usize>],
    needed_by: Vec<Vec<usize>>,
    missing: Vec<AtomicUsize>,
    results: Vec<OnceLock<Result<R, E>>>,
    work: &'a Work<'a, R, E>,
}

impl<R: Send + Sync, E: Send + Sync> Graph<'_, R, E> {
    fn run<'s>(&'s self, job: usize, scope: &Scope<'s>) {
        let result = |&need: &usize| self.results[need].get()?.as_ref().ok();
        if let Some(results) = self.needs[job]
            .iter()
            .map(result)
            .collect::<Option<Vec<_>>>()
        {
            let _ = self.results[job].set((self.work)(job, &results)); // nobody else runs it
        }
        for &next in &self.needed_by[job] {
            // Release what this job did; whoever is last acquires what all the others did.
            if self.missing[next].fetch_sub(1, AcqRel) == 1 {
                scope.spawn(move |scope| self.run(next, scope));
            }
        }
    }
}

const NAMES: [&str; 6] = ["fetch", "parse", "stats", "index", "report", "mail"];

#[derive(Parser)]
struct Args {
    /// Let this job fail
    #[arg(long, value_name = "JOB", value_parser = NAMES)]
    fail: Option<String>,

    /// Let the first job need the last one
    #[arg(long)]
    circle: bool,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let Args { fail, circle } = Args::parse();
    let needs = [
        vec![5; circle.into()],
        vec![0],
        vec![1],
        vec![1],
        vec![2, 3],
        vec![4],
    ];

    // Who began and who ended, in this order; the jobs 2 and 3 wait until both have begun.
    let (log, more) = (Mutex::new(Vec::new()), Condvar::new());
    let work = |job: usize, results: &[&String]| {
        let mut log = log.lock().unwrap(); // nothing panics under this lock
        let too_early = !needs[job]
            .iter()
            .all(|&need| log.contains(&(need, "ended")));
        log.push((job, "began"));
        more.notify_all();
        let apart = |log: &mut Vec<_>| job / 2 == 1 && !log.contains(&(job ^ 1, "began"));
        let (mut log, waited) = more.wait_timeout_while(log, PATIENCE, apart).unwrap();
        log.push((job, "ended"));
        match results
            .iter()
            .map(|result| result.as_str())
            .collect::<Vec<_>>()
            .join(", ")
        {
            _ if too_early || waited.timed_out() => Err("too early, or all alone"),
            _ if fail.as_deref() == Some(NAMES[job]) => Err("failed"),
            results => Ok(format!("{}({results})", NAMES[job])),
        }
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build()?;
    let results = pool.install(|| run_graph(&needs, work));
    let run = log.into_inner()?.len() / 2;
    let results = results.map_err(|Stuck(jobs)| format!("{run} run, never: {jobs:?}"))?;

    for (name, result) in NAMES.iter().zip(&results) {
        let result = result
            .as_ref()
            .map_or("not run", |r| r.as_deref().unwrap_or_else(|e| e));
        writeln!(stdout(), "{name:7}{result}")?;
    }
    let ended: Vec<_> = results.iter().flatten().collect();
    let all = fail.is_some() || run == NAMES.len();
    let held = all && ended.len() == run && ended.iter().all(|r| r.is_ok() || **r == Err("failed"));
    let how = "once each, after all they need, two of them at once";
    writeln!(stdout(), "{run} run, {how}: {held}")?; // `println!` would panic in a broken pipe
    Ok(if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

const PATIENCE: Duration = Duration::from_secs(2);
