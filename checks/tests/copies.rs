//! Builds every example outside the workspace: what stands above its Demo line, with nothing but
//! its `Needs:`, and the whole file, with its `Demo needs:` as well. That takes minutes, so it is
//! left to CI, and to `cargo test -p checks --test copies -- --ignored NAME` for one.

use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, LazyLock};

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
    let mut copies = Vec::new();
    for example in &examples {
        copies.extend(copies::of(example));
    }
    let mut trials = Vec::new();
    for (at, (needs, copies)) in copies::groups(copies).into_iter().enumerate() {
        let folder = tmp.join("copies").join(format!("copy{at}"));
        let lock = workspace.join("Cargo.lock");
        let target = tmp.join("copies-target");
        let names: Vec<_> = copies.iter().map(|copy| copy.name.clone()).collect();
        let with = needs.join("`, `");
        // The first test of the group builds all of it.
        let build = move || copies::build(&folder, &needs, &copies, &lock, &target);
        let built = Arc::new(LazyLock::new(build));
        for name in names {
            let built = built.clone();
            let with = with.clone();
            trials.push(Trial::test(name.clone(), move || {
                let failed = match &**built {
                    Ok(failed) => failed,
                    Err(error) => return Err(Failed::from(format!("{error:#}"))),
                };
                match failed.get(&name) {
                    None => Ok(()),
                    Some(said) => Err(Failed::from(format!(
                        "it does not build alone, with `{with}`:\n{said}"
                    ))),
                }
            }));
        }
    }
    arguments.ignored = false; // none of these is marked: it was asked for all of them
    Ok(libtest_mimic::run(&arguments, trials).exit_code())
}
