//! Sum up a large CSV file on all cores: one thread cuts it into rows, all of them parse.
//!
//! Use it for a file of any size whose rows need work: numbers, dates, checks. To cut the file at
//! line ends and give each core a part would be wrong: a quoted field may hold a line end. So the
//! `csv` reader finds the rows, which is fast, and `par_bridge` hands them out in batches, one in
//! the hands of each thread, so the file may be larger than memory. Money is summed in cents:
//! floats would give another sum for another order. The first bad row stops the rest, and is named
//! with its line; where several are bad, it may be any of them. If rows need next to no work, the
//! reader is the limit, and one thread does as well. One file for each core: `word_count`.
//!
//! Python: `pandas.read_csv(chunksize=n)` with a `Pool`; a split at `\n` breaks quoted fields.
//! Copy: `sum_by` and `cents`.
//! Needs: `cargo add clap@4 -F derive`, `cargo add csv@1 rayon@1 tempfile@3`
//!
//! ```console
//! $ cargo run -p recipes --bin parallel_csv
//! Lima    6667 rows   330199.97
//! Oslo    6666 rows   330233.01
//! Quito   6667 rows   330167.00
//! 20000 rows on 2 threads, in turn the same: true; cut at line ends: 22000
//!
//! $ cargo run -p recipes --bin parallel_csv -- --bad-row 15000
//! ? 2
//! error: line [..]: "0.06 EUR" is no amount
//!
//! $ cargo run -p recipes --bin parallel_csv -- --amount price
//! ? 2
//! error: there is no column "price"
//! ```

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::{self, File};
use std::io::Read;
use std::iter;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use csv::{Reader, StringRecord};
use rayon::prelude::*;

/// For each key how many rows there are, and the sum of their amounts in cents.
pub type Sums = BTreeMap<String, (u64, i128)>;
pub type Problem = Box<dyn Error + Send + Sync>;

/// Sums up the column `amount` for each value of the column `key`, on all threads of the pool.
///
/// # Errors
/// The file cannot be read, a column is missing, a row is not UTF-8 or has too many or too few
/// fields, an amount is none. It says the line in which the row begins.
pub fn sum_by(file: impl Read + Send, key: &str, amount: &str) -> Result<Sums, Problem> {
    let mut reader = Reader::from_reader(file);
    let header = reader.headers()?.clone();
    let column = |name| header.iter().position(|column| column == name);
    let column = |name| column(name).ok_or_else(|| format!("there is no column {name:?}"));
    let (key, amount) = (column(key)?, column(amount)?);
    let mut rows = reader.into_records();
    let batches = iter::from_fn(|| {
        let batch: Vec<_> = rows.by_ref().take(1000).collect();
        (!batch.is_empty()).then_some(batch)
    });
    let add_rows = |mut sums: Sums, batch: Vec<csv::Result<StringRecord>>| {
        for row in batch {
            let row = row?;
            let line = row.position().map_or(0, |position| position.line());
            let cents = cents(&row[amount])
                .ok_or_else(|| format!("line {line}: {:?} is no amount", &row[amount]))?;
            add(&mut sums, &row[key], (1, cents.into()));
        }
        Ok(sums)
    };
    batches.par_bridge().try_fold(Sums::new, add_rows).try_reduce(Sums::new, |mut a, b| {
        b.iter().for_each(|(key, sum)| add(&mut a, key, *sum));
        Ok(a)
    })
}

fn add(sums: &mut Sums, key: &str, (rows, cents): (u64, i128)) {
    match sums.get_mut(key) {
        Some(sum) => *sum = (sum.0 + rows, sum.1 + cents),
        None => drop(sums.insert(key.to_owned(), (rows, cents))), // a copy only of the first
    }
}

/// `-12.34` and `12` in cents; `None` for anything else.
pub fn cents(amount: &str) -> Option<i64> {
    let (sign, digits) = amount.strip_prefix('-').map_or((1, amount), |digits| (-1, digits));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "00"));
    let digits = format!("{whole}{part}");
    let good = !whole.is_empty() && part.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
    if good { Some(sign * digits.parse::<i64>().ok()?) } else { None }
}

// Only for the demo from here on.

#[derive(Parser)]
struct Args {
    /// The CSV file; without one, 20000 rows made up in a temporary folder
    file: Option<PathBuf>,

    /// The column to group by
    #[arg(long, default_value = "city")]
    key: String,

    /// The column to sum up
    #[arg(long, default_value = "amount")]
    amount: String,

    /// Write a bad amount into this row of the made-up file
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    bad_row: usize,
}

fn main() -> ExitCode {
    run(Args::parse()).unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(2)
    })
}

fn run(Args { file, key, amount, bad_row }: Args) -> Result<ExitCode, Problem> {
    let folder = tempfile::tempdir()?; // removed when this function ends
    let sales = folder.path().join("sales.csv");
    fs::write(&sales, made_up(bad_row))?;
    let path = file.as_ref().unwrap_or(&sales);
    let open = || File::open(path).map_err(|error| format!("{}: {error}", path.display()));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build()?;
    let sums = pool.install(|| sum_by(open()?, &key, &amount))?;
    for (key, (rows, cents)) in &sums {
        let (sign, cents) = (if *cents < 0 { "-" } else { "" }, cents.unsigned_abs());
        println!("{key:7}{rows:5} rows   {sign}{}.{:02}", cents / 100, cents % 100);
    }

    let mut in_turn = Sums::new();
    for row in Reader::from_reader(open()?).deserialize() {
        let row: BTreeMap<String, String> = row?;
        let sum = in_turn.entry(row[&key].clone()).or_default();
        *sum = (sum.0 + 1, sum.1 + i128::from(cents(&row[&amount]).ok_or("no amount")?));
    }
    let (rows, same) = (sums.values().map(|sum| sum.0).sum::<u64>(), sums == in_turn);
    let lines = fs::read_to_string(path)?.lines().skip(1).count();
    println!("{rows} rows on 2 threads, in turn the same: {same}; cut at line ends: {lines}");
    let held = same && (file.is_some() || (rows, lines) == (20_000, 22_000));
    Ok(if held { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A table of 20000 sales; every tenth has a comment of two lines.
fn made_up(bad_row: usize) -> String {
    let row = |row| {
        let city = ["Oslo", "Lima", "Quito"][row % 3];
        let comment = if row % 10 == 0 { "\"two\nlines, one row\"" } else { "" };
        let bad = if row == bad_row { " EUR" } else { "" };
        format!("{city},{}.{:02}{bad},{comment}\n", row % 100, row % 7)
    };
    iter::once("city,amount,comment\n".to_owned()).chain((1..=20_000).map(row)).collect()
}
