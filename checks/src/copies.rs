//! Builds examples the way a reader does who copies them out: a new project, the `cargo add`
//! commands of the header, and the file, or the part of it above the Demo line.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};

use crate::example::Example;

/// Something to copy.
#[derive(Clone)]
pub struct CopiedFile {
    /// What the test is called: the name of the example, and which part of it.
    pub name: String,
    pub part: Part,
    pub text: String,
    /// The `cargo add` commands that it needs.
    pub needs: Vec<String>,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Part {
    /// The whole file, a program.
    Whole,
    /// What stands above the Demo line, which compiles as a library.
    AboveDemo,
}

/// The copies that a reader may make of an example.
pub fn of(example: &Example) -> Vec<CopiedFile> {
    let mut all_needs = example.commands("Needs");
    all_needs.extend(example.commands("Demo needs"));
    all_needs.sort();
    let mut copies = vec![CopiedFile {
        name: example.name.clone(),
        part: Part::Whole,
        text: example.text.clone(),
        needs: all_needs,
    }];
    if let Some(above) = example.above_demo() {
        let mut needs = example.commands("Needs");
        needs.sort();
        copies.push(CopiedFile {
            name: format!("{}_above_demo", example.name),
            part: Part::AboveDemo,
            text: format!("{above}\n"),
            needs,
        });
    }
    copies
}

/// Copies by what they need: each group makes one project.
pub fn groups(copies: Vec<CopiedFile>) -> BTreeMap<Vec<String>, Vec<CopiedFile>> {
    let mut groups: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for copy in copies {
        groups.entry(copy.needs.clone()).or_default().push(copy);
    }
    groups
}

/// Makes the project `folder` with nothing but `needs`, the versions of the workspace's lock file
/// and the copies, and compiles it offline into `target`, where a warning is an error. Returns what
/// failed, by the name of the copy.
pub fn build(
    folder: &Path,
    needs: &[String],
    copies: &[CopiedFile],
    lock: &Path,
    target: &Path,
) -> Result<BTreeMap<String, String>> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder.join("src/bin"))?;
    fs::create_dir_all(folder.join("examples"))?;
    fs::copy(lock, folder.join("Cargo.lock")).context("no Cargo.lock")?;
    let mut manifest = manifest(folder)?;
    for copy in copies {
        let name = &copy.name;
        let file = match copy.part {
            Part::Whole => format!("src/bin/{name}.rs"),
            Part::AboveDemo => {
                let library = "crate-type = [\"lib\"]";
                manifest += &format!("\n[[example]]\nname = \"{name}\"\n{library}\n");
                format!("examples/{name}.rs")
            }
        };
        fs::write(folder.join(file), &copy.text)?;
    }
    fs::write(folder.join("Cargo.toml"), manifest)?;

    for command in needs {
        let mut words: Vec<_> = command.split_whitespace().skip(1).collect();
        words.push("--quiet");
        let added = cargo(folder, target, &words)?;
        let why = String::from_utf8_lossy(&added.stderr);
        ensure!(added.status.success(), "`{command}` fails: {why}");
    }
    let words = ["check", "--bins", "--examples", "--keep-going", "--quiet"];
    let built = cargo(folder, target, &words)?;
    let mut failed = BTreeMap::new();
    if built.status.success() {
        return Ok(failed);
    }
    let said = String::from_utf8_lossy(&built.stderr).into_owned();
    for copy in copies {
        let kind = match copy.part {
            Part::Whole => "bin",
            Part::AboveDemo => "example",
        };
        if said.contains(&format!("({kind} \"{}\")", copy.name)) {
            failed.insert(copy.name.clone(), said.clone());
        }
    }
    ensure!(!failed.is_empty(), "a dependency does not build:\n{said}");
    Ok(failed)
}

/// The manifest of a package of its own, since the folder lies within another workspace.
fn manifest(folder: &Path) -> Result<String> {
    let name = folder.file_name().context("a folder name")?;
    Ok(format!(
        r#"[package]
name = "{}"
edition = "2024"

[workspace]

[lints.rust]
warnings = "deny"
"#,
        name.display()
    ))
}

fn cargo(folder: &Path, target: &Path, words: &[&str]) -> Result<Output> {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let mut command = Command::new(cargo);
    command.args(words).arg("--offline").current_dir(folder);
    command.env("CARGO_TARGET_DIR", target);
    command.env("SQLX_OFFLINE", "true"); // as .cargo/config.toml says
    Ok(command.output()?)
}
