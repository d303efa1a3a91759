//! What the others see when a process is killed while it holds something. The processes that die
//! are forked, so this test has a `main` of its own (`harness = false`) with a single thread.

use std::fs::{self, File};
use std::io::{self, ErrorKind, PipeReader, PipeWriter, Read, Write};
use std::mem;
use std::os::unix::net::UnixListener;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::process;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Trial};
use nix::errno::Errno;
use nix::sys::mman::shm_unlink;
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};

#[path = "../src/bin/manager_server.rs"]
#[allow(dead_code)]
mod manager_server;
#[path = "../src/bin/process_lock.rs"]
#[allow(dead_code)]
mod process_lock;
#[path = "../src/bin/process_semaphore.rs"]
#[allow(dead_code)]
mod process_semaphore;
#[path = "../src/bin/robust_mutex.rs"]
#[allow(dead_code)]
mod robust_mutex;
#[path = "../src/bin/shared_memory_file.rs"]
#[allow(dead_code)]
mod shared_memory_file;
#[path = "../src/bin/shared_memory_named.rs"]
#[allow(dead_code)]
mod shared_memory_named;
#[path = "../src/bin/shared_value.rs"]
#[allow(dead_code)]
mod shared_value;

use manager_server::{ListProxy, serve};
use process_lock::ProcessLock;
use process_semaphore::{Barrier, Semaphore};
use robust_mutex::RobustMutex;
use shared_memory_file::SharedFile;
use shared_memory_named::SharedNumbers;
use shared_value::SharedValue;

/// A forked process. Dropping it kills and reaps it.
struct Process {
    pid: Pid,
    ready: PipeReader,
}

impl Process {
    fn start(work: impl FnOnce(&mut Ready)) -> Self {
        let (reader, writer) = io::pipe().unwrap();
        // SAFETY: this process has only one thread.
        match unsafe { fork() }.unwrap() {
            ForkResult::Child => {
                drop(reader);
                set_pdeathsig(Signal::SIGKILL).unwrap();
                let mut ready = Ready(writer);
                let result = panic::catch_unwind(AssertUnwindSafe(|| work(&mut ready)));
                // SAFETY: it ends this process, which has one thread.
                unsafe { libc::_exit(if result.is_ok() { 0 } else { 101 }) }
            }
            ForkResult::Parent { child } => Self {
                pid: child,
                ready: reader,
            },
        }
    }

    /// Starts a process that never ends by itself, and waits until it says that it is ready.
    fn start_and_wait(work: impl FnOnce(&mut Ready)) -> Self {
        let mut process = Self::start(|ready| {
            work(ready);
            panic!("it should wait to be killed");
        });
        process.wait_until_ready();
        process
    }

    fn wait_until_ready(&mut self) {
        let mut byte = [0];
        self.ready.read_exact(&mut byte).expect("it has failed");
    }

    fn join(self) {
        let status = waitpid(self.pid, None);
        let pid = self.pid;
        mem::forget(self); // it is reaped already
        assert_eq!(status, Ok(WaitStatus::Exited(pid, 0)));
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        kill(self.pid, Signal::SIGKILL).unwrap();
        waitpid(self.pid, None).unwrap();
    }
}

struct Ready(PipeWriter);

impl Ready {
    fn say(&mut self) {
        self.0.write_all(&[0]).unwrap();
    }

    fn say_and_sleep(&mut self) -> ! {
        self.say();
        loop {
            thread::sleep(Duration::from_secs(600));
        }
    }
}

/// Waits until the kernel says that a process sleeps in a system call of this kind.
fn wait_until_asleep_in(process: &Process, call: i64) {
    let path = format!("/proc/{}/syscall", process.pid);
    let start = Instant::now();
    loop {
        let text = fs::read_to_string(&path).unwrap();
        if text.starts_with(&format!("{call} ")) {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(10), "it is in {text}");
        thread::sleep(Duration::from_millis(1));
    }
}

fn temporary_path() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    (folder, path)
}

fn the_lock_of_a_killed_process_is_free() {
    let (_folder, path) = temporary_path();
    let holder = Process::start_and_wait(|ready| {
        let _lock = ProcessLock::acquire(&path).unwrap();
        ready.say_and_sleep()
    });
    let waiter = Process::start(|_| drop(ProcessLock::acquire(&path).unwrap()));
    wait_until_asleep_in(&waiter, libc::SYS_flock);

    drop(holder);
    waiter.join();
}

