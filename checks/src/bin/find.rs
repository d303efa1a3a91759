//! `cargo find WORDS`: searches the headers of all examples.

use std::process::ExitCode;

use checks::example::{Package, all, workspace};
use checks::find;

fn main() -> anyhow::Result<ExitCode> {
    let words = std::env::args().skip(1).collect::<Vec<_>>().join(" ");
    if words.trim().is_empty() || words.starts_with('-') {
        eprintln!("error: what to find? For example: cargo find Semaphore");
        return Ok(ExitCode::from(2));
    }
    let mut examples = all(&workspace())?;
    examples.extend(Package::load(&workspace().join("pitfalls"))?.refused);
    let found = find::find(&examples, &words);
    for example in &found {
        println!("{}\n    {}", example.name, example.first_line());
        match example.path.strip_prefix(workspace()) {
            Ok(path) if path.iter().any(|folder| folder == "refused") => {
                println!("    {}", path.display());
            }
            _ => {
                let package = Package::load(&workspace().join(&example.package))?;
                let with = match package.required_features(&example.name) {
                    none if none.is_empty() => String::new(),
                    names => format!(" -F {}", names.join(",")),
                };
                println!(
                    "    cargo run -p {} --bin {}{with}",
                    example.package, example.name
                );
            }
        }
    }
    if found.is_empty() {
        eprintln!("nothing about {words:?}; try one word of it");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}
