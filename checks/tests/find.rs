//! `cargo find`: people's words find the program that they need, and each rule of the search holds.

use std::io;
use std::path::PathBuf;
use std::process::{Command, Output};

use checks::example::Example;
use checks::find::{Finder, searchable};

/// What people type: words of issue titles, of questions and of Python's names. Each finds its
/// program among the first three. When a header is rewritten and a line of this table fails, the
/// header has lost a word that people look for.
const QUERIES: [(&str, &str); 30] = [
    // What they see.
    (
        "two threads take two locks in different order and the program freezes",
        "deadlock_lock_order",
    ),
    (
        "calling a second method of my struct locks the mutex again and it hangs",
        "deadlock_relock",
    ),
    (
        "subprocess: wait() hangs forever when the child prints a lot of output",
        "deadlock_pipe_full",
    ),
    (
        "`for x in rx` never ends even though all worker threads are done",
        "deadlock_sender_alive",
    ),
    (
        "DashMap: insert blocks forever while I hold a reference from get()",
        "deadlock_dashmap_ref",
    ),
    (
        "Condvar: notify_one() before wait() is lost, the thread never wakes up",
        "deadlock_lost_wakeup",
    ),
    (
        "Process does not exit until I press Enter (tokio stdin)",
        "deadlock_exit_blocked",
    ),
    (
        "worker pool stalls: task submits a subtask to the same executor and waits for its result",
        "deadlock_nested_pool",
    ),
    (
        "thread 'main' panicked: Cannot start a runtime from within a runtime",
        "deadlock_block_on_in_async",
    ),
    (
        "CPU-heavy loop without await blocks all other tasks",
        "starvation_greedy_loop",
    ),
    (
        "counter is wrong after incrementing it from two threads",
        "race_lost_update",
    ),
    (
        "garbled console output, lines of several threads are mixed",
        "race_interleaved_print",
    ),
    (
        "two workers create the same file because both checked exists()",
        "race_file_toctou",
    ),
    (
        "sum of floats is different on every machine",
        "race_schedule_dependent",
    ),
    (
        "my async fn does nothing, the coroutine was never awaited",
        "noop_future_never_polled",
    ),
    (
        "error[E0277]: `Rc<..>` cannot be sent between threads safely",
        "rc_across_threads",
    ),
    // What they need.
    (
        "fetch thousands of urls without opening too many connections at once",
        "fanout",
    ),
    (
        "retry with exponential backoff and jitter when the API answers 429",
        "fanout_retry",
    ),
    (
        "parallel downloader: a progress bar for each file, no partial files",
        "download_files",
    ),
    ("throttle requests to N per second", "rate_limit"),
    (
        "cache stampede: load the value only once for all waiting callers",
        "single_flight_cache",
    ),
    (
        "SIGTERM handling: finish running requests before the service exits",
        "graceful_shutdown",
    ),
    (
        "background jobs with retries that survive a restart, like Celery",
        "job_queue",
    ),
    (
        "sqlalchemy-like pool of postgres connections, run queries concurrently",
        "db_queries",
    ),
    (
        "run a shell command for every line, like xargs -P",
        "parallel_commands",
    ),
    (
        "cron-like task must not overlap with its previous run",
        "scheduled_tasks",
    ),
    (
        "reload the configuration without restarting",
        "config_reload",
    ),
    ("share a HashMap between threads", "concurrent_map"),
    ("reader-writer lock", "rwlock_many_readers"),
    (
        "initialize a global only once, like lazy_static or OnceCell",
        "once_init",
    ),
];

