//! Runs what a header shows.

use std::collections::BTreeSet;
use std::env;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use snapbox::{Assert, Data};

use crate::example::Example;

const LIMIT: Duration = Duration::from_secs(20);

/// A command that a header shows, and what the header says comes of it.
#[derive(Debug, PartialEq)]
pub struct Run {
    pub command: String,
    pub status: i32,
    pub output: String,
    pub unordered: bool,
}

/// The runs in all console blocks of a header, in the format of trycmd:
///
/// - ```` ```console ```` begins a block, ```` ```console unordered ```` one whose lines come in
///   any order;
/// - `$ ` begins a command, which goes on where the line ends in `\`;
/// - `? 1` below it is its exit status, where that is not 0;
/// - the rest is what it prints, both streams together; `[..]` stands for any text in a line,
///   `...` for any lines.
pub fn runs(example: &Example) -> Result<Vec<Run>> {
    let mut runs: Vec<Run> = Vec::new();
    let header = example.header();
    let mut lines = header.iter();
    while let Some(line) = lines.next() {
        let Some(block) = line.strip_prefix("```") else {
            continue;
        };
        let unordered = match block {
            "console" => false,
            "console unordered" => true,
            _ => bail!("a block of an unknown kind: ```{block}"),
        };
        let mut open = false; // a command of this block
        loop {
            let line = *lines.next().context("a console block without an end")?;
            if line == "```" {
                break;
            }
            match (line.strip_prefix("$ "), runs.last_mut()) {
                (Some(command), _) => {
                    let mut command = command.to_owned();
                    while command.ends_with('\\') {
                        command += "\n";
                        command += lines.next().context("a command without an end")?;
                    }
                    check_command(&command, example)?;
                    runs.push(Run {
                        command,
                        status: 0,
                        output: String::new(),
                        unordered,
                    });
                    open = true;
                }
                (None, Some(run)) if open => match line.strip_prefix("? ") {
                    Some(status) if run.output.is_empty() => {
                        run.status = status.parse().with_context(|| format!("? {status}"))?;
                    }
                    _ if line.starts_with('$') => bail!("not a command, and no output: {line}"),
                    _ => run.output += &format!("{line}\n"),
                },
                _ => bail!("text before the first command: {line:?}"),
            }
        }
    }
    ensure!(
        !runs.is_empty(),
        "the header shows no run: it needs a ```console block"
    );
    for run in &mut runs {
        run.output.truncate(run.output.trim_end_matches('\n').len());
    }
    Ok(runs)
}

/// A command runs its own example, or the other half of the pair, and nothing else with cargo.
fn check_command(command: &str, example: &Example) -> Result<()> {
    let words: Vec<_> = command.split_whitespace().collect();
    let calls: Vec<_> = (0..words.len())
        .filter(|&at| words[at] == "cargo")
        .collect();
    ensure!(
        !calls.is_empty(),
        "an unknown command, it does not call cargo: {command}"
    );
    for at in calls {
        let ok = words[at..].starts_with(&["cargo", "run", "-p", &example.package, "--bin"])
            && words.get(at + 5).is_some_and(|&name| {
                name == example.name || Some(name) == example.other_half().as_deref()
            });
        ensure!(
            ok,
            "not `cargo run -p {} --bin {}`: {command}",
            example.package,
            example.name
        );
    }
    Ok(())
}

/// What a run needs and does not have: a feature, or services, none of them twice.
pub enum Missing {
    Feature,
    Services(Vec<String>),
}

impl Missing {
    /// The command that would run it; `features` are those of the example.
    pub fn command(&self, package: &str, example: &str, features: &[String]) -> String {
        let services = match self {
            Self::Feature => String::new(),
            Self::Services(names) => format!("CHECK_SERVICES=1 {}=... ", names.join("=... ")),
        };
        let with = match features {
            [] => String::new(),
            names => format!(" -F {}", names.join(",")),
        };
        format!("{services}cargo test -p {package}{with} --test examples -- {example}")
    }
}

