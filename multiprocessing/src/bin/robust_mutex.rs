//! Lock data in shared memory so that the next process goes on when the holder was killed.
//!
//! Use it when several processes change the same data, and one of them may die at any moment. A
//! robust mutex of POSIX remembers its holder. When that one dies, the next `lock` gets the mutex
//! together with the news, and calls your `repair` before it lets anybody see the data.
//!
//! - `repair` must cope with whatever a holder left, and with a `repair` that was killed halfway.
//!   If it panics, so does this `lock`; each later one fails with `ENOTRECOVERABLE`, because the
//!   data counts as lost.
//! - A panic of the holder is not a death: it drops the guard, which unlocks half-changed data, and
//!   no `repair` runs.
//! - A `std::sync::Mutex` in shared memory can hang: an unlock wakes only threads of its own
//!   process, and a death wakes nobody.
//! - Create it first, then fork, and fork before you start a thread. For programs that are not
//!   forked from this one, map a file: `shared_memory_file`. There the kernel releases a dead
//!   holder's lock as well, but does not tell the next one.
//! - `Pod` (plain old data) keeps pointers out: they mean nothing in another process.
//! - It belongs to one thread in each process, and that thread must not lock it twice.
//!
//! Python: none; after `terminate()` of the holder a `multiprocessing.Lock` stays locked forever
//! Needs: `cargo add bytemuck@1 libc@0.2`, `cargo add nix@0.31 -F mman`
//! Demo needs: `cargo add anyhow@1`, `cargo add nix@0.31 -F process,signal`
//! Runs on: Linux
//! Tested: `multiprocessing/tests/holder_killed.rs`
//!
//! ```console
//! $ cargo run -p multiprocessing --bin robust_mutex
//! the child: Signaled(Pid([..]), SIGKILL, false)
//! the holder died and left [20, 30]
//! repaired: [70, 30]
//! moved: [20, 80]
//! ```

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::num::NonZeroUsize;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use bytemuck::Pod;
use nix::errno::Errno;
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, munmap};

/// Data that this process shares with the children it forks later. Only one has it at a time.
pub struct RobustMutex<T> {
    shared: NonNull<Shared<T>>,
}

struct Shared<T> {
    mutex: UnsafeCell<libc::pthread_mutex_t>,
    data: UnsafeCell<T>,
}

impl<T: Pod> RobustMutex<T> {
    /// Puts `data` into new shared memory.
    ///
    /// # Errors
    /// If there is no memory.
    pub fn new(data: T) -> nix::Result<Self> {
        let length = NonZeroUsize::new(size_of::<Shared<T>>()).expect("it has a mutex");
        let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: the kernel chooses a free address.
        let memory = unsafe { mmap_anonymous(None, length, access, MapFlags::MAP_SHARED) }?;
        let new = Self {
            shared: memory.cast(),
        };

        let mut attributes = MaybeUninit::uninit();
        let attributes = attributes.as_mut_ptr();
        // SAFETY: the attributes are initialized before they are used and destroyed after it. The
        // memory is large enough, begins at a page, and nobody uses it yet; its zeros are a `T`.
        unsafe {
            libc::pthread_mutexattr_init(attributes);
            libc::pthread_mutexattr_setpshared(attributes, libc::PTHREAD_PROCESS_SHARED);
            libc::pthread_mutexattr_setrobust(attributes, libc::PTHREAD_MUTEX_ROBUST);
            let error = libc::pthread_mutex_init(new.shared().mutex.get(), attributes);
            libc::pthread_mutexattr_destroy(attributes);
            check(error)?;
            new.shared().data.get().write(data);
        }
        Ok(new)
    }

    /// Waits until nobody holds the data. If its last holder died with it, calls `repair` first.
    ///
    /// # Errors
    /// `ENOTRECOVERABLE` if an earlier `repair` has panicked.
    pub fn lock(&self, repair: impl FnOnce(&mut T)) -> nix::Result<Guard<'_, T>> {
        let mutex = self.shared().mutex.get();
        // SAFETY: `new` has initialized the mutex, and nobody destroys it.
        let error = unsafe { libc::pthread_mutex_lock(mutex) };
        if error != libc::EOWNERDEAD {
            check(error)?;
            return Ok(Guard { mutex: self });
        }

        let mut guard = Guard { mutex: self };
        repair(&mut guard);
        // SAFETY: as above, and this thread holds it.
        check(unsafe { libc::pthread_mutex_consistent(mutex) })?;
        Ok(guard)
    }
}

impl<T> RobustMutex<T> {
    fn shared(&self) -> &Shared<T> {
        // SAFETY: `new` has mapped it, until the drop. What changes is in an `UnsafeCell`.
        unsafe { self.shared.as_ref() }
    }
}

impl<T> Drop for RobustMutex<T> {
    fn drop(&mut self) {
        // SAFETY: `new` has mapped it, and nobody borrows it. Other processes keep their mapping.
        let _ = unsafe { munmap(self.shared.cast(), size_of::<Shared<T>>()) };
    }
}

/// Gives access to the data, and unlocks when it is dropped.
pub struct Guard<'a, T> {
    mutex: &'a RobustMutex<T>,
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: this process holds the mutex, so nobody changes the data.
        unsafe { &*self.mutex.shared().data.get() }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: this process holds the mutex, and the guard is borrowed: nobody else has access.
        unsafe { &mut *self.mutex.shared().data.get() }
    }
}

impl<T> Drop for Guard<'_, T> {
    fn drop(&mut self) {
        // SAFETY: this thread holds the mutex.
        unsafe { libc::pthread_mutex_unlock(self.mutex.shared().mutex.get()) };
    }
}

/// The functions for mutexes return their error instead of setting `errno`.
fn check(error: i32) -> nix::Result<()> {
    match error {
        0 => Ok(()),
        error => Err(Errno::from_raw(error)),
    }
}

// ---- Demo ----------------------------------------------------------------------------------

use nix::sys::signal::{Signal, raise};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};

/// What both accounts have together.
const SUM: i64 = 100;

fn main() -> anyhow::Result<()> {
    let accounts = RobustMutex::new([70, 30])?;

    // SAFETY: this process has only one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            let mut guard = accounts.lock(repair)?;
            guard[0] -= 50;
            raise(Signal::SIGKILL)?; // it dies before it adds the 50 to the other one
        }
        ForkResult::Parent { child } => {
            let status = waitpid(child, None)?;
            println!("the child: {status:?}");
        }
    }

    let mut guard = accounts.lock(repair)?;
    println!("repaired: {:?}", *guard);
    guard[0] -= 50;
    guard[1] += 50;
    println!("moved: {:?}", *guard);
    Ok(())
}

/// A move takes from the first account and then adds to the second one: undoes the first half.
fn repair(accounts: &mut [i64; 2]) {
    println!("the holder died and left {accounts:?}");
    accounts[0] = SUM - accounts[1];
}
