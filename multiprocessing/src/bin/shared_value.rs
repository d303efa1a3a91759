//! Share one number between processes: an atomic in memory that each of them has mapped.
//!
//! Use it for a counter, a limit or a flag that several processes read and change. The number
//! stands in a file that every process maps into its memory, so each sees at once what the others
//! write. Atomic operations work between processes as they do between threads.
//!
//! - `fetch_add` is one step. A `load` and then a `store` are two: what another process adds
//!   between them is lost, and the result is less than 400000.
//! - The number stays in the file: for a fresh start, `store` 0 or use a new file.
//! - A process that dies leaves the number as its last operation left it, and blocks nobody.
//! - Nothing with a pointer may stand in shared memory: no `Vec`, no `Arc`. A `std::sync::Mutex`
//!   there does not wake other processes either: `robust_mutex`.
//! - Nobody may shorten the file: access behind its new end kills the process (`SIGBUS`).
//! - For several numbers use several atomics (`shared_memory_named`). Another process can see one
//!   of them changed and the next one not yet.
//!
//! Python: `multiprocessing.Value("Q", 0)`, where `value.value += 1` needs `with value.get_lock():`
//! Needs: `cargo add memmap2@0.9`
//! Demo needs: `cargo add anyhow@1 tempfile@3`
//! Tested: `multiprocessing/tests/holder_killed.rs`
//!
//! ```console
//! $ cargo run -p multiprocessing --bin shared_value
//! 4 processes added 1, 100000 times each: 400000
//! ```

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::path::Path;
use std::sync::atomic::AtomicU64;

use memmap2::{MmapOptions, MmapRaw};

/// A number that all processes share which have opened the same file. It dereferences to an
/// `AtomicU64`.
pub struct SharedValue {
    memory: MmapRaw,
}

impl SharedValue {
    /// Opens the number in the first 8 bytes of the file at `path`. In a file that is new or empty
    /// it is 0.
    ///
    /// # Errors
    /// If the file cannot be opened for reading and writing, or cannot be mapped.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(path)?;

        let length = size_of::<AtomicU64>();
        if file.metadata()?.len() < length as u64 {
            file.set_len(length as u64)?; // access behind its end would be fatal
        }
        let memory = MmapOptions::new().len(length).map_raw(&file)?;
        Ok(Self { memory })
    }
}

impl Deref for SharedValue {
    type Target = AtomicU64;

    fn deref(&self) -> &AtomicU64 {
        // SAFETY: the mapping begins at a page, so it is aligned; it is as long as an `AtomicU64`
        // and lives as long as `self`. Any bits are a number, and other processes change them
        // with atomic operations only.
        unsafe { AtomicU64::from_ptr(self.memory.as_mut_ptr().cast()) }
    }
}

// ---- Demo ----------------------------------------------------------------------------------

use std::env;
use std::process::Command;
use std::sync::atomic::Ordering::Relaxed;

fn main() -> anyhow::Result<()> {
    if let Some(path) = env::args_os().nth(1) {
        return add(Path::new(&path)); // this is a child
    }

    let file = tempfile::NamedTempFile::new()?;
    let value = SharedValue::open(file.path())?;
    let mut children = Vec::new();
    for _ in 0..4 {
        let mut command = Command::new(env::current_exe()?);
        let child = command.arg(file.path()).spawn()?;
        children.push(child);
    }
    for mut child in children {
        child.wait()?;
    }
    println!(
        "4 processes added 1, 100000 times each: {}",
        value.load(Relaxed) // after `wait` all of it is there
    );
    Ok(())
}

fn add(path: &Path) -> anyhow::Result<()> {
    let value = SharedValue::open(path)?;
    for _ in 0..100_000 {
        value.fetch_add(1, Relaxed); // `Relaxed` is enough for a count
    }
    Ok(())
}
