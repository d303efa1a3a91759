//! The test harness of the cookbook. It holds every example to what its header says.
//!
//! - [`examples`] runs the commands that the headers show and compares what comes of them, checks
//!   the anatomy of each file, and keeps the package's README true. Each package calls it from
//!   `tests/examples.rs`.
//! - [`copies`] builds each example outside the workspace, with nothing but what it `Needs:`.
//! - `cargo find WORD` searches the headers, `cargo index` updates the tables of the READMEs.

pub mod anatomy;
pub mod copies;
pub mod example;
pub mod find;
pub mod index;
pub mod names;
pub mod run;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use libtest_mimic::{Arguments, Failed, Trial};

use example::{Example, Package};

/// The tests of one package: one for each example, by its name, and one for the README. `features`
/// are all those of the package, and whether each is on in this build.
pub fn examples(manifest_dir: &str, features: &[(&str, bool)]) -> Result<ExitCode> {
    let package = Package::load(Path::new(manifest_dir))?;
    let known: Vec<_> = features.iter().map(|(name, _)| *name).collect();
    ensure!(
        package.features == known,
        "{}/Cargo.toml has the features {:?}, tests/examples.rs passes on {known:?}",
        package.name,
        package.features
    );
    let all = example::all(&example::workspace())?;
    let mut trials = Vec::new();
    for example in &package.examples {
        trials.extend(
            example_trials(&package, example, features, &all).unwrap_or_else(|error| {
                vec![Trial::test(&example.name, move || Err(error.into()))]
            }),
        );
    }
    let readme = package.dir.join("README.md");
    let tables = index::tables(&package);
    trials.push(Trial::test("README", move || {
        Ok(index::check(&readme, &tables)?)
    }));
    Ok(libtest_mimic::run(&Arguments::from_args(), trials).exit_code())
}

/// One test for what can run here, and an ignored one for each run that cannot, named by the
/// command that would run it.
fn example_trials(
    package: &Package,
    example: &Example,
    features: &[(&str, bool)],
    all: &[Example],
) -> Result<Vec<Trial>> {
    let problems = anatomy::problems(example, all);
    if !problems.is_empty() {
        anyhow::bail!(problems.join("\n"));
    }
    let required = package.required_features(&example.name);
    let on = required
        .iter()
        .all(|wanted| features.contains(&(wanted.as_str(), true)));
    let (mut now, mut trials) = (Vec::new(), Vec::new());
    // With CHECK_GATED=1 the runs that need neither a feature nor a service are left out: another
    // test run has made them.
    let gated_only = std::env::var_os("CHECK_GATED").is_some_and(|value| value == "1");
    for run in run::runs(example)? {
        run.check_features(&required)?;
        if gated_only && required.is_empty() && run.services().is_empty() {
            continue;
        }
        match run.missing(on) {
            None => now.push(run),
            Some(missing) => {
                let how = missing.command(&package.name, &example.name, &required);
                let name = format!("{} ignored: it needs: {how}", example.name);
                if trials.iter().any(|trial: &Trial| trial.name() == name) {
                    continue; // the same for another run
                }
                let why = Failed::from(format!("not in this run; it needs: {how}"));
                trials.push(Trial::test(name, || Err(why)).with_ignored_flag(true));
            }
        }
    }
    if !now.is_empty() && example.runs_here() {
        let binaries = binaries(example)?;
        let check = move || {
            now.iter()
                .try_for_each(|run| Ok(run::check(run, &binaries)?))
        };
        trials.push(Trial::test(&example.name, check));
    }
    Ok(trials)
}

/// Where cargo put the example, and the other half of its pair.
fn binaries(example: &Example) -> Result<run::Binaries> {
    let path = |name: &str| {
        let variable = format!("CARGO_BIN_EXE_{name}");
        let path = std::env::var_os(&variable).with_context(|| format!("no {variable}"))?;
        anyhow::Ok((name.to_owned(), path.into()))
    };
    let names = [Some(example.name.clone()), example.other_half()];
    Ok(run::Binaries {
        package: example.package.clone(),
        paths: names
            .iter()
            .flatten()
            .map(|name| path(name))
            .collect::<Result<_>>()?,
    })
}
