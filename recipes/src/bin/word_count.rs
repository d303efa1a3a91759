//! Count the words of all files in a folder on all cores: map, then reduce.
//!
//! Use it when each file gives a small summary and the summaries add up: counts, sums, an index.
//! `try_fold` gives each part of the list a map of its own, so no lock is shared, and `try_reduce`
//! merges two maps at a time, the smaller into the larger: the other way round, the large map is
//! moved again at every merge. A file that cannot be read stops the rest and is named; files that
//! are not UTF-8 count with their odd bytes replaced. A file is read whole, so memory holds one
//! for each thread. Symbolic links are not followed. rayon's threads wait for the disk as well:
//! on a cold or remote disk give the pool more threads than there are cores. Rows of one large
//! file: `parallel_csv`. Reading and computing apart: `io_cpu_pipeline`.
//!
//! Python: `Pool.map(count, files)`, then `sum(counters, Counter())`, which copies every time.
//! Copy: `count_words`, `merge` and `files_below`.
//! Needs: `cargo add clap@4 -F derive`, `cargo add rayon@1 tempfile@3`
//!
//! ```console
//! $ cargo run -p recipes --bin word_count
//! 40 files, 42 words, 1640 in all; the same in turn: true
//!      820 the
//!      780 and
//!        1 word01
//! 1 word merged into 42, or 42 into 1: moved 1 and 1
//!
//! $ mkdir empty && cargo run -p recipes --bin word_count -- empty; rmdir empty
//! 0 files, 0 words, 0 in all; the same in turn: true
//! ...
//!
//! $ cargo run -p recipes --bin word_count -- no/such/folder
//! ? 2
//! error: no/such/folder: No such file or directory (os error 2)
//! ```

use std::cmp::Reverse;
use std::collections::HashMap;
use std::io::{self, Error};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{fs, mem};

use clap::Parser;
use rayon::prelude::*;

pub type Counts = HashMap<String, u64>;

/// How often each word stands in the files, in lower case. A word is letters and digits. Runs on
/// all threads of the pool.
///
/// # Errors
/// A file that cannot be read; its path is in the message. Files that nobody began are not read.
pub fn count_words(files: &[PathBuf]) -> io::Result<Counts> {
    let count = |mut counts: Counts, file: &PathBuf| {
        let bytes = fs::read(file)
            .map_err(|error| Error::new(error.kind(), format!("{}: {error}", file.display())))?;
        for word in String::from_utf8_lossy(&bytes).split(|c: char| !c.is_alphanumeric()) {
            if !word.is_empty() {
                *counts.entry(word.to_lowercase()).or_default() += 1;
            }
        }
        Ok(counts)
    };
    let parts = files.par_iter().try_fold(Counts::new, count);
    parts.try_reduce(Counts::new, |a, b| Ok(merge(a, b).0))
}

/// Both together, and how many words were moved: those of the smaller one.
pub fn merge(mut large: Counts, mut small: Counts) -> (Counts, usize) {
    if large.len() < small.len() {
        mem::swap(&mut large, &mut small);
    }
    let moved = small.len();
    for (word, count) in small {
        *large.entry(word).or_default() += count;
    }
    (large, moved)
}

/// All files in the folder and in those below it, in the order of their paths.
pub fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        let about =
            |error: Error| Error::new(error.kind(), format!("{}: {error}", folder.display()));
        for entry in fs::read_dir(&folder).map_err(about)? {
            let entry = entry.map_err(about)?;
            let kind = entry.file_type().map_err(about)?;
            match kind.is_dir() {
                true => folders.push(entry.path()),
                false if kind.is_file() => files.push(entry.path()),
                false => (), // a link may lead round in a circle, a pipe has no end
            }
        }
    }
    files.sort();
    Ok(files)
}

// Only for the demo from here on.

#[derive(Parser)]
struct Args {
    /// The folder to read; without one, 40 files made up in a temporary folder
    folder: Option<PathBuf>,
}

fn main() -> ExitCode {
    run(Args::parse()).unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(2)
    })
}

fn run(args: Args) -> io::Result<ExitCode> {
    let demo = args.folder.is_none();
    let made_up = tempfile::tempdir()?; // removed when this function ends
    if demo {
        make_up(made_up.path())?;
    }
    let files = files_below(args.folder.as_deref().unwrap_or(made_up.path()))?;
    let counts = count_words(&files)?;

    // In turn, with one map for all, and nothing merged.
    let texts = files.iter().map(fs::read).collect::<io::Result<Vec<_>>>()?.join(&b' ');
    let text = String::from_utf8_lossy(&texts);
    let mut in_turn = Counts::new();
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        *in_turn.entry(word.to_lowercase()).or_default() += 1;
    }
    let (same, total) = (counts == in_turn, counts.values().sum::<u64>());
    let (files, words) = (files.len(), counts.len());
    println!("{files} files, {words} words, {total} in all; the same in turn: {same}");
    let mut sorted: Vec<_> = counts.iter().collect();
    sorted.sort_unstable_by_key(|(word, count)| (Reverse(**count), *word));
    sorted.iter().take(3).for_each(|(word, count)| println!("{count:>8} {word}"));

    let one = || Counts::from([("the".to_owned(), 1)]);
    let moved = [merge(counts.clone(), one()).1, merge(one(), counts).1];
    println!("1 word merged into {words}, or {words} into 1: moved {} and {}", moved[0], moved[1]);
    let held = same && moved == [words.min(1); 2] && (!demo || (words, total) == (42, 1640));
    Ok(if held { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// File n says `the` n times, `and` n - 1 times, and one word that no other file has.
fn make_up(folder: &Path) -> io::Result<()> {
    fs::create_dir(folder.join("below"))?;
    (1..=40).try_for_each(|n| {
        let name = format!("{}{n:02}.txt", if n % 2 == 0 { "below/" } else { "" });
        let text = vec!["The"; n].join(", and ");
        fs::write(folder.join(name), format!("{text}. Word{n:02}\n"))
    })
}
