//! Holds the tables of names in README.md to Python: each public name of the high-level asyncio API
//! has one row.

/// The public names by heading, as the documentation of Python 3.14 has them; of the event loop
/// those that programs call.
const NAMES: [(&str, &str); 9] = [
    (
        "Runners",
        "asyncio.run Runner Runner.run Runner.close Runner.get_loop",
    ),
    (
        "Tasks",
        "create_task Task Task.done Task.result Task.exception Task.add_done_callback
         Task.remove_done_callback Task.cancel Task.cancelled Task.cancelling Task.uncancel
         Task.get_name Task.set_name Task.get_coro Task.get_context Task.get_stack
         Task.print_stack TaskGroup TaskGroup.create_task current_task all_tasks gather wait
         FIRST_COMPLETED FIRST_EXCEPTION ALL_COMPLETED as_completed shield to_thread
         run_coroutine_threadsafe sleep eager_task_factory create_eager_task_factory
         iscoroutine capture_call_graph format_call_graph print_call_graph
         future_add_to_awaited_by future_discard_from_awaited_by",
    ),
    (
        "Timeouts",
        "timeout wait_for timeout_at Timeout Timeout.reschedule Timeout.when Timeout.expired",
    ),
    (
        "Streams",
        "open_connection start_server open_unix_connection start_unix_server StreamReader
         StreamReader.read StreamReader.readline StreamReader.readexactly
         StreamReader.readuntil StreamReader.at_eof StreamReader.feed_eof StreamWriter
         StreamWriter.write StreamWriter.drain StreamWriter.writelines StreamWriter.close
         StreamWriter.wait_closed StreamWriter.write_eof StreamWriter.can_write_eof
         StreamWriter.is_closing StreamWriter.transport StreamWriter.get_extra_info
         StreamWriter.start_tls Server Server.serve_forever Server.start_serving
         Server.is_serving Server.close Server.wait_closed Server.close_clients
         Server.abort_clients Server.get_loop Server.sockets",
    ),
    (
        "Synchronization",
        "Lock Lock.acquire Lock.release Lock.locked Event Event.wait Event.set Event.clear
         Event.is_set Condition Condition.wait Condition.wait_for Condition.acquire
         Condition.release Condition.locked Condition.notify Condition.notify_all Semaphore
         Semaphore.acquire Semaphore.release BoundedSemaphore Semaphore.locked Barrier
         Barrier.wait Barrier.reset Barrier.abort Barrier.broken BrokenBarrierError
         Barrier.parties Barrier.n_waiting",
    ),
    (
        "Subprocesses",
        "create_subprocess_exec create_subprocess_shell subprocess.PIPE subprocess.STDOUT
         subprocess.DEVNULL Process Process.wait Process.communicate Process.kill
         Process.terminate Process.send_signal Process.stdin Process.stdout Process.stderr
         Process.pid Process.returncode",
    ),
    (
        "Queues",
        "Queue Queue.put Queue.put_nowait Queue.get Queue.get_nowait Queue.join
         Queue.task_done Queue.shutdown QueueShutDown Queue.maxsize Queue.qsize Queue.empty
         Queue.full QueueEmpty QueueFull PriorityQueue LifoQueue",
    ),
    (
        "Exceptions",
        "TimeoutError CancelledError InvalidStateError IncompleteReadError LimitOverrunError
         SendfileNotAvailableError",
    ),
    (
        "Event loop",
        "get_running_loop get_event_loop new_event_loop set_event_loop
         loop.run_until_complete loop.run_forever loop.stop loop.is_running loop.is_closed
         loop.close loop.shutdown_default_executor loop.shutdown_asyncgens loop.create_task
         ensure_future loop.call_soon Handle loop.call_soon_threadsafe loop.call_later
         loop.call_at TimerHandle Handle.cancel TimerHandle.cancel loop.time Future
         loop.create_future Future.set_result Future.set_exception Future.result
         Future.exception Future.done Future.add_done_callback Future.remove_done_callback
         Future.cancel Future.cancelled Future.get_loop isfuture wrap_future
         loop.run_in_executor loop.set_default_executor loop.add_reader loop.add_writer
         loop.remove_reader loop.remove_writer loop.add_signal_handler
         loop.remove_signal_handler loop.set_exception_handler loop.get_exception_handler
         loop.default_exception_handler loop.call_exception_handler loop.set_debug
         loop.get_debug loop.slow_callback_duration loop.create_datagram_endpoint
         loop.getaddrinfo loop.getnameinfo loop.sendfile",
    ),
];

#[test]
fn every_name_has_a_row_and_every_row_a_name() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let problems = checks::names::problems(&readme, &NAMES);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
