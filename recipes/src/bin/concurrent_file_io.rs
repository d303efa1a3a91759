//! Copy a folder of files, N at once in threads, and check every copy; no half of a file is left.
//!
//! Use it for many files on a disk, or better on a network, where one at a time waits most of the
//! time. Each copy is written to a temporary file beside its place, read back and compared, then
//! renamed: whoever looks there sees the whole file or none, also if the program is killed. A file
//! that is there already is not touched, and that is an error of that file; the others go on.
//! Threads, for file I/O blocks: `tokio::fs` is the same calls on threads, with more steps, and
//! memory for every task. A killed run leaves at most N files named `.tmp*`. The comparison reads
//! what the system holds, mostly from its cache: it finds a bad copy, not a bad disk.
//! Lines into one file from many tasks: `background_writer`.
//!
//! Python: `executor.map(shutil.copy, ...)`, which leaves half a copy after an error, under the
//! final name; `aiofiles` is a thread pool as well.
//! Needs: `cargo add anyhow@1 tempfile@3`, `cargo add clap@4 -F derive`
//!
//! ```console
//! $ cargo run -p recipes --bin concurrent_file_io
//! 007: File exists (os error [..])
//! 199 of 200 files copied and equal, 54698 bytes; 4 at once
//! 199 are equal, the one that was there is kept: true
//!
//! $ cargo run -p recipes --bin concurrent_file_io -- /no/such/folder copies
//! ? 2
//! error: /no/such/folder to copies: No such file or directory (os error [..])
//!
//! $ cargo run -p recipes --bin concurrent_file_io -- --limit 0
//! ? 2
//! error: invalid value '0' for '--limit <N>': number would be zero for non-zero type
//! ...
//! ```

