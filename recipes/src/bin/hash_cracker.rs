//! Search a large space on all cores, and stop all of them at the first hit.
//!
//! Use it when one hit is enough: the password behind a hash, a winning move, a counterexample.
//! rayon's `find_any` searches on all threads. When one has a hit, the others finish the candidate
//! in hand and stop. The candidates are never in a list: each one is made from its number.
//!
//! - With several hits you get any of them. `find_first` gives the first one, and has to search
//!   everything in front of it.
//! - Nothing stops in the middle of a candidate, so keep one short.
//! - All hits: `filter` and `collect`. At the first error: `rayon_first_error`.
//! - For real passwords a fast hash such as MD5 is a mistake: use the `argon2` crate.
//!
//! Python: processes that take ranges from a `multiprocessing.Queue` until they get a poison pill
//! Needs: `cargo add rayon@1`
//! Demo needs: `cargo add anyhow@1 md5@0.8`, `cargo add clap@4 -F derive`
//! Tested: `recipes/tests/proof/hash_cracker.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin hash_cracker
//! the word is "rust", found after [..] of 475254 words
//!
//! $ cargo run -p recipes --bin hash_cracker -- 900150983cd24fb0d6963f7d28e17f72
//! the word is "abc", found after [..] of 475254 words
//!
//! $ cargo run -p recipes --bin hash_cracker -- 00000000000000000000000000000000 --longest 2
//! ? 1
//! Error: none of 702 words has this hash
//!
//! $ cargo run -p recipes --bin hash_cracker -- rust
//! ? 2
//! error: invalid value 'rust' for '[HASH]': not 32 hexadecimal digits
//! ...
//! ```

use rayon::prelude::*;

/// Finds a word that passes `test`, among all words of at most `longest` lowercase letters. The
/// search goes from the short ones to the long ones, each length on all threads of rayon's pool.
///
/// # Panics
/// If `test` panics. If `longest` is more than 13: there are too many words to number them.
pub fn find_word(longest: u32, test: impl Fn(&str) -> bool + Sync) -> Option<String> {
    assert!(longest <= 13, "more than 2^64 words");
    for length in 1..=longest {
        let numbers = (0..26_u64.pow(length)).into_par_iter();
        let words = numbers.map(|number| nth_word(number, length));
        let found = words.find_any(|word| test(word));
        if found.is_some() {
            return found;
        }
    }
    None
}

/// The word with this number among those of `length` letters, counted from `aaa`, which is 0.
fn nth_word(mut number: u64, length: u32) -> String {
    let mut letters = Vec::new();
    for _ in 0..length {
        let letter = b'a' + (number % 26) as u8;
        letters.push(char::from(letter));
        number /= 26;
    }
    letters.iter().rev().collect()
}

// ---- Demo ----------------------------------------------------------------------------------

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use anyhow::{Context, Result, ensure};
use clap::{Parser, value_parser};

#[derive(Parser)]
struct Args {
    /// The MD5 hash of a word
    #[arg(default_value = "72812e30873455dcee2ce2d1ee26e4ab", value_parser = parse_hash)]
    hash: u128,

    /// How many letters the word has at most
    #[arg(long, default_value_t = 4, value_parser = value_parser!(u32).range(1..=13))]
    longest: u32,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let lengths = 1..=args.longest;
    let words: u64 = lengths.map(|length| 26_u64.pow(length)).sum();
    let tried = AtomicU64::new(0);
    let found = find_word(args.longest, |word| {
        tried.fetch_add(1, Relaxed);
        u128::from_be_bytes(*md5::compute(word)) == args.hash
    });

    let word = found.with_context(|| format!("none of {words} words has this hash"))?;
    let tried = tried.into_inner();
    println!("the word is {word:?}, found after {tried} of {words} words");
    Ok(())
}

fn parse_hash(text: &str) -> Result<u128> {
    let is_hexadecimal = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    ensure!(
        text.len() == 32 && is_hexadecimal,
        "not 32 hexadecimal digits"
    );
    Ok(u128::from_str_radix(text, 16)?)
}