fn sections_under_the_lock_never_overlap() {
    let (_folder, path) = temporary_path();
    let (mut events, log) = io::pipe().unwrap();
    let processes: Vec<_> = (0..4)
        .map(|_| {
            Process::start(|_| {
                for _ in 0..200 {
                    let _lock = ProcessLock::acquire(&path).unwrap();
                    (&log).write_all(b"+").unwrap();
                    thread::yield_now();
                    (&log).write_all(b"-").unwrap();
                }
            })
        })
        .collect();
    drop(log);
    let mut text = String::new();
    events.read_to_string(&mut text).unwrap();
    for process in processes {
        process.join();
    }
    assert_eq!(text, "+-".repeat(800));
}

fn a_clone_of_the_locked_file_shares_the_lock_and_excludes_nobody() {
    let (_folder, path) = temporary_path();
    let file = File::create(&path).unwrap();
    file.lock().unwrap();
    file.try_clone().unwrap().try_lock().unwrap();
    assert!(File::open(&path).unwrap().try_lock().is_err());
}

fn a_killed_process_keeps_its_permit() {
    let semaphore = Semaphore::new(2).unwrap();
    let _mine = semaphore.try_acquire().expect("2 are free");
    let holder = Process::start_and_wait(|ready| {
        let _permit = semaphore.acquire();
        ready.say_and_sleep()
    });
    drop(holder);
    assert!(semaphore.try_acquire().is_none());
}

fn a_permit_given_back_lets_a_waiting_process_in() {
    let semaphore = Semaphore::new(1).unwrap();
    let permit = semaphore.acquire();
    assert!(semaphore.try_acquire().is_none());
    let waiter = Process::start(|_| drop(semaphore.acquire()));
    wait_until_asleep_in(&waiter, libc::SYS_futex);
    drop(permit);
    waiter.join();
    assert!(semaphore.try_acquire().is_some(), "it gave its permit back");
    assert!(
        semaphore.try_acquire().is_some(),
        "and so did the line above"
    );
    assert!(Semaphore::new(0).unwrap().try_acquire().is_none());
    assert!(Semaphore::new(u32::MAX).is_err());
}

fn a_barrier_holds_all_until_the_last_one_comes_also_the_second_time() {
    let barrier = Barrier::new(2).unwrap();
    let other = Process::start(|_| {
        barrier.wait();
        barrier.wait();
    });
    wait_until_asleep_in(&other, libc::SYS_futex);
    barrier.wait();
    wait_until_asleep_in(&other, libc::SYS_futex);
    barrier.wait();
    other.join();
    Barrier::new(1).unwrap().wait();
    assert_eq!(Barrier::new(0).err(), Some(Errno::EINVAL));
}

fn a_process_that_dies_before_the_barrier_keeps_the_others_there() {
    let barrier = Barrier::new(2).unwrap();
    let late = Process::start_and_wait(|ready| ready.say_and_sleep());
    let waiter = Process::start(|_| barrier.wait());
    wait_until_asleep_in(&waiter, libc::SYS_futex);
    drop(late);
    thread::sleep(Duration::from_millis(200)); // a moment in which it could go on
    let status = waitpid(waiter.pid, Some(WaitPidFlag::WNOHANG));
    assert_eq!(status, Ok(WaitStatus::StillAlive));
}

fn no_repair<T>(_: &mut T) {
    panic!("nobody has died");
}

fn the_next_holder_repairs_what_a_killed_one_left_and_the_one_after_it_need_not() {
    let mutex = RobustMutex::new([70_i64, 30]).unwrap();
    let holder = Process::start_and_wait(|ready| {
        let mut guard = mutex.lock(no_repair).unwrap();
        guard[0] -= 50;
        ready.say_and_sleep()
    });
    let waiter = Process::start(|_| {
        let guard = mutex.lock(|accounts| {
            assert_eq!(*accounts, [20, 30]);
            accounts[0] = 70;
        });
        assert_eq!(*guard.unwrap(), [70, 30]);
    });
    wait_until_asleep_in(&waiter, libc::SYS_futex);

    drop(holder);
    waiter.join();
    assert_eq!(*mutex.lock(no_repair).unwrap(), [70, 30]);
}

