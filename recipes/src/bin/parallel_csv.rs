//! Sum up a large CSV file on all cores: it is cut into rows in turn, and parsed by all.
//!
//! Use it for a file of any size whose rows need work: numbers, dates, checks. To cut the file at
//! line ends and give each core a part would be wrong: a quoted field may hold a line end. So the
//! `csv` reader finds the rows, which is fast, and `par_bridge` hands them out in batches, one in
//! the hands of each thread, so the file may be larger than memory. What becomes of the rows is
//! yours: a sum, a largest, an index. Money is summed in cents: floats would give another sum for
//! another order. A bad row stops the rest; if several are bad, it may be any of them. A bad amount
//! is named with the number of its row, as a spreadsheet counts, blank lines left out; one with too
//! many or too few fields as `csv` counts, from 0. If rows need next to no work, the reader is the
//! limit, and one thread does as well. Many smaller files: `word_count`.
//!
//! Python: `pandas.read_csv(chunksize=n)` with a `Pool`; a split at `\n` breaks quoted fields.
//! Needs: `cargo add clap@4 -F derive`, `cargo add csv@1 rayon@1 tempfile@3`
//!
//! ```console
//! $ cargo run -p recipes --bin parallel_csv
//! Lima    6667 rows   330199.97
//! Oslo    6666 rows   330233.01
//! Quito   6667 rows   330167.00
//! 20000 rows on [..] threads, in turn the same: true; cut at line ends: 22000
//!
//! $ RAYON_NUM_THREADS=4 cargo run -p recipes --bin parallel_csv
//! ...
//! 20000 rows on 4 threads, in turn the same: true; cut at line ends: 22000
//!
//! $ cargo run -p recipes --bin parallel_csv -- --amount comment
//! ? 2
//! error: row [..]: [..] is no amount
//!
//! $ printf 'city,amount\r\n\r\nLima,1.50\r\n"Os\nlo",x\r\n' | \
//!   cargo run -p recipes --bin parallel_csv -- /dev/stdin
//! ? 2
//! error: row 3: "x" is no amount
//!
//! $ cargo run -p recipes --bin parallel_csv -- --amount price
//! ? 2
//! error: there is no column "price"
//! ```

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write, stdout};
use std::{collections::BTreeMap, error::Error, iter, path::PathBuf, process::ExitCode};

use clap::Parser;
use csv::{Reader, StringRecord};
use rayon::{current_num_threads, prelude::*};
use tempfile::NamedTempFile;

/// Goes through all rows of a CSV file, on all threads of the pool. Each part of them begins as an
/// `A::default()`, `add` puts one row after the other into it, and `merge` makes one part of two.
/// Which rows come together, and in which order, is chance: the sum must not hang on it.
///
/// # Errors
/// The file cannot be read, a row is not UTF-8 or has too many or too few fields, or `add` errs.
/// Rows that nobody has begun are left then.
pub fn fold_rows<A: Default + Send, E: From<csv::Error> + Send>(
    reader: Reader<impl Read + Send>,
    add: impl Fn(&mut A, &StringRecord) -> Result<(), E> + Sync,
    merge: impl Fn(A, A) -> A + Send + Sync,
) -> Result<A, E> {
    let mut rows = reader.into_records();
    let batches = iter::from_fn(|| {
        let batch: Vec<_> = rows.by_ref().take(1000).collect();
        (!batch.is_empty()).then_some(batch)
    });
    let add_batch = |mut sum, batch: Vec<csv::Result<_>>| {
        batch
            .into_iter()
            .try_for_each(|row| add(&mut sum, &row?))
            .map(|()| sum)
    };
    let parts = batches.par_bridge().try_fold(A::default, add_batch);
    parts.try_reduce(A::default, |a, b| Ok(merge(a, b)))
}

/// For each key how many rows there are, and the sum of their amounts in cents.
pub type Sums = BTreeMap<String, (u64, i128)>;
pub type Problem = Box<dyn Error + Send + Sync>;