impl Run {
    /// Why this run cannot be made now: a feature that is not `on`, or a service. A service is a
    /// variable such as `REDIS_URL` that the command names and the environment lacks;
    /// with `CHECK_SERVICES=1` that is no excuse.
    pub fn missing(&self, on: bool) -> Option<Missing> {
        if !on {
            return Some(Missing::Feature);
        }
        let missing = self
            .services()
            .into_iter()
            .filter(|name| env::var_os(name).is_none());
        let missing: Vec<_> = missing.collect::<BTreeSet<_>>().into_iter().collect();
        let must = env::var_os("CHECK_SERVICES").is_some_and(|value| value == "1");
        (!missing.is_empty() && !must).then_some(Missing::Services(missing))
    }

    /// Errs if one of its `cargo run` has no `-F` for what the example needs, or another one.
    pub fn check_features(&self, required: &[String]) -> Result<()> {
        for call in self.command.split("cargo run").skip(1) {
            let mut words = call
                .split_whitespace()
                .skip_while(|word| *word != "--bin")
                .skip(2);
            let given = words
                .next()
                .filter(|flag| *flag == "-F")
                .and_then(|_| words.next());
            let wanted = (!required.is_empty()).then(|| required.join(","));
            ensure!(
                given == wanted.as_deref(),
                "not with -F {wanted:?}: cargo run{call}"
            );
        }
        Ok(())
    }

    /// The variables with the address of a service that the command names.
    pub fn services(&self) -> Vec<String> {
        let names = self
            .command
            .split(|c: char| !(c.is_ascii_uppercase() || c == '_'));
        names
            .filter(|name| name.ends_with("_URL"))
            .map(str::to_owned)
            .collect()
    }
}

/// What the `cargo` of a header may run.
pub struct Binaries {
    pub package: String,
    pub paths: Vec<(String, PathBuf)>,
}

/// Makes the run and says all that differs from what the header shows. With `CHECK_REPEAT=N` in
/// the environment it is made N times.
pub fn check(run: &Run, binaries: &Binaries) -> Result<()> {
    let repeat = env::var("CHECK_REPEAT")
        .ok()
        .map(|n| n.parse())
        .transpose()?
        .unwrap_or(1);
    let wrong: Vec<_> = (0..repeat)
        .filter_map(|_| once(run, binaries, LIMIT).err())
        .collect();
    match wrong.first() {
        None => Ok(()),
        Some(first) if repeat == 1 => bail!("{first}"),
        Some(first) => bail!(
            "{} of {repeat} runs went wrong, the first:\n{first}",
            wrong.len()
        ),
    }
}

/// Runs the command by `sh`, with a `cargo` first on the PATH that executes what is built, in an
/// environment without settings and in a folder of its own.
pub fn once(run: &Run, binaries: &Binaries, limit: Duration) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let [bin, tmp, work] = ["bin", "tmp", "work"].map(|name| folder.path().join(name));
    for folder in [&bin, &tmp, &work] {
        fs::create_dir(folder)?;
    }
    write_cargo(&bin.join("cargo"), binaries)?;
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([bin].into_iter().chain(env::split_paths(&path)))?;
    let output = folder.path().join("output");
    let to_file = File::options().create(true).append(true).open(&output)?;
    let mark = folder.path().to_string_lossy().into_owned();

    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(&run.command)
        .current_dir(&work)
        .env_clear();
    command
        .env("PATH", path)
        .env("TMPDIR", &tmp)
        .env("LC_ALL", "C.UTF-8")
        .env(MARK, &mark);
    for name in ["HOME"]
        .into_iter()
        .chain(run.services().iter().map(String::as_str))
    {
        if let Some(value) = env::var_os(name) {
            command.env(name, value);
        }
    }
    // To a file: a grandchild that holds a pipe open would hold up the test.
    command
        .stdin(Stdio::null())
        .stdout(to_file.try_clone()?)
        .stderr(to_file);
    command.process_group(0); // a run that signals its own group does not hit the test
    let mut child = command.spawn()?;
    let status = wait(&mut child, limit)?;
    if status.is_none() {
        child.kill()?;
        child.wait()?;
    }
    let left_running = end_left_behind(&mark)?;

    let mut wrong = Vec::new();
    match status {
        None => wrong.push(format!("it ran for more than {limit:?} and was killed")),
        Some(status) if status.code() != Some(run.status) => {
            wrong.push(format!("{status}, the header says {}", run.status));
        }
        Some(_) => {}
    }
    if !left_running.is_empty() {
        wrong.push(format!(
            "it left processes behind: {}",
            left_running.join(", ")
        ));
    }
    if let Err(diff) = compare(&String::from_utf8_lossy(&fs::read(&output)?), run) {
        wrong.push(format!("another output than the header shows:\n{diff}"));
    }
    for folder in [&tmp, &work] {
        for entry in fs::read_dir(folder)? {
            wrong.push(format!(
                "it left a file behind: {}",
                entry?.file_name().display()
            ));
        }
    }
    ensure!(wrong.is_empty(), "$ {}\n{}", run.command, wrong.join("\n"));
    Ok(())
}

