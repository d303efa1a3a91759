//! Holds the tables of names in README.md to Python: each public name of `multiprocessing`, of
//! `subprocess`, and of the processes in `concurrent.futures` has one row.

/// The public names by heading, as the documentation of Python 3.14 has them.
const NAMES: [(&str, &str); 11] = [
    (
        "Process",
        "Process Process.run Process.start Process.join Process.name Process.is_alive
         Process.daemon Process.pid Process.exitcode Process.authkey Process.sentinel
         Process.interrupt Process.terminate Process.kill Process.close ProcessError
         BufferTooShort AuthenticationError TimeoutError",
    ),
    (
        "Start methods and the current process",
        "active_children cpu_count current_process parent_process freeze_support
         get_all_start_methods get_context get_start_method set_start_method set_executable
         set_forkserver_preload get_logger log_to_stderr",
    ),
    (
        "Connections and queues",
        "Pipe connection.Connection Connection.send Connection.recv Connection.fileno
         Connection.close Connection.poll Connection.send_bytes Connection.recv_bytes
         Connection.recv_bytes_into Queue Queue.qsize Queue.empty Queue.full Queue.put
         Queue.put_nowait Queue.get Queue.get_nowait Queue.close Queue.join_thread
         Queue.cancel_join_thread SimpleQueue SimpleQueue.close SimpleQueue.empty
         SimpleQueue.get SimpleQueue.put JoinableQueue JoinableQueue.task_done
         JoinableQueue.join",
    ),
    (
        "Listeners and clients",
        "connection.Listener Listener.accept Listener.close Listener.address
         Listener.last_accepted connection.Client connection.wait
         connection.deliver_challenge connection.answer_challenge",
    ),
    (
        "Locks",
        "Lock Lock.acquire Lock.release Lock.locked RLock RLock.acquire RLock.release
         RLock.locked Semaphore BoundedSemaphore Condition Event Barrier",
    ),
    (
        "Shared memory",
        "Value Array sharedctypes.RawValue sharedctypes.RawArray sharedctypes.Value
         sharedctypes.Array sharedctypes.copy sharedctypes.synchronized
         shared_memory.SharedMemory SharedMemory.close SharedMemory.unlink SharedMemory.buf
         SharedMemory.name SharedMemory.size shared_memory.ShareableList ShareableList.count
         ShareableList.index ShareableList.format ShareableList.shm
         managers.SharedMemoryManager SharedMemoryManager.SharedMemory
         SharedMemoryManager.ShareableList",
    ),
    (
        "Managers",
        "Manager managers.BaseManager BaseManager.start BaseManager.get_server
         BaseManager.connect BaseManager.shutdown BaseManager.register BaseManager.address
         managers.SyncManager SyncManager.Barrier SyncManager.BoundedSemaphore
         SyncManager.Condition SyncManager.Event SyncManager.Lock SyncManager.Namespace
         SyncManager.Queue SyncManager.RLock SyncManager.Semaphore SyncManager.Array
         SyncManager.Value SyncManager.dict SyncManager.list SyncManager.set
         managers.Namespace managers.BaseProxy BaseProxy._callmethod BaseProxy._getvalue",
    ),
    (
        "Pools",
        "pool.Pool Pool.apply Pool.apply_async Pool.map Pool.map_async Pool.imap
         Pool.imap_unordered Pool.starmap Pool.starmap_async Pool.close Pool.terminate
         Pool.join pool.AsyncResult AsyncResult.get AsyncResult.wait AsyncResult.ready
         AsyncResult.successful pool.ThreadPool",
    ),
    (
        "concurrent.futures",
        "ProcessPoolExecutor ProcessPoolExecutor.submit ProcessPoolExecutor.map
         ProcessPoolExecutor.shutdown ProcessPoolExecutor.terminate_workers
         ProcessPoolExecutor.kill_workers process.BrokenProcessPool Future.result
         Future.exception Future.cancel",
    ),
    (
        "subprocess: functions",
        "run call check_call check_output getoutput getstatusoutput PIPE STDOUT DEVNULL
         CompletedProcess CompletedProcess.args CompletedProcess.returncode
         CompletedProcess.stdout CompletedProcess.stderr CompletedProcess.check_returncode
         SubprocessError TimeoutExpired TimeoutExpired.cmd TimeoutExpired.timeout
         TimeoutExpired.output TimeoutExpired.stdout TimeoutExpired.stderr CalledProcessError
         CalledProcessError.returncode CalledProcessError.cmd CalledProcessError.output
         CalledProcessError.stdout CalledProcessError.stderr STARTUPINFO",
    ),
    (
        "subprocess: Popen",
        "Popen Popen.poll Popen.wait Popen.communicate Popen.send_signal Popen.terminate
         Popen.kill Popen.args Popen.stdin Popen.stdout Popen.stderr Popen.pid
         Popen.returncode",
    ),
];

#[test]
fn every_name_has_a_row_and_every_row_a_name() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let problems = checks::names::problems(&readme, &NAMES);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
