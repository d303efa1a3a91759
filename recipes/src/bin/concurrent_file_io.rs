//! Copy a folder with all its files, N at once on threads; no file is ever there by half.
//!
//! Use it for many files, best on a network disk or an SSD, where a copy waits most of the time.
//! It does what `cp -r from/. to` does. Each file is written to a temporary file in its folder and
//! renamed when it is whole: whoever looks sees the whole file or none, even when this program is
//! killed. A file that cannot be copied is a result like any other, and the others go on.
//!
//! - A symbolic link is copied as a link. A pipe, a socket, or a device is not copied, and counts
//!   as failed.
//! - A copy has the permissions that `cp` gives it: those of the file without the umask, and never
//!   set-user-ID. Its times and its owner are those of a new file.
//! - What is already in `to` stays, but a file of the same name is replaced.
//! - A killed program leaves at most N files named `.tmp...` behind. A power failure may lose
//!   files: call `sync_all` before `persist` to prevent it.
//! - File calls block, so threads make them. `tokio::fs` makes the same calls on threads.
//!
//! Python: `ThreadPoolExecutor(4).map(shutil.copy, ...)`, or `shutil.copytree`
//! Needs: `cargo add anyhow@1 rayon@1 tempfile@3`
//! Demo needs: `cargo add clap@4 -F derive`
//! Runs on: Linux, macOS
//! Tested: `recipes/tests/proof/concurrent_file_io.rs`
//!
//! ```console
//! $ mkdir -p photos/2026; touch photos/1.jpg photos/2026/2.jpg; ln -s 1.jpg photos/best.jpg; \
//!     cargo run -p recipes --bin concurrent_file_io -- photos backup; \
//!     find backup -type f | sort; rm -r photos backup
//! 3 of 3 files copied
//! backup/1.jpg
//! backup/2026/2.jpg
//!
//! $ mkdir photos; touch photos/1.jpg; mkfifo photos/pipe; \
//!     cargo run -p recipes --bin concurrent_file_io -- photos backup; rm -r photos backup
//! photos/pipe: neither a file, nor a folder, nor a link
//! 1 of 2 files copied
//! Error: 1 could not be copied
//! ```

use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};
use rayon::ThreadPoolBuilder;
use rayon::prelude::*;
use tempfile::Builder;

/// What came of a file or a link, or of a folder that could not be copied.
pub struct Copied {
    pub from: PathBuf,
    pub result: Result<()>,
}

/// Copies what is in the folder `from` into the folder `to`, which is made if it is missing, with
/// `threads` files at a time. Returns what came of each.
///
/// # Errors
/// If one of the two folders cannot be used, or the system has no more threads to give.
pub fn copy_folder(from: &Path, to: &Path, threads: usize) -> Result<Vec<Copied>> {
    let source = from.canonicalize()?;
    if let Ok(target) = to.canonicalize() {
        let inside = target.starts_with(source);
        ensure!(!inside, "a folder cannot be copied into itself");
    }
    let pool = ThreadPoolBuilder::new().num_threads(threads).build()?;
    pool.install(|| copy_contents(from, to))
}

fn copy_contents(from: &Path, to: &Path) -> Result<Vec<Copied>> {
    let mode = from.metadata()?.mode();
    let mut names = Vec::new();
    for entry in fs::read_dir(from)? {
        names.push(entry?.file_name());
    }
    names.sort();

    let is_new = !to.is_dir();
    if is_new {
        let writable = mode & 0o777 | 0o700; // its owner has to fill it
        DirBuilder::new().mode(writable).create(to)?;
    }
    let copy = |name| copy_entry(from.join(name), &to.join(name));
    let copied = names.par_iter().flat_map(copy).collect();
    if is_new && mode & 0o700 != 0o700 {
        let like_source = to.metadata()?.mode() & (mode | !0o700);
        fs::set_permissions(to, Permissions::from_mode(like_source))?;
    }
    Ok(copied)
}

fn copy_entry(from: PathBuf, to: &Path) -> Vec<Copied> {
    let result = if from.is_dir() && !from.is_symlink() {
        match copy_contents(&from, to) {
            Ok(copied) => return copied,
            Err(error) => Err(error),
        }
    } else {
        copy_file(&from, to)
    };
    vec![Copied { from, result }]
}

/// Copies a file or a link.
fn copy_file(from: &Path, to: &Path) -> Result<()> {
    let folder = to.parent().unwrap_or(to);
    let metadata = from.symlink_metadata()?;
    if metadata.is_symlink() {
        let target = fs::read_link(from)?;
        let link = Builder::new().make_in(folder, |path| symlink(&target, path))?;
        link.persist(to)?;
    } else if metadata.is_file() {
        let mut source = File::open(from)?;
        let mode = metadata.mode() & 0o777; // no set-user-ID
        let permissions = Permissions::from_mode(mode); // the system takes the umask off
        let mut copy = Builder::new()
            .permissions(permissions)
            .tempfile_in(folder)?;
        io::copy(&mut source, copy.as_file_mut())?;
        copy.persist(to)?;
    } else {
        bail!("neither a file, nor a folder, nor a link");
    }
    Ok(())
}

// ---- Demo ----------------------------------------------------------------------------------

use anyhow::Context;
use clap::{Parser, value_parser};

#[derive(Parser)]
struct Args {
    /// The folder with the files
    from: PathBuf,

    /// Where to put the copies
    to: PathBuf,

    /// How many files to copy at a time
    #[arg(long, default_value_t = 4, value_parser = value_parser!(u16).range(1..))]
    threads: u16,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let copied = copy_folder(&args.from, &args.to, args.threads.into());
    let copied = copied.with_context(|| args.from.display().to_string())?;
    let mut failed = 0;
    for file in &copied {
        if let Err(error) = &file.result {
            failed += 1;
            eprintln!("{}: {error}", file.from.display());
        }
    }
    println!("{} of {} files copied", copied.len() - failed, copied.len());
    ensure!(failed == 0, "{failed} could not be copied");
    Ok(())
}