/// The variable that marks every process of a run.
const MARK: &str = "CHECKS_RUN";

/// A script that takes the arguments of `cargo run` and executes the binary.
fn write_cargo(path: &Path, binaries: &Binaries) -> Result<()> {
    let package = &binaries.package;
    let cases = binaries.paths.iter();
    let cases = cases.map(|(name, path)| format!("{name}) exec '{}' \"$@\" ;;\n", path.display()));
    let script = format!(
        r#"#!/bin/sh
refuse() {{ echo "this cargo only runs this example, not: $*" >&2; exit 101; }}
all="$*"
[ "$1 $2 $3 $4" = "run -p {package} --bin" ] || refuse "$all"
name=$5
shift 5
if [ "$1" = -F ]; then shift 2; fi
if [ $# -gt 0 ]; then [ "$1" = -- ] || refuse "$all"; shift; fi
case $name in
{}esac
refuse "$all"
"#,
        cases.collect::<String>()
    );
    fs::write(path, script)?;
    Ok(fs::set_permissions(
        path,
        fs::Permissions::from_mode(0o755),
    )?)
}

fn wait(child: &mut Child, limit: Duration) -> Result<Option<ExitStatus>> {
    let start = Instant::now();
    loop {
        match child.try_wait()? {
            None if start.elapsed() < limit => sleep(Duration::from_millis(5)),
            status => return Ok(status),
        }
    }
}

/// Kills what still carries the mark, and returns the names. What is just ending has a moment.
fn end_left_behind(mark: &str) -> Result<Vec<String>> {
    let start = Instant::now();
    let mut found = marked(mark)?;
    while !found.is_empty() && start.elapsed() < Duration::from_millis(200) {
        sleep(Duration::from_millis(10));
        found = marked(mark)?;
    }
    let names = found
        .iter()
        .map(|(pid, name)| format!("{name} ({pid})"))
        .collect();
    while !found.is_empty() {
        for (pid, _) in found {
            let _ = Command::new("sh")
                .args(["-c", "kill -9 $0", &pid])
                .stderr(Stdio::null())
                .status()?;
        }
        found = marked(mark)?;
    }
    Ok(names)
}

/// The processes that were started with the mark in their environment, by id and name. This also
/// finds what has made itself a daemon. Without /proc it finds nothing.
fn marked(mark: &str) -> Result<Vec<(String, String)>> {
    let Ok(processes) = fs::read_dir("/proc") else {
        return Ok(Vec::new());
    };
    let variable = format!("{MARK}={mark}").into_bytes();
    let mut found = Vec::new();
    for process in processes {
        let process = process?;
        let Ok(environment) = fs::read(process.path().join("environ")) else {
            continue;
        };
        if environment
            .split(|&byte| byte == 0)
            .any(|entry| entry == variable)
        {
            let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            let pid = process.file_name().to_string_lossy().into_owned();
            found.push((pid, name.trim().to_owned()));
        }
    }
    Ok(found)
}

fn compare(actual: &str, run: &Run) -> snapbox::assert::Result<()> {
    let open_end = !actual.is_empty() && !actual.ends_with('\n');
    let actual = actual.trim_end_matches('\n');
    let actual = Data::text(actual.to_owned() + if open_end { "[no end of line]\n" } else { "\n" });
    let expected = Data::text(run.output.clone() + "\n");
    let expected = if run.unordered {
        expected.unordered()
    } else {
        expected
    };
    Assert::new()
        .normalize_paths(false)
        .try_eq(Some(&"the run"), actual, expected)
}
