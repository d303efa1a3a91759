//! Holds the tables of names in README.md to Python: each public name of `threading`, `queue` and
//! `concurrent.futures` has one row, each row is about such a name and says what Rust has for it,
//! or "none, because ...", and links to programs of this package.

use std::collections::{BTreeMap, BTreeSet};

/// The public names by module, as the documentation of Python 3.14 has them: functions, constants,
/// exceptions, classes, and the methods and attributes of each class that are not inherited.
/// The deprecated aliases that it mentions are among them.
///
/// Compared with `dir()` in Python 3.13. Not in there, since they came with 3.14: `RLock.locked`,
/// `Condition.locked`, `InterpreterPoolExecutor`, `interpreter.*`, `ProcessPoolExecutor.*_workers`.
/// In `threading.__all__` and not in the documentation: `ThreadError`, `ExceptHookArgs`.
const NAMES: [(&str, &str); 3] = [
    (
        "threading",
        "active_count activeCount current_thread currentThread excepthook __excepthook__
         ExceptHookArgs get_ident get_native_id enumerate main_thread settrace
         settrace_all_threads gettrace setprofile setprofile_all_threads getprofile stack_size
         TIMEOUT_MAX ThreadError local
         Thread Thread.start Thread.run Thread.join Thread.name Thread.getName Thread.setName
         Thread.ident Thread.native_id Thread.is_alive Thread.daemon Thread.isDaemon
         Thread.setDaemon
         Lock Lock.acquire Lock.release Lock.locked
         RLock RLock.acquire RLock.release RLock.locked
         Condition Condition.acquire Condition.release Condition.locked Condition.wait
         Condition.wait_for Condition.notify Condition.notify_all Condition.notifyAll
         Semaphore Semaphore.acquire Semaphore.release BoundedSemaphore
         Event Event.is_set Event.isSet Event.set Event.clear Event.wait
         Timer Timer.cancel
         Barrier Barrier.wait Barrier.reset Barrier.abort Barrier.parties Barrier.n_waiting
         Barrier.broken BrokenBarrierError",
    ),
    (
        "queue",
        "Queue LifoQueue PriorityQueue SimpleQueue Empty Full ShutDown
         Queue.qsize Queue.empty Queue.full Queue.put Queue.put_nowait Queue.get Queue.get_nowait
         Queue.task_done Queue.join Queue.shutdown
         SimpleQueue.qsize SimpleQueue.empty SimpleQueue.put SimpleQueue.put_nowait
         SimpleQueue.get SimpleQueue.get_nowait",
    ),
    (
        "concurrent.futures",
        "Executor Executor.submit Executor.map Executor.shutdown
         ThreadPoolExecutor InterpreterPoolExecutor ProcessPoolExecutor
         ProcessPoolExecutor.terminate_workers ProcessPoolExecutor.kill_workers
         Future Future.cancel Future.cancelled Future.running Future.done Future.result
         Future.exception Future.add_done_callback Future.set_running_or_notify_cancel
         Future.set_result Future.set_exception
         wait FIRST_COMPLETED FIRST_EXCEPTION ALL_COMPLETED as_completed
         CancelledError TimeoutError BrokenExecutor InvalidStateError thread.BrokenThreadPool
         interpreter.BrokenInterpreterPool interpreter.ExecutionFailed process.BrokenProcessPool",
    ),
];

const NAMES_HEAD: &str = "| Python | Rust | program |";
const PROGRAMS_HEAD: &str = "| program | what it shows | Python |";

/// The rows of the tables with that head, each with the heading above it, and split into cells.
fn rows<'a>(readme: &'a str, head: &str) -> Vec<(&'a str, Vec<&'a str>)> {
    let (mut rows, mut heading, mut in_table) = (Vec::new(), "", false);
    for line in readme.lines() {
        if let Some(text) = line.strip_prefix('#') {
            heading = text.trim_start_matches('#').trim().trim_matches('`');
        }
        in_table = line == head || in_table && line.starts_with('|');
        if in_table && line != head && !line.starts_with("|-") {
            let cells = line.trim_matches('|').split('|');
            rows.push((heading, cells.map(str::trim).collect()));
        }
    }
    rows
}

fn in_backticks(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// All that is wrong with the tables of names.
fn problems(readme: &str) -> Vec<String> {
    let catalog: BTreeSet<_> = rows(readme, PROGRAMS_HEAD)
        .iter()
        .filter_map(|(_, cells)| in_backticks(cells[0]).chain(cells[0].split(' ')).next())
        .collect();
    let mut seen: BTreeMap<(&str, &str), usize> = NAMES
        .iter()
        .flat_map(|(module, names)| names.split_whitespace().map(|name| ((*module, name), 0)))
        .collect();
    let mut problems = Vec::new();
    for (module, cells) in rows(readme, NAMES_HEAD) {
        let [names, rust, programs] = cells[..] else {
            problems.push(format!("a row of three cells, not: {cells:?}"));
            continue;
        };
        if in_backticks(names).next().is_none() {
            problems.push(format!("a row about nothing: {cells:?}"));
        }
        for name in in_backticks(names) {
            match seen.get_mut(&(module, name)) {
                Some(count) => *count += 1,
                None => problems.push(format!("no such name in Python's {module}: {name}")),
            }
        }
        let none = rust.starts_with("none");
        if rust.is_empty() || none && !rust.starts_with("none, because ") {
            problems.push(format!(
                "neither what Rust has nor \"none, because\": {names}"
            ));
        }
        if programs.is_empty() && !none {
            problems.push(format!("no program shows it: {names}"));
        }
        for link in programs.split(", ").filter(|link| !link.is_empty()) {
            let name = in_backticks(link).next().unwrap_or_default();
            if link != format!("[`{name}`](src/bin/{name}.rs)") || !catalog.contains(name) {
                problems.push(format!(
                    "not a link to a program of the tables above: {link}"
                ));
            }
        }
    }
    problems.extend(
        seen.iter()
            .filter(|(_, count)| **count != 1)
            .map(|((module, name), count)| format!("{module}.{name} has {count} rows, not one")),
    );
    problems
}

fn readme() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap()
}

#[test]
fn every_name_has_a_row_and_every_row_a_name() {
    let problems = problems(&readme());
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Each mistake that this test is there for is found, and nothing else with it.
#[test]
fn a_table_with_a_mistake() {
    let readme = readme();
    let found = |from: &str, to: &str| {
        assert!(readme.contains(from), "the README has not: {from}");
        problems(&readme.replacen(from, to, 1))
    };
    let row = readme
        .lines()
        .find(|line| line.starts_with("| `Timer.cancel` |"))
        .unwrap();
    assert_eq!(
        found(row, "|-"),
        ["threading.Timer.cancel has 0 rows, not one"]
    );
    assert_eq!(
        found(row, &format!("{row}\n{row}")),
        ["threading.Timer.cancel has 2 rows, not one"]
    );
    assert_eq!(
        found("| `Timer.cancel` |", "| `Timer.cancel`, `Timer.kill` |"),
        ["no such name in Python's threading: Timer.kill"]
    );
    assert_eq!(
        found(row, &row.replace("timer_cancel", "timer_kill")),
        ["not a link to a program of the tables above: [`timer_kill`](src/bin/timer_kill.rs)",]
    );
    assert_eq!(
        found(row, "| `Timer.cancel` | none | |"),
        ["neither what Rust has nor \"none, because\": `Timer.cancel`"]
    );
    assert_eq!(
        found(row, "| `Timer.cancel` | a method | |"),
        ["no program shows it: `Timer.cancel`"]
    );
}
