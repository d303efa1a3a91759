//! `cargo find WORDS`: searches the headers of all examples.

use std::env;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use anyhow::Result;
use checks::example::{Example, Package, workspace};
use checks::find::{Finder, Found, searchable};

fn main() -> Result<ExitCode> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let query = arguments.join(" ");
    if query.trim().is_empty() {
        eprintln!("usage: cargo find WORDS, for example: cargo find hangs at join");
        return Ok(ExitCode::from(2));
    }
    let examples = searchable()?;
    let found = Finder::new(&examples).find(&query);
    if found.is_empty() {
        eprintln!("nothing found for: {query}");
        return Ok(ExitCode::FAILURE);
    }
    let mut report = String::new();
    for found in &found {
        report += &row(found)?;
    }
    match io::stdout().write_all(report.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS), // a reader such as `head` may leave early
    }
}

/// What is printed for one result.
fn row(found: &Found) -> Result<String> {
    let first_line = found.examples[0].first_line();
    let mut row = format!("{}\n    {first_line}\n", found.name);
    for example in &found.examples {
        row += &format!("    {}\n", how_to_see(example)?);
    }
    Ok(row)
}

/// The command that runs the example, or the path of a file that is not meant to compile.
fn how_to_see(example: &Example) -> Result<String> {
    let path = example.path.strip_prefix(workspace())?;
    let refused = path.starts_with("pitfalls/refused");
    if refused {
        return Ok(path.display().to_string());
    }
    let package = Package::load(&workspace().join(&example.package))?;
    let mut command = format!("cargo run -p {} --bin {}", package.name, example.name);
    let features = package.required_features(&example.name);
    if !features.is_empty() {
        command += &format!(" -F {}", features.join(","));
    }
    Ok(command)
}
