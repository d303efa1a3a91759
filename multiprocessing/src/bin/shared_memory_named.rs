//! Share memory between programs that know only its name: create it, attach to it, remove it.
//!
//! Use it for a large state that independent programs read and write: frames of a camera, a table
//! of prices. One of them creates the segment, the others attach to it by its name. Here it is a
//! row of atomic numbers, which need no lock.
//!
//! - Dropping what `create` returned removes the name. Those who are attached keep the memory, and
//!   the last one to go frees it.
//! - A creator that is killed removes nothing: the segment stays until the machine restarts, and
//!   the next `create` fails with "File exists". `nix::sys::mman::shm_unlink(name)` removes it.
//! - Each number changes on its own. What belongs together needs a lock: `process_lock`.
//! - Anybody with your user id can attach to it. Begin the name with a slash, and on macOS keep it
//!   below 32 characters. On Linux segments are files in `/dev/shm`.
//! - For a parent and its children a file without a name is enough: `share_array_ways`.
//!
//! Python: `shared_memory.SharedMemory("name", create=True, size=24)`, `close`, `unlink`
//! Needs: `cargo add memmap2@0.9`, `cargo add nix@0.31 -F fs,mman`
//! Demo needs: `cargo add anyhow@1`
//! Runs on: Linux, macOS
//! Tested: `multiprocessing/tests/holder_killed.rs`
//!
//! ```console
//! $ cargo run -p multiprocessing --bin shared_memory_named
//! the other process reads [1, 2, 3]
//! here it is now [10, 20, 30]
//! after the drop: No such file or directory (os error 2)
//! ```

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::slice;
use std::sync::atomic::AtomicU64;

use memmap2::{MmapOptions, MmapRaw};
use nix::fcntl::OFlag;
use nix::sys::mman::{shm_open, shm_unlink};
use nix::sys::stat::Mode;

/// A row of numbers in shared memory. It dereferences to a slice of `AtomicU64`.
pub struct SharedNumbers {
    memory: MmapRaw,
    count: usize,
    _name: Option<Name>,
}

impl SharedNumbers {
    /// Creates a segment with `count` zeros. Its name is removed when the result is dropped.
    ///
    /// # Errors
    /// `AlreadyExists` if there is one of this name, `InvalidInput` if `count` is 0; otherwise if
    /// there is no memory.
    pub fn create(name: &str, count: usize) -> io::Result<Self> {
        let new = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_RDWR;
        let file = shm_open(name, new, Mode::S_IRUSR | Mode::S_IWUSR)?;
        let file = File::from(file);
        let name = Name(name.to_owned()); // from here on an error removes it
        file.set_len(length(count))?;
        let memory = map(&file, count)?;
        Ok(Self {
            memory,
            count,
            _name: Some(name),
        })
    }

    /// Attaches to the first `count` numbers of a segment.
    ///
    /// # Errors
    /// `NotFound` if there is none of this name, `InvalidInput` if it is shorter or `count` is 0;
    /// otherwise if it belongs to another user.
    pub fn attach(name: &str, count: usize) -> io::Result<Self> {
        let file = shm_open(name, OFlag::O_RDWR, Mode::empty())?;
        let memory = map(&File::from(file), count)?;
        Ok(Self {
            memory,
            count,
            _name: None,
        })
    }
}

impl Deref for SharedNumbers {
    type Target = [AtomicU64];

    fn deref(&self) -> &[AtomicU64] {
        let first: *const AtomicU64 = self.memory.as_ptr().cast();
        // SAFETY: the mapping begins at a page, is long enough (`map` has looked) and lives as long
        // as `self`. Any bits are numbers, and other processes change them as atomics, too.
        unsafe { slice::from_raw_parts(first, self.count) }
    }
}

/// A name that is removed when it is dropped.
struct Name(String);

impl Drop for Name {
    fn drop(&mut self) {
        let _ = shm_unlink(self.0.as_str()); // an error: somebody else has removed it
    }
}

fn map(file: &File, count: usize) -> io::Result<MmapRaw> {
    // Access behind the end of the segment would be fatal.
    if count == 0 || file.metadata()?.len() < length(count) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    MmapOptions::new().map_raw(file)
}

/// The bytes of `count` numbers.
fn length(count: usize) -> u64 {
    (count * size_of::<AtomicU64>()) as u64
}

// ---- Demo ----------------------------------------------------------------------------------

use std::env;
use std::process::{self, Command};
use std::sync::atomic::Ordering::Relaxed;

fn main() -> anyhow::Result<()> {
    if let Some(name) = env::args().nth(1) {
        return multiply(&name); // this is the other process
    }

    let name = format!("/cookbook-{}", process::id());
    let numbers = SharedNumbers::create(&name, 3)?;
    for (index, number) in numbers.iter().enumerate() {
        let value = index as u64 + 1;
        number.store(value, Relaxed); // the other process starts later, so it sees it
    }
    let mut command = Command::new(env::current_exe()?);
    command.arg(&name).status()?;
    println!("here it is now {:?}", &numbers[..]);

    drop(numbers);
    if let Err(error) = SharedNumbers::attach(&name, 3) {
        println!("after the drop: {error}");
    }
    Ok(())
}

fn multiply(name: &str) -> anyhow::Result<()> {
    let numbers = SharedNumbers::attach(name, 3)?;
    println!("the other process reads {:?}", &numbers[..]);
    for number in numbers.iter() {
        let tenfold = number.load(Relaxed) * 10; // nobody else writes meanwhile
        number.store(tenfold, Relaxed);
    }
    Ok(())
}
