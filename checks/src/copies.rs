//! Builds examples the way a reader does who copies them out: a new project, the `cargo add`
//! commands of `Needs:`, and the file.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};

use crate::example::Example;

/// Examples by what they need: each group makes one project.
pub fn groups(examples: Vec<Example>) -> BTreeMap<Vec<String>, Vec<Example>> {
    let mut groups: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for example in examples {
        let mut needs = example.needs();
        needs.sort();
        groups.entry(needs).or_default().push(example);
    }
    groups
}

/// Makes the project `folder` with nothing but `needs`, the versions of the workspace's lock file
/// and the examples as its binaries, and builds it offline into `target`. Returns what failed, by
/// the name of the example.
pub fn build(
    folder: &Path,
    needs: &[String],
    examples: &[Example],
    lock: &Path,
    target: &Path,
) -> Result<BTreeMap<String, String>> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder.join("src/bin"))?;
    // An empty workspace of its own, since the folder lies within another one.
    let package = folder
        .file_name()
        .context("a folder name")?
        .display()
        .to_string();
    let manifest = format!("[package]\nname = \"{package}\"\nedition = \"2024\"\n\n[workspace]\n");
    fs::write(folder.join("Cargo.toml"), manifest)?;
    fs::copy(lock, folder.join("Cargo.lock")).context("no Cargo.lock")?;
    for example in examples {
        fs::copy(
            &example.path,
            folder.join(format!("src/bin/{}.rs", example.name)),
        )?;
    }
    for command in needs {
        let words = command.split_whitespace().skip(1).chain(["--quiet"]);
        let added = cargo(folder, target, words)?;
        let why = String::from_utf8_lossy(&added.stderr);
        ensure!(added.status.success(), "`{command}` fails: {why}");
    }
    let built = cargo(
        folder,
        target,
        ["build", "--bins", "--keep-going", "--quiet"],
    )?;
    if built.status.success() {
        return Ok(BTreeMap::new());
    }
    let said = String::from_utf8_lossy(&built.stderr).into_owned();
    let failed: BTreeMap<_, _> = (examples.iter())
        .filter(|example| said.contains(&format!("(bin \"{}\")", example.name)))
        .map(|example| (example.name.clone(), said.clone()))
        .collect();
    ensure!(!failed.is_empty(), "a dependency does not build:\n{said}");
    Ok(failed)
}

fn cargo<'a>(
    folder: &Path,
    target: &Path,
    words: impl IntoIterator<Item = &'a str>,
) -> Result<Output> {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let mut command = Command::new(cargo);
    command.args(words).arg("--offline").current_dir(folder);
    command
        .env("CARGO_TARGET_DIR", target)
        .env("CARGO_PROFILE_DEV_DEBUG", "0");
    Ok(command.output()?)
}
