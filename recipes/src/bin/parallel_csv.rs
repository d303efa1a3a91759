//! Add up a column of a large CSV file on all cores.
//!
//! Use it for a file of any size, or a pipe. A CSV file must not be cut at any line end: a quoted
//! field may hold one. So a block of whole rows is read at a time, which takes only a look at the
//! quotes, and rayon's `par_bridge` gives each block to a thread that parses it with the `csv`
//! crate. Each thread has one block in memory.
//!
//! - A broken row is an error with its line: a field too few, a number that is none, a quote that
//!   is not closed. The `csv` crate reads such a quote and all rows behind it as one field.
//! - If several rows are broken, you get the error of any of them.
//! - The sums of the blocks are added in the order of the file, so the result is always the same.
//!   Floats in another order can give another sum.
//! - Money: `rust_decimal::Decimal` in the place of `f64`. Groups and joins: the `polars` crate.
//! - Many small files: `word_count`.
//!
//! Python: `polars.scan_csv`, `dask.dataframe.read_csv`; `pandas.read_csv` uses one core
//! Needs: `cargo add anyhow@1 csv@1 rayon@1`
//! Demo needs: `cargo add clap@4 -F derive`
//! Tested: `recipes/tests/proof/parallel_csv.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin parallel_csv
//! the sum of "amount" is 375000
//!
//! $ printf 'city,price\nLima,1.50\n"Rio\nde Janeiro",2\n' | \
//!   cargo run -p recipes --bin parallel_csv -- - --column price
//! the sum of "price" is 3.5
//!
//! $ printf 'city,amount\nLima,1.50\n"Rio,2.00\nQuito,3.00\n' | \
//!   cargo run -p recipes --bin parallel_csv -- -
//! ? 1
//! Error: line 3: the quote is not closed
//! ```

use std::io::{BufRead, BufReader, Read};
use std::iter;

use anyhow::{Context, Result, bail};
use csv::{ByteRecord, ReaderBuilder};
use rayon::prelude::*;

/// A block has at least so many bytes, except for the last one.
const BLOCK_SIZE: usize = 1 << 20;

/// A quoted field must end within so many bytes.
const MAX_BLOCK_SIZE: usize = 1 << 24;

/// Adds up the column `name` of a CSV file with a header, on all threads of rayon's pool.
///
/// # Errors
/// If the file cannot be read, a row is broken, or there is not exactly one column of that name.
pub fn sum_column(input: impl Read + Send, name: &str) -> Result<f64> {
    let mut rows = RowReader {
        input: BufReader::new(input),
        line: 1,
        quote_line: 0,
        place: Place::FieldStart,
    };
    let first_row = rows.read_block(1)?.context("the file is empty")?;
    let mut header = ByteRecord::new();
    first_row.parser().read_byte_record(&mut header)?;
    let mut columns = Vec::new();
    for (index, field) in header.iter().enumerate() {
        if field == name.as_bytes() {
            columns.push(index);
        }
    }
    let [column] = columns[..] else {
        bail!("there are {} columns {name:?}", columns.len());
    };

    let blocks = iter::from_fn(|| rows.read_block(BLOCK_SIZE).transpose());
    let numbered = blocks.enumerate().par_bridge();
    let sums = numbered.map(|(number, block)| {
        let sum = block?.sum(column, header.len())?;
        Ok((number, sum))
    });
    let mut sums: Vec<(usize, f64)> = sums.collect::<Result<_>>()?;
    sums.sort_by_key(|(number, _)| *number);
    let mut total = 0.0;
    for (_, sum) in sums {
        total += sum;
    }
    Ok(total)
}

/// Cuts a CSV file into blocks of whole rows.
struct RowReader<R> {
    input: BufReader<R>,
    line: usize,
    place: Place,
    /// The line of the last quote that begins a field.
    quote_line: usize,
}

/// What stands before the next byte.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    FieldStart,
    Unquoted,
    Quoted,
    /// A quote in a quoted field: the field ends here, or the next byte is a quote too.
    QuoteInQuoted,
}

