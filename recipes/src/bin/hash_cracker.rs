//! Search a large space on all cores, and stop all of them at the first hit.
//!
//! Use it when any hit will do: a word behind a hash, a winning move, a counterexample. `find_any`
//! looks into the parts on all threads, and when one has a hit, the others stop before their next
//! candidate; what they have in hand they finish. So keep one candidate short. There may be more
//! than one hit, then which one you get is a matter of luck: `find_first` gives the first, and has
//! to go through all that stands before it. The candidates are never a list: each is made from
//! its number. A panic in the test stops nobody else, and reaches the caller at the end. To stop
//! at the first error: `rayon_first_error`. To count all hits: `parallel_primes`.
//!
//! Python: processes over a `multiprocessing.Queue`, each stopped by a poison pill.
//! Needs: `cargo add clap@4 -F derive`, `cargo add md5@0.8 rayon@1`
//!
//! ```console
//! $ cargo run -p recipes --bin hash_cracker
//! the word is "rust"
//! 2 workers met; fewer than all 475255 words were tried: true
//! nobody went on to 52728 words far behind the hit: true
//!
//! $ cargo run -p recipes --bin hash_cracker -- 900150983cd24fb0d6963f7d28e17f72 --letters abc
//! the word is "abc"
//! [..] of 121 words were tried
//!
//! $ cargo run -p recipes --bin hash_cracker -- 900150983cd24fb0d6963f7d28e17f72 --letters xyz
//! ? 1
//! no such word
//! 121 of 121 words were tried
//!
//! $ cargo run -p recipes --bin hash_cracker -- rust
//! ? 2
//! error: invalid value 'rust' for '[HASH]': not 32 hexadecimal digits
//! ...
//! ```

use std::collections::BTreeSet;
use std::error::Error;
use std::io::{Write, stdout};
use std::ops::RangeInclusive;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Condvar, Mutex};
use std::{thread, time::Duration, time::Instant};

use clap::{Parser, value_parser};
use rayon::prelude::*;

/// A word that passes the test, of those that can be made of the letters; `None` if there is none.
/// Of several, any. Runs on all threads of the pool.
///
/// # Panics
/// With the panic of `test`. If there are 2^64 words or more.
pub fn find_word(
    letters: &[u8],
    lengths: RangeInclusive<u32>,
    test: impl Fn(&[u8]) -> bool + Sync,
) -> Option<Vec<u8>> {
    lengths.into_iter().find_map(|length| {
        let words = (letters.len() as u64)
            .checked_pow(length)
            .expect("fewer than 2^64 words");
        let words = (0..words)
            .into_par_iter()
            .map(|n| nth_word(letters, length, n));
        words.find_any(|word| test(word))
    })
}

/// The word with the number `n` among those of this length, as in a dictionary.
///
/// # Panics
/// If there are no letters.
pub fn nth_word(letters: &[u8], length: u32, mut n: u64) -> Vec<u8> {
    let base = letters.len() as u64;
    let mut word = vec![0; length as usize];
    for letter in word.iter_mut().rev() {
        *letter = letters[(n % base) as usize];
        n /= base;
    }
    word
}

const PATIENCE: Duration = Duration::from_secs(2);
const LATE: u64 = 3 * 26 * 26 * 26; // from xaaa to zzzz
const RUST: &str = "72812e30873455dcee2ce2d1ee26e4ab";

#[derive(Parser)]
struct Args {
    /// The MD5 of the word, 32 hexadecimal digits; default: that of a word of four letters
    #[arg(value_parser = md5_from_hex)]
    hash: Option<u128>,

    /// The letters that the word is made of, each one byte, at most 100
    #[arg(long, requires = "hash", default_value = "abcdefghijklmnopqrstuvwxyz",
        value_parser = at_most_100)]
    letters: String,

    /// How many letters the word has at most
    #[arg(long, value_name = "N", requires = "hash", default_value_t = 4,
        value_parser = value_parser!(u32).range(..=7))]
    longest: u32,

    /// How many threads the pool has; rayon's own has as many as there are cores
    #[arg(long, value_name = "N", default_value = "2")]
    workers: std::num::NonZeroU8,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let Args {
        hash,
        letters,
        longest,
        workers,
    } = Args::parse();
    let workers = usize::from(workers.get());
    let wanted = hash.map_or_else(|| md5_from_hex(RUST), Ok)?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(workers)
        .build()?;
    let (tried, late, start) = (AtomicU64::new(0), AtomicU64::new(0), Instant::now());
    // In the demo: who was here, and whether the word is found.
    let (state, changed) = (Mutex::new((BTreeSet::new(), false)), Condvar::new());
    let test = |word: &[u8]| {
        tried.fetch_add(1, Relaxed);
        let found = u128::from_be_bytes(md5::compute(word).0) == wanted;
        if hash.is_none() && word.len() == 4 {
            let mut state = state.lock().unwrap(); // nothing panics under this lock
            state.0.extend(rayon::current_thread_index());
            state.1 |= found;
            changed.notify_all();
            let patience = PATIENCE.saturating_sub(start.elapsed());
            drop(
                changed.wait_timeout_while(state, patience, |(here, found)| {
                    here.len() < workers || !*found && word[0] >= b'x' // long after the hit
                }),
            );
            if word[0] >= b'x' {
                late.fetch_add(1, Relaxed); // and slowly, until the hit is known to all
                thread::sleep(Duration::from_millis((start.elapsed() < PATIENCE).into()));
            }
        }
        found
    };
    let word = pool.install(|| find_word(letters.as_bytes(), 0..=longest, test));
    let mut out = stdout(); // `println!` would panic in a broken pipe
    match &word {
        Some(word) => writeln!(out, "the word is {:?}", String::from_utf8_lossy(word))?,
        None => writeln!(out, "no such word")?,
    }
    let all: u64 = (0..=longest)
        .map(|length| (letters.len() as u64).pow(length))
        .sum();
    let (tried, met) = (tried.into_inner(), state.into_inner()?.0.len());
    let mut held = word.is_some();
    if hash.is_none() {
        let (late, fewer) = (late.into_inner(), tried < all);
        held &= word.as_deref() == Some(b"rust") && fewer && met == workers && late < LATE;
        writeln!(
            out,
            "{met} workers met; fewer than all {all} words were tried: {fewer}"
        )?;
        writeln!(
            out,
            "nobody went on to {LATE} words far behind the hit: {}",
            late < LATE
        )?;
    } else {
        writeln!(out, "{tried} of {all} words were tried")?;
    }
    Ok(if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn md5_from_hex(hash: &str) -> Result<u128, String> {
    let hash = (hash.len() == 32)
        .then(|| u128::from_str_radix(hash, 16).ok())
        .flatten();
    hash.ok_or_else(|| "not 32 hexadecimal digits".to_owned())
}

fn at_most_100(letters: &str) -> Result<String, &'static str> {
    if letters.len() <= 100 {
        Ok(letters.to_owned())
    } else {
        Err("more than 100 letters")
    }
}