use std::fs::{self, DirEntry, File};
use std::io::{self, Read, Seek, Write, stderr, stdout};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::{collections::BTreeMap, ffi::OsString, num::NonZeroUsize, process::ExitCode, thread};
use std::{path::Path, path::PathBuf, sync::Arc, sync::Mutex, time::Duration, time::Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use tempfile::{NamedTempFile, TempDir};

/// Calls `copy` for each file in the folder `from`, in at most `limit` threads, with its path and
/// its path in the folder `to`, which is made if need be; [`copy_checked`] is such a function.
/// Returns the result for each name. Folders and links within `from` are left out. Errs if a folder
/// cannot be used. Panics after a panic of `copy`, which ends its thread, while the others go on;
/// and if the system has no more threads to give.
pub fn copy_folder<R: Send>(
    from: &Path,
    to: &Path,
    limit: NonZeroUsize,
    copy: impl Fn(&Path, &Path) -> R + Sync,
) -> io::Result<BTreeMap<OsString, R>> {
    let entries: Vec<_> = fs::read_dir(from)?.collect::<io::Result<_>>()?;
    // One of an unknown type as well: to copy it says what is wrong with it.
    let may_be_file = |e: &&DirEntry| e.file_type().map_or(true, |kind| kind.is_file());
    fs::create_dir_all(to)?;
    let queue = Mutex::new(entries.iter().filter(may_be_file).map(DirEntry::file_name));
    let next = || queue.lock().unwrap().next(); // locked for that, not for the copy
    let results = Mutex::new(BTreeMap::new());
    let work = || {
        while let Some(name) = next() {
            let result = copy(&from.join(&name), &to.join(&name));
            results.lock().unwrap().insert(name, result);
        }
    };
    // The scope joins them.
    thread::scope(|s| (0..limit.get().min(entries.len())).for_each(|_| drop(s.spawn(work))));
    Ok(results.into_inner().unwrap())
}

/// Copies one file with its permissions, compares, and returns its size in bytes. Whatever goes
/// wrong, there is no file at `to` that was not there before, and what was there is as it was.
pub fn copy_checked(from: &Path, to: &Path) -> Result<u64> {
    let mut source = File::open(from)?;
    // Beside it, since a rename cannot cross disks. Dropped before that, it deletes the file.
    let mut copy = NamedTempFile::new_in(to.parent().context("not a path of a file")?)?;
    let bytes = io::copy(&mut source, copy.as_file_mut())?;
    copy.as_file().sync_all()?; // or a power cut could leave the name without the bytes
    source.rewind()?;
    copy.rewind()?;
    ensure!(same(&source, copy.as_file())?, "the copy differs");
    copy.as_file()
        .set_permissions(source.metadata()?.permissions())?;
    copy.persist_noclobber(to).map_err(|e| e.error)?; // `e` would keep the temporary file
    Ok(bytes)
}

/// Whether both have the same bytes from here to their ends.
pub fn same(mut one: impl Read, mut other: impl Read) -> io::Result<bool> {
    loop {
        let (mut a, mut b) = (Vec::new(), Vec::new());
        one.by_ref().take(1 << 16).read_to_end(&mut a)?;
        other.by_ref().take(1 << 16).read_to_end(&mut b)?;
        if a != b || a.is_empty() {
            return Ok(a == b);
        }
    }
}

/// Copies the files of a folder to another.
#[derive(Parser)]
struct Args {
    /// From where, and to where; without them, 200 files in a temporary folder
    #[arg(num_args = 2, value_names = ["FROM", "TO"])]
    folders: Vec<PathBuf>,
    /// How many files at once
    #[arg(long, value_name = "N", default_value = "4")]
    limit: NonZeroUsize,
}

fn main() -> ExitCode {
    run(Args::parse()).unwrap_or_else(|error| {
        let _ = writeln!(stderr(), "error: {error:#}");
        ExitCode::from(2)
    })
}

/// Without folders, copies 200 files, the 7th of which is there. The first ones wait until `limit`
/// run, or for 2 s.
fn run(Args { mut folders, limit }: Args) -> Result<ExitCode> {
    let demo = if folders.is_empty() {
        Some(TempDir::new()?)
    } else {
        None
    };
    let (name, text) = (
        |n: usize| format!("{n:03}"),
        |n: usize| n.to_string().repeat(n),
    );
    if let Some(demo) = &demo {
        folders = ["from", "to"].map(|name| demo.path().join(name)).into();
        folders.iter().try_for_each(fs::create_dir)?;
        (0..200).try_for_each(|n| fs::write(folders[0].join(name(n)), text(n)))?;
        fs::write(folders[1].join("007"), "mine")?;
    }
    let (from, to) = (&folders[0], &folders[1]);
    let (running, most, start) = (Arc::new(()), AtomicUsize::new(0), Instant::now());
    let enough = if demo.is_some() {
        limit.get().min(200)
    } else {
        0
    };
    let results = copy_folder(from, to, limit, |from, to| {
        let running = Arc::clone(&running); // so many are in here, and one
        most.fetch_max(Arc::strong_count(&running) - 1, Relaxed);
        while most.load(Relaxed) < enough && start.elapsed() < Duration::from_secs(2) {
            thread::sleep(Duration::from_millis(1));
        }
        copy_checked(from, to)
    })
    .with_context(|| format!("{} to {}", from.display(), to.display()))?;
    for (name, error) in results
        .iter()
        .filter_map(|(name, r)| Some((name, r.as_ref().err()?)))
    {
        writeln!(stderr(), "{}: {}", name.display(), error.root_cause())?;
    }
    let (sizes, all, most) = (results.values().flatten(), results.len(), most.into_inner());
    let (copied, bytes) = (sizes.clone().count(), sizes.sum::<u64>());
    writeln!(
        stdout(),
        "{copied} of {all} files copied and equal, {bytes} bytes; {most} at once"
    )?;
    let mut held = copied == all;
    if demo.is_some() {
        let read = |n| fs::read_to_string(to.join(name(n))).unwrap_or_default();
        let (equal, mine) = (
            (0..200).filter(|n| read(*n) == text(*n)).count(),
            read(7) == "mine",
        );
        writeln!(
            stdout(),
            "{equal} are equal, the one that was there is kept: {mine}"
        )?;
        held = (most, equal, mine, fs::read_dir(to)?.count()) == (enough, 199, true, 200);
    }
    Ok(if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
