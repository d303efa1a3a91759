//! Use a file as memory that several processes change, one at a time under a file lock.
//!
//! Use it for data that is larger than a message should be and that outlives the processes: an
//! index, a matrix. The file is mapped, so reading and writing it is memory access, without a copy.
//! The lock on the same file lets one process at a time at the memory.
//!
//! - A process that is killed loses the lock, but what it wrote stays. If it died in the middle of
//!   a change, the next one finds half of it and is not told: `robust_mutex`.
//! - What was written is in the file as soon as it is in memory; only a crash of the system loses
//!   it. Against that call `MmapMut::flush`.
//! - Nobody may shorten the file: access behind its new end kills the process (`SIGBUS`).
//! - Not on a network file system: there the lock may work, but the memory is not shared.
//! - For numbers that change one by one you need no lock: `shared_value`.
//!
//! Python: `mmap.mmap(file.fileno(), 0)` or `numpy.memmap`, with `fcntl.flock` around it
//! Needs: `cargo add memmap2@0.9`
//! Demo needs: `cargo add anyhow@1 tempfile@3`
//! Tested: `multiprocessing/tests/holder_killed.rs`
//!
//! ```console
//! $ cargo run -p multiprocessing --bin shared_memory_file
//! 10 processes added 1 to each of 1000 cells
//! every cell of the file is 10: true
//! ```

use std::fs::File;
use std::io;
use std::ops::{Deref, DerefMut};
use std::path::Path;

use memmap2::{MmapMut, MmapOptions};

/// A file in memory, to be locked before each use.
pub struct SharedFile {
    file: File,
    memory: MmapMut,
}

impl SharedFile {
    /// Maps the first `length` bytes of the file at `path`. A shorter file grows, with zeros; one
    /// that does not exist is created.
    ///
    /// # Safety
    /// All who map or write the file lock it as `lock` does, and nobody makes it shorter.
    ///
    /// # Errors
    /// If the file cannot be opened, or does not fit on the disk.
    pub unsafe fn open(path: &Path, length: usize) -> io::Result<Self> {
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(path)?;

        file.lock()?; // two that grow it at the same time would shorten it
        if file.metadata()?.len() < length as u64 {
            file.set_len(length as u64)?;
        }
        file.unlock()?;

        // SAFETY: by the contract of this function others change it only while we do not look.
        let memory = unsafe { MmapOptions::new().len(length).map_mut(&file) }?;
        Ok(Self { file, memory })
    }

    /// Waits until no other process has it, and gives access to its bytes.
    ///
    /// # Errors
    /// If its file system has no locks.
    pub fn lock(&mut self) -> io::Result<Guard<'_>> {
        self.file.lock()?;
        Ok(Guard { shared: self })
    }
}

/// Gives access to the bytes, and unlocks the file when it is dropped.
pub struct Guard<'a> {
    shared: &'a mut SharedFile,
}

impl Deref for Guard<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.shared.memory
    }
}

impl DerefMut for Guard<'_> {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.shared.memory
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        let _ = self.shared.file.unlock(); // an error: closing the file unlocks it
    }
}

// ---- Demo ----------------------------------------------------------------------------------

use std::env;
use std::fs;
use std::process::Command;

const CELLS: usize = 1000;

fn main() -> anyhow::Result<()> {
    if let Some(path) = env::args_os().nth(1) {
        return add_one(Path::new(&path)); // this is a child
    }

    let file = tempfile::NamedTempFile::new()?;
    let mut children = Vec::new();
    for _ in 0..10 {
        let mut command = Command::new(env::current_exe()?);
        let child = command.arg(file.path()).spawn()?;
        children.push(child);
    }
    for mut child in children {
        child.wait()?;
    }
    println!("10 processes added 1 to each of {CELLS} cells");

    let bytes = fs::read(file.path())?;
    let all_are_ten = bytes.iter().all(|cell| *cell == 10);
    println!("every cell of the file is 10: {all_are_ten}");
    Ok(())
}

fn add_one(path: &Path) -> anyhow::Result<()> {
    // SAFETY: this program alone uses the file, only through `SharedFile`, until all have ended.
    let mut shared = unsafe { SharedFile::open(path, CELLS) }?;
    let mut cells = shared.lock()?;
    for cell in cells.iter_mut() {
        *cell += 1;
    }
    Ok(())
}
