//! Count the words of all files in a folder on all cores: map each file, reduce the counts.
//!
//! Use it when each file gives a summary, and the summaries add up: counts, sums, an index. rayon's
//! `fold` gives every part of the list a summary of its own, so there is no lock, and `reduce` joins
//! two summaries at a time. Of two maps the smaller goes into the larger: otherwise the large one is
//! moved again with every step.
//!
//! - A file that cannot be read is not counted, and its error is in the result. That includes files
//!   that are not UTF-8.
//! - Links, pipes and devices in a folder are left out, as `grep -r` does. What you name yourself is
//!   read, whatever it is.
//! - A file is read line by line, so a large one does not fill the memory.
//! - On a slow disk rayon's threads wait for it: set `RAYON_NUM_THREADS` to more than the cores.
//! - One large file: `parallel_csv`. Downloads and computing apart: `io_cpu_pipeline`.
//!
//! Python: `Pool.imap_unordered(count, paths)`, then `total.update(counter)` for each `Counter`
//! Needs: `cargo add anyhow@1 rayon@1 walkdir@2`
//! Demo needs: `cargo add clap@4 -F derive`, `cargo add tempfile@3`
//! Tested: `recipes/tests/proof/word_count.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin word_count
//! 40 files, 1640 words, 42 different ones
//!     820 the
//!     780 and
//!       1 word01
//!
//! $ cargo run -p recipes --bin word_count -- no/such/folder
//! ? 1
//! IO error for operation on no/such/folder: No such file or directory (os error 2)
//! 0 files, 0 words, 0 different ones
//! Error: 1 not read
//! ```

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::mem;
use std::path::{Path, PathBuf};

use anyhow::{Context, Error};
use rayon::prelude::*;
use walkdir::WalkDir;

/// What was counted in some files.
#[derive(Default)]
pub struct Summary {
    /// How often each word was there, in lowercase letters.
    pub words: HashMap<String, u64>,
    /// How many files were counted.
    pub files: u64,
    /// One error for each file and each folder that was not, in the order of their paths.
    pub errors: Vec<Error>,
}

/// Counts the words of files, and of all files in folders, on all threads of rayon's pool.
pub fn count_words(paths: &[PathBuf]) -> Summary {
    let mut files = Vec::new();
    let mut summary = Summary::default();
    for path in paths {
        for entry in WalkDir::new(path).sort_by_file_name() {
            match entry {
                Ok(entry) => {
                    let is_named = entry.depth() == 0 && !entry.file_type().is_dir();
                    if is_named || entry.file_type().is_file() {
                        files.push(entry.into_path());
                    }
                }
                Err(error) => summary.errors.push(error.into()),
            }
        }
    }
    let parts = files.par_iter().fold(Summary::default, add_file);
    summary.join(parts.reduce(Summary::default, Summary::join))
}

fn add_file(mut summary: Summary, path: &PathBuf) -> Summary {
    match count_file(path).with_context(|| path.display().to_string()) {
        Ok(words) => {
            summary.files += 1;
            summary.words = join_counts(summary.words, words);
        }
        Err(error) => summary.errors.push(error),
    }
    summary
}

/// Counts the words of a file. A word is a run of letters and digits.
fn count_file(path: &Path) -> io::Result<HashMap<String, u64>> {
    let mut words = HashMap::new();
    for line in BufReader::new(File::open(path)?).lines() {
        for word in line?.split(|c: char| !c.is_alphanumeric()) {
            if !word.is_empty() {
                *words.entry(word.to_lowercase()).or_default() += 1;
            }
        }
    }
    Ok(words)
}

impl Summary {
    fn join(mut self, other: Self) -> Self {
        self.words = join_counts(self.words, other.words);
        self.files += other.files;
        self.errors.extend(other.errors);
        self
    }
}

fn join_counts(
    mut large: HashMap<String, u64>,
    mut small: HashMap<String, u64>,
) -> HashMap<String, u64> {
    if large.len() < small.len() {
        mem::swap(&mut large, &mut small);
    }
    for (word, count) in small {
        *large.entry(word).or_default() += count;
    }
    large
}

// ---- Demo ----------------------------------------------------------------------------------

use std::cmp::Reverse;
use std::fs;

use anyhow::{Result, ensure};
use clap::Parser;

#[derive(Parser)]
struct Args {
    /// Files and folders [default: 40 small files in a temporary folder]
    paths: Vec<PathBuf>,
}

fn main() -> Result<()> {
    let mut paths = Args::parse().paths;
    let demo_folder = tempfile::tempdir()?;
    if paths.is_empty() {
        write_demo_files(demo_folder.path())?;
        paths.push(demo_folder.path().to_owned());
    }

    let summary = count_words(&paths);
    for error in &summary.errors {
        eprintln!("{error:#}");
    }
    let files = summary.files;
    let total: u64 = summary.words.values().sum();
    let different = summary.words.len();
    println!("{files} files, {total} words, {different} different ones");

    let mut words = Vec::from_iter(summary.words);
    words.sort_by_key(|(word, count)| (Reverse(*count), word.clone()));
    for (word, count) in words.iter().take(3) {
        println!("{count:>7} {word}");
    }
    ensure!(
        summary.errors.is_empty(),
        "{} not read",
        summary.errors.len()
    );
    Ok(())
}

/// Writes 40 files, half of them into a folder below. Each has a word that no other one has.
fn write_demo_files(folder: &Path) -> io::Result<()> {
    let below = folder.join("below");
    fs::create_dir(&below)?;
    for number in 1..=20 {
        let name = format!("{number}.txt");
        fs::write(
            folder.join(&name),
            format!("The cat, the dog and cat{number}.\n"),
        )?;
        fs::write(
            below.join(&name),
            format!("The dog, the cat and dog{number}.\n"),
        )?;
    }
    Ok(())
}