#[test]
fn people_find_what_they_need_among_the_first_three() {
    let examples = searchable().unwrap();
    let finder = Finder::new(&examples);
    let mut missed = Vec::new();
    for (query, wanted) in QUERIES {
        let found = names(&finder, query);
        let first_three = &found[..found.len().min(3)];
        if !first_three.contains(&wanted) {
            missed.push(format!("{query}: {wanted} is not in {found:?}"));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

// ---- The rules, on headers made for them.

/// An example with this header.
fn example(name: &str, header: &str) -> Example {
    let mut text = String::new();
    for line in header.lines() {
        text += &format!("//! {line}\n");
    }
    Example {
        package: "threading".to_owned(),
        name: name.to_owned(),
        path: PathBuf::from(name),
        text,
    }
}

fn names<'a>(finder: &Finder<'a>, query: &str) -> Vec<&'a str> {
    let found = finder.find(query);
    found.into_iter().map(|found| found.name).collect()
}

/// The names of what the query finds among examples with these names and headers.
fn search(headers: &[(&str, &str)], query: &str) -> Vec<String> {
    let mut examples = Vec::new();
    for (name, header) in headers {
        examples.push(example(name, header));
    }
    let found = names(&Finder::new(&examples), query);
    found.into_iter().map(str::to_owned).collect()
}

/// Whether the query finds a header that has this text.
fn finds(text: &str, query: &str) -> bool {
    !search(&[("hello", text)], query).is_empty()
}

#[test]
fn plurals_and_tenses_are_the_same_word() {
    assert!(finds("A thread waits.", "waiting"));
    assert!(finds("Two processes.", "process"));
    assert!(finds("It retries.", "retried"));
    assert!(finds("The queue.", "queued"));
    assert!(finds("The queue.", "queueing"));
    assert!(finds("The URL.", "URLs"));
    assert!(finds("Canceling a task.", "cancellation"));
    assert!(!finds("A thread waits.", "weight"));
}

#[test]
fn british_and_american_spelling_are_the_same_word() {
    assert!(finds("A canceled task.", "cancelled"));
    assert!(finds("Its behavior.", "behaviour"));
    assert!(finds("Values are serialized.", "serialise"));
    assert!(finds("Synchronization.", "synchronising"));
    assert!(finds("Localization.", "localisation"));
}

#[test]
fn a_percent_sign_may_stand_apart() {
    let headers = [
        ("percent_close", "It uses 100% of a CPU."),
        ("percent_apart", "It uses 100 % of a CPU."),
        ("hundred", "It uses 100 CPUs."),
    ];
    for query in ["100% CPU", "100 % CPU", "100 %CPU"] {
        let found = search(&headers, query);
        assert_eq!(found, ["percent_apart", "percent_close", "hundred"]);
    }
}

#[test]
fn fillers_find_nothing() {
    assert!(search(&[("hello", "How do you use it?")], "how do I use").is_empty());
}

#[test]
fn a_whole_word_comes_before_a_part_of_one() {
    let change = ("settings", "A change of settings.");
    let hang = ("stuck", "A hang.");
    let hanger = ("hanger", "A hanger.");
    assert_eq!(search(&[change, hang, hanger], "hang"), ["stuck"]);
    assert_eq!(search(&[change, hanger], "hang"), ["hanger"]);
    assert!(search(&[change], "hang").is_empty());
}

#[test]
fn words_count_by_the_part_of_the_header() {
    let headers = [
        ("last", "Say hello.\n\nUse it for a barrier."),
        ("python", "Say hello.\n\nPython: `barrier`"),
        (
            "symptom",
            "Say hello.\n\nYou see: it stands at a barrier, all day.\nWhy: no idea.",
        ),
        ("error", "Say hello.\n\nError: `barrier`"),
        ("title", "A barrier."),
        ("barrier", "Say hello."),
    ];
    let found = search(&headers, "barrier");
    assert_eq!(found, ["barrier", "title", "error", "python", "symptom"]);
}

#[test]
fn more_words_come_before_fewer() {
    let headers = [
        ("barrier", "Say hello."),
        ("queue", "Say hello."),
        ("lock", "Say hello."),
        (
            "z",
            "Say hello.\n\nUse it for a barrier, a queue and a lock.",
        ),
    ];
    assert_eq!(search(&headers, "barrier queue lock")[0], "z");
}

#[test]
fn rare_words_come_before_frequent_ones() {
    let headers = [("a", "A lock."), ("b", "A lock."), ("c", "A barrier.")];
    assert_eq!(search(&headers, "lock barrier"), ["c", "a", "b"]);
}

#[test]
fn names_and_error_codes_are_found_as_they_are_written() {
    let headers = [
        (
            "select_loop",
            "Python: `asyncio.wait`\n\nIn Rust `tokio::select!`.",
        ),
        (
            "gather_join",
            "Wait for all.\n\nPython: `asyncio.gather(*tasks)`",
        ),
        (
            "mutex_counter",
            "Behind `Arc<Mutex<u64>>`.\n\nPython: `threading.Lock`",
        ),
        (
            "rc_across_threads",
            "An `Rc`.\n\nError: `error[E0277]: not Send`",
        ),
        ("fanout", "Fetch.\n\n- Too many open files (os error 24)"),
        ("thread_pool", "Jobs.\n\nPython: `ThreadPoolExecutor(4)`"),
        ("to_thread", "Use `spawn_blocking` and wait."),
        ("spawn_a_blocking_task", "Say hello."),
    ];
    for (query, wanted) in [
        ("tokio::select!", "select_loop"),
        ("asyncio.gather", "gather_join"),
        ("Arc<Mutex>", "mutex_counter"),
        ("threading.Lock", "mutex_counter"),
        ("E0277", "rc_across_threads"),
        ("os error 24", "fanout"),
        ("executor", "thread_pool"),
        ("spawn_blocking", "to_thread"),
    ] {
        assert_eq!(search(&headers, query)[0], wanted, "{query}");
    }
}

#[test]
fn two_words_may_be_written_as_one() {
    for text in [
        "A thread pool.",
        "A `thread_pool`.",
        "A `ThreadPool`.",
        "A threadpool.",
    ] {
        assert!(finds(text, "threadpool"), "{text}");
        assert!(finds(text, "thread_pool"), "{text}");
    }
    let headers = [
        ("apart", "A thread, and a pool."),
        ("together", "A thread pool."),
    ];
    assert_eq!(search(&headers, "thread pool"), ["together", "apart"]);
}

#[test]
fn commands_are_not_searched() {
    let header = "Say hello.\n\n```console\n$ cargo run -p threading --bin hello\nhi\n```";
    assert!(finds(header, "hi"));
    assert!(!finds(header, "cargo"));
}

#[test]
fn synonyms_find_each_other() {
    for (text, queries) in [
        ("A config file.", "configuration settings"),
        ("Crawl the web.", "scraping spider"),
        ("A CPU.", "CPUs processors"),
        ("Ctrl-C stops it.", "KeyboardInterrupt SIGINT"),
        ("A folder.", "directories"),
        ("It hangs.", "freezes froze frozen hung stuck unresponsive"),
        ("Lines interleave.", "garbled jumbled mangled scrambled"),
        ("A limit.", "throttled"),
        ("A reentrant lock.", "recursive"),
        ("Many sites.", "website"),
        ("It is slow.", "laggy sluggish"),
    ] {
        for query in queries.split(' ') {
            assert!(finds(text, query), "{query}");
        }
    }
}

#[test]
fn a_pair_is_one_row() {
    let examples = [
        example("race_late_broken", "Race: too late."),
        example("race_late_fixed", "Fixed: in time."),
    ];
    let finder = Finder::new(&examples);
    for query in ["race late", "too late", "in time"] {
        let found = finder.find(query);
        assert_eq!(found.len(), 1, "{query}");
        assert_eq!(found[0].name, "race_late");
        assert_eq!(found[0].examples.len(), 2);
    }
}

#[test]
fn five_at_most() {
    let names = ["a", "b", "c", "d", "e", "f"];
    let headers = names.map(|name| (name, "A semaphore."));
    assert_eq!(search(&headers, "semaphore"), ["a", "b", "c", "d", "e"]);
}

// ---- The command.

/// `cargo find` with these arguments.
fn cargo_find(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_find"));
    command.args(arguments);
    command
}

fn stdout(output: &Output) -> &str {
    str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    str::from_utf8(&output.stderr).unwrap()
}

#[test]
fn it_shows_how_to_run_a_program_and_where_a_refused_file_is() {
    let output = cargo_find(&["deadlock_relock"]).output().unwrap();
    assert!(output.status.success());
    let row: Vec<_> = stdout(&output).lines().collect();
    assert_eq!(row[0], "deadlock_relock");
    assert!(row[1].starts_with("    Deadlock: "), "{}", row[1]);
    assert_eq!(
        row[2],
        "    cargo run -p pitfalls --bin deadlock_relock_broken"
    );
    assert_eq!(
        row[3],
        "    cargo run -p pitfalls --bin deadlock_relock_fixed"
    );

    let output = cargo_find(&["rc_across_threads"]).output().unwrap();
    let path = "    pitfalls/refused/rc_across_threads.rs\n";
    assert!(stdout(&output).contains(path), "{}", stdout(&output));
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let output = cargo_find(&["thread"]).stdout(writer).output().unwrap();
    assert!(output.status.success(), "{}", output.status);
    assert_eq!(stderr(&output), "");
}

#[test]
fn no_words_are_a_usage_error() {
    for arguments in [&[][..], &[""], &[" ", " "]] {
        let output = cargo_find(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(stderr(&output).lines().count(), 1);
        assert!(
            stderr(&output).starts_with("usage: "),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn nothing_found_is_said() {
    let output = cargo_find(&["xyzzy"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stderr(&output), "nothing found for: xyzzy\n");
    assert_eq!(stdout(&output), "");
}
