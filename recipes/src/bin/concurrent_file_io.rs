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
//! Copy: `copy_folder`, `copy_checked` and `same`.
//! Needs: `cargo add anyhow@1 tempfile@3`, `cargo add clap@4 -F derive`
//!
//! ```console
//! $ cargo run -p recipes --bin concurrent_file_io
//! 007: File exists (os error [..])
//! 199 of 200 files copied and equal, 54698 bytes
//! 4 at once; 199 are equal, the one that was there is kept: true
//!
//! $ cargo run -p recipes --bin concurrent_file_io -- /no/such/folder copies
//! ? 2
//! error: /no/such/folder to copies: No such file or directory (os error [..])
//!
//! $ cargo run -p recipes --bin concurrent_file_io -- --limit 0
//! ? 2
//! error: invalid value '0' for '--limit <N>': number would be zero for non-zero type
//! ```

use std::ffi::OsString;
use std::fs::{self, DirEntry, File};
use std::io::{self, BufRead, BufReader, Read, Seek, Write, stderr, stdout};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, exit};
use std::sync::{Condvar, Mutex};
use std::{iter, panic::resume_unwind, thread, thread::ScopedJoinHandle, time::Duration};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use tempfile::{NamedTempFile, TempDir};

/// Calls `copy` for each file in the folder `from`, in at most `limit` threads, with its path and
/// its path in the folder `to`, which is made if need be; [`copy_checked`] is such a function.
/// Returns each name with its result, sorted. Folders and links within `from` are left out. Errs if
/// a folder cannot be used; panics with a panic of `copy`, after the other files.
pub fn copy_folder<R: Send>(
    from: &Path,
    to: &Path,
    limit: NonZeroUsize,
    copy: impl Fn(&Path, &Path) -> R + Sync,
) -> io::Result<Vec<(OsString, R)>> {
    let entries: Vec<_> = fs::read_dir(from)?.collect::<io::Result<_>>()?;
    let files = entries.iter().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    fs::create_dir_all(to)?;
    let queue = Mutex::new(files.map(DirEntry::file_name));
    let work = || {
        let next = || queue.lock().unwrap().next(); // locked for that, not for the copy
        let copy = |name: OsString| {
            let result = copy(&from.join(&name), &to.join(&name));
            (name, result)
        };
        iter::from_fn(next).map(copy).collect::<Vec<_>>()
    };
    let mut results: Vec<_> = thread::scope(|scope| {
        let threads = 0..limit.get().min(entries.len());
        let threads: Vec<_> = threads.map(|_| scope.spawn(work)).collect(); // all, before any join
        let join = |thread: ScopedJoinHandle<_>| thread.join().unwrap_or_else(|p| resume_unwind(p));
        threads.into_iter().flat_map(join).collect()
    });
    results.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(results)
}

/// Copies one file with its permissions, compares, and returns its size in bytes. Whatever goes
/// wrong, there is no file at `to` that was not there before, and what was there is as it was.
pub fn copy_checked(from: &Path, to: &Path) -> Result<u64> {
    let mut source = File::open(from)?;
    let folder = to.parent().context("not a path of a file")?;
    let mut copy = NamedTempFile::new_in(folder)?; // beside it: a rename cannot cross disks
    let bytes = io::copy(&mut source, copy.as_file_mut())?;
    copy.as_file().sync_all()?; // or a power cut could leave the name without the bytes
    source.rewind()?;
    copy.rewind()?;
    ensure!(same(&source, copy.as_file())?, "the copy differs");
    copy.as_file().set_permissions(source.metadata()?.permissions())?;
    copy.persist_noclobber(to)?; // dropped before, it deletes the file
    Ok(bytes)
}

/// Whether both have the same bytes from here to their ends.
pub fn same(one: impl Read, other: impl Read) -> io::Result<bool> {
    let (mut one, mut other) = (BufReader::new(one), BufReader::new(other));
    loop {
        let (a, b) = (one.fill_buf()?, other.fill_buf()?);
        let n = a.len().min(b.len());
        if n == 0 || a[..n] != b[..n] {
            return Ok(a.is_empty() && b.is_empty());
        }
        one.consume(n);
        other.consume(n);
    }
}

// Only for the demo from here on.

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
    let args = Args::try_parse().unwrap_or_else(|wrong| match wrong.to_string().lines().next() {
        Some(line) if wrong.use_stderr() => {
            eprintln!("{line}"); // without the usage
            exit(2)
        }
        _ => wrong.exit(), // --help, --version
    });
    let done = match &args.folders[..] {
        [from, to] => {
            let results = copy_folder(from, to, args.limit, copy_checked);
            let both = || format!("{} to {}", from.display(), to.display());
            results.with_context(both).and_then(report)
        }
        _ => demo(args.limit),
    };
    done.unwrap_or_else(|error| {
        let _ = writeln!(stderr(), "error: {error:#}");
        ExitCode::from(2)
    })
}

/// Prints what failed, then how many did not.
fn report(results: Vec<(OsString, Result<u64>)>) -> Result<ExitCode> {
    let (mut copied, mut bytes) = (0, 0);
    for (name, result) in &results {
        match result {
            Ok(size) => (copied, bytes) = (copied + 1, bytes + size),
            Err(error) => writeln!(stderr(), "{}: {}", name.display(), error.root_cause())?,
        }
    }
    writeln!(stdout(), "{copied} of {} files copied and equal, {bytes} bytes", results.len())?;
    Ok(if copied == results.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Copies 200 files, the 7th of which is there. The first ones wait until `limit` run, or for 2 s.
fn demo(limit: NonZeroUsize) -> Result<ExitCode> {
    let (from, to) = (TempDir::new()?, TempDir::new()?);
    for n in 0..200 {
        fs::write(from.path().join(format!("{n:03}")), n.to_string().repeat(n))?;
    }
    fs::write(to.path().join("007"), "mine")?;
    let (state, full, enough) = (Mutex::new((0, 0)), Condvar::new(), limit.get().min(200));
    let results = copy_folder(from.path(), to.path(), limit, |from, to| {
        let mut at_once = state.lock().unwrap();
        *at_once = (at_once.0 + 1, at_once.1.max(at_once.0 + 1));
        full.notify_all();
        drop(full.wait_timeout_while(at_once, Duration::from_secs(2), |(_, most)| *most < enough));
        let result = copy_checked(from, to);
        state.lock().unwrap().0 -= 1;
        result
    });
    report(results?)?;
    let most = state.lock().unwrap().1;
    let mut equal = 0;
    for file in fs::read_dir(to.path())? {
        let file = file?; // a temporary one has no source
        let source = File::open(from.path().join(file.file_name()))?;
        equal += usize::from(same(source, File::open(file.path())?)?);
    }
    let mine = fs::read_to_string(to.path().join("007"))? == "mine";
    writeln!(
        stdout(),
        "{most} at once; {equal} are equal, the one that was there is kept: {mine}"
    )?;
    let held = most == enough && equal == 199 && mine;
    Ok(if held { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
