//! Copy a folder with all its files, N at once on threads; no file is ever there by half.
//!
//! Use it for many files, best on a network disk or an SSD, where one at a time waits most of the
//! time. It is `cp -r from/. to` on threads. Each file is written to a temporary file in its folder
//! and renamed when it is whole, so whoever looks sees the whole file or none, even if this program
//! is killed. A file that cannot be copied is a result like any other; the others go on.
//!
//! - Symbolic links are copied as links. A pipe, a socket or a device is not copied: an error.
//! - Permissions become those of a new file, as `cp` sets them: the umask is taken off, and
//!   set-user-ID is not copied. Nor are times and owners: see `filetime` and `fs::chown`.
//! - What is in `to` already stays, except that a file of the same name is replaced.
//! - Why threads: file I/O blocks. `tokio::fs` makes the same calls, on threads too.
//! - A power failure can lose the last files. Where that matters, call `sync_all` before `persist`.
//!
//! Python: `executor.map(shutil.copy, ...)`, or `shutil.copytree`
//! Needs: `cargo add anyhow@1 rayon@1 tempfile@3 walkdir@2`
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
//! pipe: neither a file, nor a folder, nor a link
//! 1 of 2 files copied
//! ```

use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};
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
    let mode = from.metadata()?.permissions().mode();
    let mut names = Vec::new();
    for entry in fs::read_dir(from)? {
        names.push(entry?.file_name());
    }
    names.sort();

    let is_new = !to.is_dir();
    if is_new {
        let writable = mode | 0o700; // its owner has to fill it
        DirBuilder::new().mode(writable & 0o777).create(to)?;
    }
    let copies = names
        .par_iter()
        .flat_map(|name| copy_entry(from.join(name), &to.join(name)));
    let copied = copies.collect();
    if is_new && mode & 0o700 != 0o700 {
        let writable = to.metadata()?.permissions().mode();
        let like_source = writable & (mode | !0o700);
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
        let mode = metadata.permissions().mode() & 0o777; // no set-user-ID
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

use clap::{Parser, value_parser};

/// Copies what is in one folder into another.
#[derive(Parser)]
struct Args {
    from: PathBuf,
    to: PathBuf,

    /// How many files to copy at a time
    #[arg(long, default_value_t = 4, value_parser = value_parser!(u16).range(1..))]
    threads: u16,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let copied = copy_folder(&args.from, &args.to, args.threads.into())?;
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
