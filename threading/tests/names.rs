//! Holds the tables of names in README.md to Python: each public name of `threading`, `queue` and
//! `concurrent.futures` has one row.

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

#[test]
fn every_name_has_a_row_and_every_row_a_name() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let problems = checks::names::problems(&readme, &NAMES);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
