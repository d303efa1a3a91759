//! Race: three threads print a line each, in several steps, and the lines run into each other.
//!
//! You see: lines of a log with words of other lines in them, and empty lines.
//! Why: each `print!` or `write!` locks stdout for itself, so it is whole; between two of them
//! anybody may print. Here a barrier forces the bad moment on every run.
//! Rule: one line, one `println!`; or hold `stdout().lock()` for the whole line.
//!
//! Python: `print(cell, end=" ")` in a loop, then `print()`, from several threads.
//! Caught by: no lint.
//! Fixed: `race_interleaved_print_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_interleaved_print_broken
//! ? 1
//! 3 threads printed 3 rows: 3 of them are mixed
//! ```

use std::io::{self, Write};
use std::process::{Command, ExitCode};
use std::sync::Barrier;
use std::{env, thread};

/// Prints one row of a table. The error is that of stdout, such as a pipe that nobody reads.
pub fn print_row(cells: &[&str], moment: &Barrier) -> io::Result<()> {
    let mut out = io::stdout(); // BROKEN: locked for each `write!` alone
    for cell in cells {
        write!(out, "{cell:<12}")?;
    }
    moment.wait(); // only for the demo: nobody ends the line before all are in it
    writeln!(out)
}

// Only for the demo from here on.

const TIMES: usize = 1; // that each row is printed
const TABLE: [[&str; 3]; 3] = [
    ["ada", "lovelace", "1815"],
    ["grace", "hopper", "1906"],
    ["edsger", "dijkstra", "1930"],
];

fn main() -> io::Result<ExitCode> {
    if env::args().nth(1).is_some_and(|role| role == "print") {
        return print_table(); // in a child: the program started itself
    }
    let child = Command::new(env::current_exe()?).arg("print").output()?;
    let printed = String::from_utf8_lossy(&child.stdout);
    let is_row = |line: &&str| TABLE.iter().any(|row| line.split_whitespace().eq(*row));
    let rows = TABLE.len() * TIMES;
    let mixed = rows - printed.lines().filter(is_row).count();
    println!("3 threads printed {rows} rows: {mixed} of them are mixed");
    Ok(if mixed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn print_table() -> io::Result<ExitCode> {
    let moment = Barrier::new(TABLE.len());
    thread::scope(|s| {
        let print = |row| (0..TIMES).try_for_each(|_| print_row(row, &moment));
        let rows = TABLE.each_ref().map(|row| s.spawn(move || print(row)));
        rows.into_iter().try_for_each(|row| row.join().unwrap())
    })?;
    Ok(ExitCode::SUCCESS)
}
