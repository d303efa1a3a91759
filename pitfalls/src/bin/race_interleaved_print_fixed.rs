//! Fixed: three threads print a line each, word by word, and each line is whole.
//!
//! The lock on stdout is held from the first word to the end of the line. The order of the lines is
//! still free. Whoever holds the lock stops everybody else who prints, so compute before you take
//! it. Building the line in a `String` and printing it with one `println!` works as well. Lines of
//! several processes can still mix: give each process its own file or pipe.
//!
//! Python: `print(" ".join(words) + "\n", end="")`, in one call
//! Broken: `race_interleaved_print_broken`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_interleaved_print_fixed
//! 3 threads printed a row each: 3 of 3 rows are whole
//! ```

use std::env;
use std::io::{self, Write};
use std::process::{Command, ExitCode};
use std::thread;

const ROWS: [&str; 3] = [
    "ada lovelace 1815",
    "grace hopper 1906",
    "edsger dijkstra 1930",
];

/// Prints a row word by word.
pub fn print_row(row: &str) -> io::Result<()> {
    let mut out = io::stdout().lock(); // FIXED: locked until the line has ended
    for word in row.split(' ') {
        write!(out, "{word} ")?;
    }
    writeln!(out)
}

/// Prints all rows, each on a thread of its own.
fn print_table() {
    thread::scope(|scope| {
        for row in ROWS {
            scope.spawn(move || print_row(row).unwrap());
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