fn after_a_repair_that_panics_the_data_counts_as_lost() {
    let mutex = RobustMutex::new(1_u64).unwrap();
    drop(Process::start_and_wait(|ready| {
        let _guard = mutex.lock(no_repair).unwrap();
        ready.say_and_sleep()
    }));
    let repair = AssertUnwindSafe(|| mutex.lock(|_| panic!("cannot be repaired")).is_ok());
    assert!(panic::catch_unwind(repair).is_err());
    let error = mutex.lock(no_repair).err();
    assert_eq!(error, Some(Errno::ENOTRECOVERABLE));
}

fn one_at_a_time_holds_the_robust_mutex() {
    let mutex = RobustMutex::new(0_u64).unwrap();
    let start = Barrier::new(4).unwrap();
    let work = |_: &mut Ready| {
        start.wait();
        for _ in 0..2000 {
            let mut guard = mutex.lock(no_repair).unwrap();
            let old = *guard;
            thread::yield_now(); // lets another one in, if anything does
            *guard = old + 1;
        }
    };
    let processes: Vec<_> = (0..4).map(|_| Process::start(work)).collect();
    for process in processes {
        process.join();
    }
    assert_eq!(*mutex.lock(no_repair).unwrap(), 8000);
}

/// What the header of `robust_mutex` warns of.
fn a_std_mutex_in_shared_memory_does_not_wake_another_process() {
    use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, munmap};
    use std::num::NonZeroUsize;
    use std::sync::Mutex;

    let length = NonZeroUsize::new(size_of::<Mutex<u32>>()).unwrap();
    let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
    // SAFETY: the kernel chooses a free address.
    let memory = unsafe { mmap_anonymous(None, length, access, MapFlags::MAP_SHARED) }.unwrap();
    let pointer = memory.cast::<Mutex<u32>>();
    // SAFETY: it is aligned and large enough, and nobody uses it yet.
    let mutex = unsafe {
        pointer.write(Mutex::new(0));
        pointer.as_ref()
    };

    let guard = mutex.lock().unwrap();
    let waiter = Process::start(|_| drop(mutex.lock()));
    wait_until_asleep_in(&waiter, libc::SYS_futex);
    drop(guard);
    thread::sleep(Duration::from_millis(300)); // a moment in which it could go on
    let status = waitpid(waiter.pid, Some(WaitPidFlag::WNOHANG));
    assert_eq!(status, Ok(WaitStatus::StillAlive));
    assert!(mutex.try_lock().is_ok(), "it is free");
    drop(waiter);
    // SAFETY: nobody uses it any more.
    unsafe { munmap(memory, length.get()) }.unwrap();
}

fn a_killed_process_leaves_a_shared_number_whole_and_usable() {
    let (_folder, path) = temporary_path();
    let value = SharedValue::open(&path).unwrap();
    let mut adder = Process::start(|ready| {
        let value = SharedValue::open(&path).unwrap();
        loop {
            // Both halves of the number change in one step.
            let count = value.fetch_add((1 << 32) + 1, Relaxed);
            if count == 0 {
                ready.say();
            }
        }
    });
    adder.wait_until_ready();
    drop(adder);

    let left = value.load(Relaxed);
    assert_eq!(left >> 32, left & u64::from(u32::MAX));
    assert_ne!(left, 0);
    value.fetch_add(1, Relaxed);
    let again = SharedValue::open(&path).unwrap(); // opening does not reset it
    assert_eq!(again.load(Relaxed), left + 1);
}

fn additions_of_processes_at_the_same_time_are_not_lost() {
    let (_folder, path) = temporary_path();
    let value = SharedValue::open(&path).unwrap();
    let processes: Vec<_> = (0..4)
        .map(|_| {
            Process::start(|_| {
                let value = SharedValue::open(&path).unwrap();
                for _ in 0..500_000 {
                    value.fetch_add(1, Relaxed);
                }
            })
        })
        .collect();
    for process in processes {
        process.join();
    }
    assert_eq!(value.load(Relaxed), 2_000_000);
}

fn a_segment_outlives_its_killed_creator_until_somebody_removes_its_name() {
    let name = format!("/cookbook-test-{}", process::id());
    let creator = Process::start_and_wait(|ready| {
        let numbers = SharedNumbers::create(&name, 2).unwrap();
        numbers[1].store(7, Relaxed);
        ready.say_and_sleep()
    });
    let attached = SharedNumbers::attach(&name, 2).unwrap();
    drop(creator);

    assert_eq!(attached[1].load(Relaxed), 7);
    let error = SharedNumbers::create(&name, 2).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    SharedNumbers::attach(&name, 2).expect("a failed create does not remove it");

    shm_unlink(name.as_str()).unwrap();
    let error = SharedNumbers::attach(&name, 2).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(attached[1].load(Relaxed), 7, "who is attached keeps it");
}

