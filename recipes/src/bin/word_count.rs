//! Count the words of all files in a folder on all cores: map each file, reduce the counts.
//!
//! Use it when each file gives a summary, and the summaries add up: counts, sums, an index. rayon's
//! `fold` gives each part of the list a map of its own, so that no lock is shared, and `reduce`
//! joins the maps, two at a time. The smaller map goes into the larger one. Otherwise every file
//! would move all the words of the large one again.
//!
//! - A file that cannot be read is an error in the result, and none of its words are counted. So is
//!   a file that is not UTF-8; the name of a file may be anything.
//! - In a folder only files are read, no links, pipes or devices. What you name yourself is read,
//!   whatever it is. A file that you name twice counts twice.
//! - Files are read line by line: a large one needs no memory, unless it is one long line.
//! - On a slow disk the threads wait: set `RAYON_NUM_THREADS` to more than there are cores.
//! - The rows of one large file: `parallel_csv`. Downloads, then computing: `io_cpu_pipeline`.
//!
//! Python: `Pool.imap_unordered(count, paths)`, and `total.update(counter)` for each `Counter`
//! Needs: `cargo add anyhow@1 rayon@1 walkdir@2`
//! Demo needs: `cargo add clap@4 -F derive`, `cargo add tempfile@3`
//! Tested: `recipes/tests/proof/word_count.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin word_count
//! 160 words, 24 different ones
//!      60 the
//!      40 cat
//!      20 and
//!
//! $ echo "To be, or not to be" | \
//!   cargo run -p recipes --bin word_count -- /dev/stdin no/such/folder
//! ? 1
//! 6 words, 4 different ones
//!       2 be
//!       2 to
//!       1 not
//! IO error for operation on no/such/folder: No such file or directory (os error 2)
//! Error: 1 could not be read
//! ```

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::mem;
use std::path::{Path, PathBuf};

use anyhow::{Context, Error, Result, anyhow};
use rayon::prelude::*;
use walkdir::{DirEntry, WalkDir};

/// The words of some files, and what could not be read.
#[derive(Default)]
pub struct Counts {
    /// How often there is each word, in lowercase.
    pub words: HashMap<String, u64>,
    /// An error for each file and each folder that could not be read.
    pub errors: Vec<Error>,
}

/// Counts the words of files, and of all files in folders, on all threads of rayon's pool.
pub fn count_words(paths: &[PathBuf]) -> Counts {
    let mut files = Vec::new();
    let mut errors = Vec::new();
    for path in paths {
        for entry in WalkDir::new(path).sort_by_file_name() {
            match entry {
                Ok(entry) if is_wanted(&entry) => files.push(entry.into_path()),
                Ok(_) => {}
                Err(error) => errors.push(anyhow!("{error}")),
            }
        }
    }
    let parts = files.par_iter().fold(Counts::default, |mut counts, file| {
        match count_file(file) {
            Ok(words) => counts.add_words(words),
            Err(error) => counts.errors.push(error),
        }
        counts
    });
    let mut counts = parts.reduce(Counts::default, |mut counts, other| {
        counts.add_words(other.words);
        counts.errors.extend(other.errors);
        counts
    });
    counts.errors.extend(errors);
    counts
}

/// Whether the entry is a file. What the caller names may be a pipe, or a link to a file.
fn is_wanted(entry: &DirEntry) -> bool {
    let is_named = entry.depth() == 0;
    entry.file_type().is_file() || is_named && !entry.path().is_dir()
}

/// Counts the words of a file. A word is a run of letters and digits.
fn count_file(path: &Path) -> Result<HashMap<String, u64>> {
    let name = || path.display().to_string();
    let file = File::open(path).with_context(name)?;
    let mut words = HashMap::new();
    for line in BufReader::new(file).lines() {
        let line = line.with_context(name)?.to_lowercase();
        for word in line.split(|c: char| !c.is_alphanumeric()) {
            if !word.is_empty() {
                *words.entry(word.to_owned()).or_default() += 1;
            }
        }
    }
    Ok(words)
}

impl Counts {
    fn add_words(&mut self, mut others: HashMap<String, u64>) {
        if self.words.len() < others.len() {
            mem::swap(&mut self.words, &mut others);
        }
        for (word, count) in others {
            *self.words.entry(word).or_default() += count;
        }
    }
}

// ---- Demo ----------------------------------------------------------------------------------

use std::cmp::Reverse;
use std::fs;

use anyhow::ensure;
use clap::Parser;

#[derive(Parser)]
struct Args {
    /// Files and folders [default: 40 files in a temporary folder]
    paths: Vec<PathBuf>,
}

fn main() -> Result<()> {
    let mut args = Args::parse();
    let demo_folder;
    if args.paths.is_empty() {
        demo_folder = tempfile::tempdir()?;
        write_demo_files(demo_folder.path())?;
        args.paths.push(demo_folder.path().to_owned());
    }

    let counts = count_words(&args.paths);
    let total: u64 = counts.words.values().sum();
    let different = counts.words.len();
    println!("{total} words, {different} different ones");
    let mut words = Vec::from_iter(&counts.words);
    words.sort_by_key(|(word, count)| (Reverse(*count), *word));
    for (word, count) in words.iter().take(3) {
        println!("{count:>7} {word}");
    }

    for error in &counts.errors {
        eprintln!("{error:#}");
    }
    let failed = counts.errors.len();
    ensure!(failed == 0, "{failed} could not be read");
    Ok(())
}

fn write_demo_files(folder: &Path) -> Result<()> {
    let below = folder.join("below");
    fs::create_dir(&below)?;
    for number in 0..20 {
        let name = format!("{number}.txt");
        fs::write(folder.join(&name), "The dog, the cat.\n")?;
        fs::write(below.join(&name), format!("The cat and dog{number}.\n"))?;
    }
    Ok(())
}