impl<R: Read> RowReader<R> {
    /// Reads whole rows, in all at least `size` bytes. `None` at the end of the file.
    fn read_block(&mut self, size: usize) -> Result<Option<Block>> {
        let first_line = self.line;
        let mut text = Vec::new();
        while text.len() < size || self.place == Place::Quoted {
            let start = text.len();
            if self.input.read_until(b'\n', &mut text)? == 0 {
                break;
            }
            self.follow_quotes(&text[start..])?;
            self.line += 1;
            if text.len() > MAX_BLOCK_SIZE {
                break;
            }
        }
        if self.place == Place::Quoted {
            bail!("line {}: the quote is not closed", self.quote_line);
        }
        let block = Block { first_line, text };
        Ok(Some(block).filter(|block| !block.text.is_empty()))
    }

    /// Follows the quotes through a line. Those in the middle of an unquoted field mean nothing.
    fn follow_quotes(&mut self, line: &[u8]) -> Result<()> {
        for byte in line {
            self.place = match (self.place, byte) {
                (Place::Quoted, b'"') => Place::QuoteInQuoted,
                (Place::Quoted, _) => Place::Quoted,
                (Place::QuoteInQuoted, b'"') => Place::Quoted,
                (Place::FieldStart, b'"') => {
                    self.quote_line = self.line;
                    Place::Quoted
                }
                (_, b',' | b'\r' | b'\n') => Place::FieldStart,
                (Place::QuoteInQuoted, _) => {
                    bail!("line {}: text behind a closing quote", self.line)
                }
                _ => Place::Unquoted,
            };
        }
        Ok(())
    }
}

/// Some rows of the file.
struct Block {
    first_line: usize,
    text: Vec<u8>,
}

impl Block {
    fn parser(&self) -> csv::Reader<&[u8]> {
        let mut builder = ReaderBuilder::new();
        builder.has_headers(false).flexible(true);
        builder.from_reader(&self.text)
    }

    fn sum(&self, column: usize, columns: usize) -> Result<f64> {
        let mut parser = self.parser();
        let mut row = ByteRecord::new();
        let mut sum = 0.0;
        while parser.read_byte_record(&mut row)? {
            let fields = row.len();
            if fields != columns {
                bail!(
                    "line {}: {fields} fields and not {columns}",
                    self.line(&row)
                );
            }
            let field = String::from_utf8_lossy(&row[column]);
            match field.trim().parse::<f64>() {
                Ok(number) => sum += number,
                Err(_) => bail!("line {}: {field:?} is not a number", self.line(&row)),
            }
        }
        Ok(sum)
    }

    /// The line where a row begins. The parser's own number can lie: it knows nothing of the
    /// blocks before, and starts a row at the blank lines in front of it.
    fn line(&self, row: &ByteRecord) -> usize {
        let position = row.position().expect("it comes from the parser");
        let mut start = position.byte() as usize;
        while matches!(self.text[start], b'\r' | b'\n') {
            start += 1;
        }
        let bytes_before = self.text[..start].iter();
        let lines_before = bytes_before.filter(|byte| **byte == b'\n');
        self.first_line + lines_before.count()
    }
}

// ---- Demo ----------------------------------------------------------------------------------

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Cursor};

use clap::Parser;

#[derive(Parser)]
struct Args {
    /// A CSV file, or - for stdin [default: 200000 rows of a demo table]
    file: Option<OsString>,

    /// The name of the column to add up
    #[arg(long, default_value = "amount")]
    column: String,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let input: Box<dyn Read + Send> = match args.file {
        None => Box::new(Cursor::new(demo_table())),
        Some(file) if file == "-" => Box::new(io::stdin()),
        Some(file) => {
            let opened = File::open(&file);
            Box::new(opened.with_context(|| file.display().to_string())?)
        }
    };
    let sum = sum_column(input, &args.column)?;
    println!("the sum of {:?} is {sum}", args.column);
    Ok(())
}

/// A table whose rows have two lines, or one.
fn demo_table() -> String {
    let two_rows = "Lima,1.50,\"a comment\nof two lines\"\nOslo,2.25,none\n";
    let mut table = "city,amount,comment\n".to_owned();
    table.push_str(&two_rows.repeat(100_000));
    table
}
