//! Builds every example outside the workspace, with nothing but its `Needs:`. That takes minutes,
//! so it is left to CI, and to `cargo test -p checks --test copies -- --ignored NAME` for one.

use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use checks::{copies, example};
use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> anyhow::Result<ExitCode> {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1); // cargo lets one build at a time into a target folder
    let (workspace, tmp) = (example::workspace(), Path::new(env!("CARGO_TARGET_TMPDIR")));
    let mut examples = example::all(&workspace)?;
    examples.retain(|example| {
        let wanted = arguments
            .filter
            .as_deref()
            .is_none_or(|word| example.name.contains(word));
        wanted && example.runs_here()
    });
    if !arguments.ignored && !arguments.include_ignored {
        let all = Trial::test("left to `-- --ignored`", || Ok(())).with_ignored_flag(true);
        return Ok(libtest_mimic::run(&arguments, vec![all]).exit_code());
    }
    let mut trials = Vec::new();
    for (at, (needs, examples)) in copies::groups(examples).into_iter().enumerate() {
        let names: Vec<_> = examples
            .iter()
            .map(|example| example.name.clone())
            .collect();
        let folder = tmp.join("copies").join(format!("copy{at}"));
        let lock = workspace.join("Cargo.lock");
        let built = Arc::new(OnceLock::new()); // by the first of them
        for name in names {
            let (built, needs, examples) = (built.clone(), needs.clone(), examples.clone());
            let (folder, lock) = (folder.clone(), lock.clone());
            trials.push(Trial::test(name.clone(), move || {
                let built = built.get_or_init(|| {
                    copies::build(
                        &folder,
                        &needs,
                        &examples,
                        &lock,
                        &tmp.join("copies-target"),
                    )
                });
                match built {
                    Err(error) => Err(Failed::from(format!("{error:#}"))),
                    Ok(failed) => match failed.get(&name) {
                        None => Ok(()),
                        Some(said) => Err(Failed::from(format!(
                            "a copy with `Needs: {}` does not build:\n{said}",
                            needs.join("`, `")
                        ))),
                    },
                }
            }));
        }
    }
    arguments.ignored = false; // none of these is marked: it was asked for all of them
    Ok(libtest_mimic::run(&arguments, trials).exit_code())
}
