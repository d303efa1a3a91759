//! Fixed: three threads print a line each, in several steps, and each line is whole.
//!
//! The lock is held from the first cell to the end of the line. The order of the lines stays
//! free. Whoever holds it stops all others that print, so compute before, not under it. Building
//! the line in a `String` and one `println!` is as good. Among processes neither helps: give each
//! its own file or pipe.
//!
//! Python: `print(" ".join(cells) + "\n", end="")`, in one call.
//! Broken: `race_interleaved_print_broken`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_interleaved_print_fixed
//! 3 threads printed 30000 rows: 0 of them are mixed
//! ```

use std::io::{self, Write};
use std::process::{Command, ExitCode};
use std::{env, thread};

/// Prints one row of a table. The error is that of stdout, such as a pipe that nobody reads.
pub fn print_row(cells: &[&str]) -> io::Result<()> {
    let mut out = io::stdout().lock(); // FIXED: locked until the line has ended
    for cell in cells {
        write!(out, "{cell:<12}")?;
    }
    writeln!(out)
}

// Only for the demo from here on.

const TIMES: usize = 10_000; // that each row is printed: often enough to meet
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
    thread::scope(|s| {
        let print = |row| (0..TIMES).try_for_each(|_| print_row(row));
        let rows = TABLE.each_ref().map(|row| s.spawn(move || print(row)));
        rows.into_iter().try_for_each(|row| row.join().unwrap())
    })?;
    Ok(ExitCode::SUCCESS)
}
