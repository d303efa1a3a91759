//! Race: three threads print a line each, word by word, and the lines run into each other.
//!
//! You see: garbled output: lines of a log with words of other lines in them, and empty lines.
//! Why: each `print!` or `write!` locks stdout for itself, so it is whole; between two of them any
//! other thread may print. Here a barrier forces the bad moment on every run.
//! Rule: one `println!` for a line, or hold `stdout().lock()` until the line has ended.
//!
//! Python: `print(word, end=" ")` in a loop and then `print()`, from several threads
//! Caught by: no lint
//! Fixed: `race_interleaved_print_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_interleaved_print_broken
//! ? 1
//! 3 threads printed a row each: 0 of 3 rows are whole
//! ```

use std::env;
use std::io::{self, Write};
use std::process::{Command, ExitCode};
use std::sync::Barrier;
use std::thread;

const ROWS: [&str; 3] = [
    "ada lovelace 1815",
    "grace hopper 1906",
    "edsger dijkstra 1930",
];

/// Prints a row word by word.
pub fn print_row(row: &str, all_have_printed: &Barrier) -> io::Result<()> {
    let mut out = io::stdout(); // BROKEN: each `write!` locks it for itself
    for word in row.split(' ') {
        write!(out, "{word} ")?;
    }
    all_have_printed.wait(); // only for the demo: all words before any line break
    writeln!(out)
}

/// Prints all rows, each on a thread of its own.
fn print_table() {
    let all_have_printed = &Barrier::new(ROWS.len());
    thread::scope(|scope| {
        for row in ROWS {
            scope.spawn(move || print_row(row, all_have_printed).unwrap());
        }
    });
}

fn main() -> io::Result<ExitCode> {
    if env::args().len() > 1 {
        print_table(); // in a child of this program
        return Ok(ExitCode::SUCCESS);
    }

    let program = env::current_exe()?;
    let child = Command::new(program).arg("print").output()?;
    let printed = String::from_utf8_lossy(&child.stdout);
    let mut whole = 0;
    for line in printed.lines() {
        if ROWS.contains(&line.trim_end()) {
            whole += 1;
        }
    }
    println!("3 threads printed a row each: {whole} of 3 rows are whole");
    if whole == 3 {
        Ok(ExitCode::SUCCESS)
    } else {
        Ok(ExitCode::FAILURE)
    }
}
