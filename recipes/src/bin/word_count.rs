//! Count the words of all files in a folder on all cores: map, then reduce.
//!
//! Use it when each file gives a small summary and the summaries add up: counts, sums, an index.
//! What to take from a file is a function of yours, here `add_words`. `try_fold` gives each part of
//! the list a map of its own, so no lock is shared, and `try_reduce` merges two maps at a time, the
//! smaller into the larger: the other way round, the large map is moved again at every merge. A
//! file that cannot be read stops the rest and is named; files that are not UTF-8 count with their
//! odd bytes replaced. A file is read whole, so memory holds one for each thread. Symbolic links
//! are not followed. rayon's threads wait for the disk as well: on a cold or remote disk give the
//! pool more threads than there are cores. Rows of one large file: `parallel_csv`. Reading and
//! computing apart: `io_cpu_pipeline`.
//!
//! Python: `Pool.map(count, files)`, then `sum(counters, Counter())`, which copies every time.
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

use std::io::{self, Error, Write, stdout};
use std::{cell::Cell, cmp::Reverse, collections::HashMap, hash::Hash, ops::AddAssign};
use std::{fs, mem, path::Path, path::PathBuf, process::ExitCode};

use clap::Parser;
use rayon::prelude::*;

/// Reads the files, on all threads of the pool. `map` adds one, of which it gets the path and the
/// bytes, to the summary of others; each summary begins as `S::default()`, and `reduce` makes one
/// of two.
///
/// # Errors
/// A file that cannot be read, with its path in the message, or the error of `map`. Files that
/// nobody has begun are not read then.
pub fn map_reduce<F: AsRef<Path> + Sync, S: Default + Send, E: From<Error> + Send>(
    files: &[F],
    map: impl Fn(&mut S, &Path, &[u8]) -> Result<(), E> + Sync,
    reduce: impl Fn(S, S) -> S + Send + Sync,
) -> Result<S, E> {
    let add_file = |mut summary, file: &F| {
        let file = file.as_ref();
        let bytes = fs::read(file)
            .map_err(|error| Error::new(error.kind(), format!("{}: {error}", file.display())))?;
        map(&mut summary, file, &bytes).map(|()| summary)
    };
    let parts = files.par_iter().try_fold(S::default, add_file);
    parts.try_reduce(S::default, |a, b| Ok(reduce(a, b)))
}

/// Both together, where `large` need not be the larger one: `add` adds each value of the smaller
/// map to that of the larger, or to `V::default()`.
pub fn merge<K: Eq + Hash, V: Default>(
    mut large: HashMap<K, V>,
    mut small: HashMap<K, V>,
    add: impl Fn(&mut V, V),
) -> HashMap<K, V> {
    if large.len() < small.len() {
        mem::swap(&mut large, &mut small);
    }
    for (key, value) in small {
        add(large.entry(key).or_default(), value);
    }
    large
}

/// Counts each word of a file, in lower case. A word is letters and digits. Never errs.
pub fn add_words(counts: &mut HashMap<String, u64>, _: &Path, text: &[u8]) -> io::Result<()> {
    let text = String::from_utf8_lossy(text);
    for word in text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
    {
        *counts.entry(word.to_lowercase()).or_default() += 1;
    }
    Ok(())
}

/// All files in the folder and in those below it, in the order of their paths.
///
/// # Errors
/// A folder that cannot be read; its path is in the message.
pub fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        let about =
            |error: Error| Error::new(error.kind(), format!("{}: {error}", folder.display()));
        for entry in fs::read_dir(&folder).map_err(about)? {
            let entry = entry.map_err(about)?;
            let kind = entry.file_type().map_err(about)?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                files.push(entry.path()); // a link may lead round in a circle, a pipe has no end
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Counts words.
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
    let counts = map_reduce(&files, add_words, |a, b| merge(a, b, u64::add_assign))?;

    let mut in_turn = HashMap::new(); // one for all: nothing is merged
    files
        .iter()
        .try_for_each(|file| add_words(&mut in_turn, file, &fs::read(file)?))?;
    let (same, words, total) = (
        counts == in_turn,
        counts.len(),
        counts.values().sum::<u64>(),
    );
    let files = files.len();
    writeln!(
        stdout(),
        "{files} files, {words} words, {total} in all; the same in turn: {same}"
    )?;
    let mut sorted: Vec<_> = counts.iter().collect();
    sorted.sort_unstable_by_key(|(word, count)| (Reverse(**count), *word));
    sorted
        .iter()
        .take(3)
        .try_for_each(|(word, n)| writeln!(stdout(), "{n:>8} {word}"))?;

    let one = || HashMap::from([("the".to_owned(), 1)]);
    let [one, all] = [(counts.clone(), one()), (one(), counts)].map(|(a, b)| {
        let moved = Cell::new(0);
        merge(a, b, |_, _| moved.update(|moved| moved + 1));
        moved.get()
    });
    writeln!(
        stdout(),
        "1 word merged into {words}, or {words} into 1: moved {one} and {all}"
    )?;
    let held = same && [one, all] == [words.min(1); 2] && (!demo || (words, total) == (42, 1640));
    Ok(if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// File n says `the` n times, `and` n - 1 times, and one word that no other file has.
fn make_up(folder: &Path) -> io::Result<()> {
    fs::create_dir(folder.join("below"))?;
    (1..=40).try_for_each(|n| {
        let name = format!("{}{n:02}.txt", if n % 2 == 0 { "below/" } else { "" });
        fs::write(
            folder.join(name),
            vec!["The"; n].join(", and ") + &format!(". Word{n:02}\n"),
        )
    })
}
