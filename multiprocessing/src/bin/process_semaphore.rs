//! Let at most N processes at a time into a section, and let all of them wait for each other.
//!
//! Use it for what takes only so many users at once, such as a GPU, and for work in phases. Both
//! types are those of POSIX, in memory that forked children share with their parent. `nix` has
//! neither, so they come from `libc`, each behind a safe type.
//!
//! - Create them first, then fork, and fork before you start a thread: other threads do not exist
//!   in the child, but the locks that they held do.
//! - A process that is killed keeps its permit for good, and one that does not come to the barrier
//!   keeps all others there. If that can happen: `robust_mutex` for one at a time, and for N of
//!   them N lock files, which the kernel unlocks (`process_lock`).
//! - For processes that are not forked from one parent: `libc::sem_open` gives it a name.
//! - For threads: `semaphore_limit`, `barrier_phases`. macOS has neither `sem_init` nor barriers.
//!
//! Python: `multiprocessing.Semaphore(2)`, `multiprocessing.Barrier(5)`
//! Needs: `cargo add libc@0.2`, `cargo add nix@0.31 -F mman`
//! Demo needs: `cargo add anyhow@1`, `cargo add nix@0.31 -F process,signal`
//! Runs on: Linux
//! Tested: `multiprocessing/tests/holder_killed.rs`
//!
//! ```console
//! $ cargo run -p multiprocessing --bin process_semaphore
//! 5 processes, 2 permits: at most 2 inside at once
//! the second phase began when 5 had ended the first one
//! ```

use std::mem::MaybeUninit;
use std::num::NonZeroUsize;
use std::ptr::NonNull;

use libc::{pthread_barrier_t, sem_t};
use nix::errno::Errno;
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, munmap};

/// A counting semaphore, for this process and the children that it forks later.
pub struct Semaphore {
    raw: Shared<sem_t>,
}

impl Semaphore {
    /// Creates a semaphore with this many permits.
    ///
    /// # Errors
    /// If there is no memory, or there are more permits than `i32::MAX`.
    pub fn new(permits: u32) -> nix::Result<Self> {
        let raw = Shared::new()?;
        let shared = 1;
        // SAFETY: the memory is for a `sem_t`, and nobody uses it yet.
        let result = unsafe { libc::sem_init(raw.pointer(), shared, permits) };
        Errno::result(result)?;
        Ok(Self { raw })
    }

    /// Waits for a permit. It is given back when it is dropped.
    pub fn acquire(&self) -> Permit<'_> {
        // SAFETY: `new` has initialized it, and nobody destroys it.
        while unsafe { libc::sem_wait(self.raw.pointer()) } != 0 {
            // A signal has interrupted it. There is no other error.
        }
        Permit { semaphore: self }
    }

    /// Takes a permit if one is free.
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        // SAFETY: as in `acquire`.
        if unsafe { libc::sem_trywait(self.raw.pointer()) } == 0 {
            Some(Permit { semaphore: self })
        } else {
            None
        }
    }
}

/// One of the permits of a semaphore.
pub struct Permit<'a> {
    semaphore: &'a Semaphore,
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        // SAFETY: as in `acquire`.
        unsafe { libc::sem_post(self.semaphore.raw.pointer()) };
    }
}

/// A barrier, for this process and the children that it forks later. It can be used many times.
pub struct Barrier {
    raw: Shared<pthread_barrier_t>,
}

impl Barrier {
    /// Creates a barrier at which `count` processes wait for each other.
    ///
    /// # Errors
    /// If there is no memory, or `count` is 0.
    pub fn new(count: u32) -> nix::Result<Self> {
        let raw = Shared::new()?;
        let mut attributes = MaybeUninit::uninit();
        let attributes = attributes.as_mut_ptr();
        // SAFETY: the attributes are initialized before they are used and destroyed after it. The
        // memory is for a barrier, and nobody uses it yet.
        let error = unsafe {
            libc::pthread_barrierattr_init(attributes);
            libc::pthread_barrierattr_setpshared(attributes, libc::PTHREAD_PROCESS_SHARED);
            let error = libc::pthread_barrier_init(raw.pointer(), attributes, count);
            libc::pthread_barrierattr_destroy(attributes);
            error
        };
        match error {
            0 => Ok(Self { raw }),
            error => Err(Errno::from_raw(error)),
        }
    }

    /// Waits until `count` processes have called it.
    pub fn wait(&self) {
        // SAFETY: `new` has initialized it, and nobody destroys it.
        unsafe { libc::pthread_barrier_wait(self.raw.pointer()) };
    }
}

/// Memory for a `T`, which this process shares with the children that it forks later.
struct Shared<T> {
    memory: NonNull<T>,
}

impl<T> Shared<T> {
    fn new() -> nix::Result<Self> {
        let length = NonZeroUsize::new(size_of::<T>()).expect("no type of size 0");
        let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: the kernel chooses a free address.
        let memory = unsafe { mmap_anonymous(None, length, access, MapFlags::MAP_SHARED) }?;
        let memory = memory.cast();
        Ok(Self { memory })
    }

    fn pointer(&self) -> *mut T {
        self.memory.as_ptr()
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        // SAFETY: `new` has mapped it, and nobody borrows it. Other processes keep their mapping.
        let _ = unsafe { munmap(self.memory.cast(), size_of::<T>()) };
    }
}

// ---- Demo ----------------------------------------------------------------------------------

use std::io::{self, Read, Write};
use std::thread;
use std::time::Duration;

use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::sys::wait::wait;
use nix::unistd::{ForkResult, fork};

const PROCESSES: u32 = 5;

fn main() -> anyhow::Result<()> {
    let semaphore = Semaphore::new(2)?;
    let barrier = Barrier::new(PROCESSES)?;
    let (mut events, log) = io::pipe()?;
    for _ in 0..PROCESSES {
        // SAFETY: this process has only one thread.
        if let ForkResult::Child = unsafe { fork() }? {
            set_pdeathsig(Signal::SIGKILL)?; // if the parent fails, it does not wait on
            return work(&semaphore, &barrier, log);
        }
    }
    drop(log); // or the events never end

    let mut text = String::new();
    events.read_to_string(&mut text)?;
    for _ in 0..PROCESSES {
        wait()?;
    }

    let mut inside = 0;
    let mut most = 0;
    for event in text.chars() {
        match event {
            '+' => inside += 1,
            '-' => inside -= 1,
            _ => {}
        }
        most = most.max(inside);
    }
    println!("{PROCESSES} processes, 2 permits: at most {most} inside at once");

    let second_phase = text.find('2').expect("all have come to it");
    let ended = text[..second_phase].matches('-').count();
    println!("the second phase began when {ended} had ended the first one");
    Ok(())
}

fn work(semaphore: &Semaphore, barrier: &Barrier, mut log: impl Write) -> anyhow::Result<()> {
    let permit = semaphore.acquire();
    log.write_all(b"+")?;
    thread::sleep(Duration::from_millis(20));
    log.write_all(b"-")?;
    drop(permit);

    barrier.wait();
    log.write_all(b"2")?;
    Ok(())
}