/// Sums up the column `amount` for each value of the column `key`, on all threads of the pool.
///
/// # Errors
/// Those of [`fold_rows`], a column is missing, or an amount is none, with the number of its row;
/// the header is row 1, and blank lines do not count.
pub fn sum_by(file: impl Read + Send, key: &str, amount: &str) -> Result<Sums, Problem> {
    let mut reader = Reader::from_reader(file);
    let header = reader.headers()?;
    let column = |name| header.iter().position(|column| column == name);
    let column = |name| column(name).ok_or_else(|| format!("there is no column {name:?}"));
    let (key, amount) = (column(key)?, column(amount)?);
    let add_row = |sums: &mut Sums, row: &StringRecord| {
        // Not the line: in a file with CRLF, `csv` 1.4 counts too few of those.
        let number = || row.position().map_or(0, |position| position.record() + 1);
        let bad = || format!("row {}: {:?} is no amount", number(), &row[amount]);
        let cents = i128::from(cents(&row[amount]).ok_or_else(bad)?);
        match sums.get_mut(&row[key]) {
            Some(sum) => *sum = (sum.0 + 1, sum.1 + cents),
            None => drop(sums.insert(row[key].to_owned(), (1, cents))), // a copy only of the first
        }
        Ok(())
    };
    fold_rows(reader, add_row, |mut sums, others| {
        for (key, (rows, cents)) in others {
            let sum = sums.entry(key).or_default();
            *sum = (sum.0 + rows, sum.1 + cents);
        }
        sums
    })
}

/// `-12.34` and `12` in cents; `None` for anything else.
pub fn cents(amount: &str) -> Option<i64> {
    let (sign, digits) = amount
        .strip_prefix('-')
        .map_or((1, amount), |digits| (-1, digits));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "00"));
    let digits = format!("{whole}{part}");
    let good = !whole.is_empty() && part.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
    if good {
        Some(sign * digits.parse::<i64>().ok()?)
    } else {
        None
    }
}

/// Sums up a column of a CSV file for each value of another one.
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
}

fn main() -> ExitCode {
    run(Args::parse()).unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(2)
    })
}

fn run(Args { file, key, amount }: Args) -> Result<ExitCode, Problem> {
    let (mut out, sales) = (stdout(), NamedTempFile::new()?); // removed at the end of `run`
    fs::write(&sales, made_up())?;
    let path = file.as_deref().unwrap_or(sales.path());
    let open = || File::open(path).map_err(|error| format!("{}: {error}", path.display()));
    let sums = sum_by(open()?, &key, &amount)?;
    for (key, (rows, cents)) in &sums {
        let (sign, cents) = (if *cents < 0 { "-" } else { "" }, cents.unsigned_abs());
        writeln!(
            out,
            "{key:7}{rows:5} rows   {sign}{}.{:02}",
            cents / 100,
            cents % 100
        )?;
    }

    let mut in_turn = Sums::new();
    for row in Reader::from_reader(open()?).deserialize() {
        let row: BTreeMap<String, String> = row?;
        let sum = in_turn.entry(row[&key].clone()).or_default();
        *sum = (
            sum.0 + 1,
            sum.1 + i128::from(cents(&row[&amount]).ok_or("no amount")?),
        );
    }
    let (all, same) = (sums.values().map(|sum| sum.0).sum::<u64>(), sums == in_turn);
    let (cut, n) = (
        BufReader::new(open()?).lines().skip(1).count(),
        current_num_threads(),
    );
    writeln!(
        out,
        "{all} rows on {n} threads, in turn the same: {same}; cut at line ends: {cut}"
    )?;
    let held = same && (file.is_some() || (all, cut) == (20_000, 22_000));
    Ok(if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// A table of 20000 sales; every tenth has a comment of two lines.
fn made_up() -> String {
    let row = |row: usize| {
        let comment = if row.is_multiple_of(10) {
            "\"two\nlines, one row\""
        } else {
            ""
        };
        let city = ["Oslo", "Lima", "Quito"][row % 3];
        format!("{city},{}.{:02},{comment}\n", row % 100, row % 7)
    };
    iter::once("city,amount,comment\n".to_owned())
        .chain((1..=20_000).map(row))
        .collect()
}