fn dropping_the_creator_removes_the_name_and_dropping_others_does_not() {
    let name = format!("/cookbook-test-{}", process::id());
    let created = SharedNumbers::create(&name, 2).unwrap();
    drop(SharedNumbers::attach(&name, 2).unwrap());
    let attached = SharedNumbers::attach(&name, 2).unwrap();
    for wrong in [0, 3] {
        let error = SharedNumbers::attach(&name, wrong).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
    drop(created);
    assert!(SharedNumbers::attach(&name, 2).is_err());
    attached[0].store(1, Relaxed);
    assert!(SharedNumbers::create(&name, 0).is_err());
    assert_eq!(
        shm_unlink(name.as_str()),
        Err(Errno::ENOENT),
        "an error left it"
    );
}

fn a_killed_process_leaves_the_file_half_changed_and_unlocked() {
    let (_folder, path) = temporary_path();
    // SAFETY: only this test uses the file, through `SharedFile`.
    let open = || unsafe { SharedFile::open(&path, 2) }.unwrap();
    let holder = Process::start_and_wait(|ready| {
        let mut shared = open();
        let mut bytes = shared.lock().unwrap();
        bytes[0] = 1;
        ready.say_and_sleep()
    });
    let waiter = Process::start(|_| {
        let mut shared = open();
        assert_eq!(**shared.lock().as_ref().unwrap(), [1, 0]);
    });
    wait_until_asleep_in(&waiter, libc::SYS_flock);

    drop(holder);
    waiter.join();
}

fn a_file_that_is_longer_keeps_its_length_and_an_unlocked_one_can_be_locked() {
    let (_folder, path) = temporary_path();
    fs::write(&path, "abc").unwrap();
    // SAFETY: only this test uses the file, through `SharedFile`.
    let open = || unsafe { SharedFile::open(&path, 2) }.unwrap();
    let mut first = open();
    let mut guard = first.lock().unwrap();
    assert_eq!(*guard, *b"ab");
    guard[0] = b'x';
    drop(guard);
    let mut second = open(); // would wait for the guard
    assert_eq!(**second.lock().as_ref().unwrap(), *b"xb");
    assert_eq!(fs::read_to_string(&path).unwrap(), "xbc");
}

fn when_the_owner_of_a_list_dies_each_proxy_gets_an_error() {
    let (_folder, path) = temporary_path();
    let listener = UnixListener::bind(&path).unwrap();
    let owner = Process::start(|_| serve(listener).unwrap()); // closed here
    let mut list = ListProxy::connect(&path).unwrap();
    list.push("item").unwrap();
    drop(owner);
    assert!(list.length().is_err());
    assert!(list.push("item").is_err());
    assert!(ListProxy::connect(&path).is_err());
}

fn main() {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1); // they run in this thread, the only one, and may fork
    macro_rules! trials {
        ($($test:ident,)*) => {
            vec![$(Trial::test(stringify!($test), || { $test(); Ok(()) }),)*]
        };
    }
    let trials = trials![
        the_lock_of_a_killed_process_is_free,
        sections_under_the_lock_never_overlap,
        a_clone_of_the_locked_file_shares_the_lock_and_excludes_nobody,
        a_killed_process_keeps_its_permit,
        a_permit_given_back_lets_a_waiting_process_in,
        a_barrier_holds_all_until_the_last_one_comes_also_the_second_time,
        a_process_that_dies_before_the_barrier_keeps_the_others_there,
        the_next_holder_repairs_what_a_killed_one_left_and_the_one_after_it_need_not,
        after_a_repair_that_panics_the_data_counts_as_lost,
        one_at_a_time_holds_the_robust_mutex,
        a_std_mutex_in_shared_memory_does_not_wake_another_process,
        a_killed_process_leaves_a_shared_number_whole_and_usable,
        additions_of_processes_at_the_same_time_are_not_lost,
        a_segment_outlives_its_killed_creator_until_somebody_removes_its_name,
        dropping_the_creator_removes_the_name_and_dropping_others_does_not,
        a_killed_process_leaves_the_file_half_changed_and_unlocked,
        when_the_owner_of_a_list_dies_each_proxy_gets_an_error,
        a_file_that_is_longer_keeps_its_length_and_an_unlocked_one_can_be_locked,
    ];
    libtest_mimic::run(&arguments, trials).exit()
}
