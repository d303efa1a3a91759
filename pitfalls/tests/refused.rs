//! Compiles every file of `refused/` and checks that rustc says what the header says it says, on
//! the line that is marked `// REFUSED:`, and nothing else. A file that compiles fails.
//!
//! Each file becomes a package with the dependencies that its `Needs:` names, and one `cargo
//! check` goes over all of them.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::{Arc, LazyLock};

use anyhow::{Context, Result, anyhow, bail, ensure};
use libtest_mimic::{Arguments, Trial};
use serde_json::Value;

fn main() -> Result<ExitCode> {
    let mut sources = BTreeMap::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("refused"))? {
        let path = entry?.path();
        let name = path
            .file_stem()
            .context("a file name")?
            .to_string_lossy()
            .into_owned();
        sources.insert(name, fs::read_to_string(&path)?);
    }
    let refused: Vec<_> = sources.keys().cloned().collect();
    let samples = samples();
    for (name, source, _) in &samples {
        sources.insert((*name).to_owned(), source.clone());
    }

    // Cargo runs when the first test asks, so that `--list` answers at once.
    let crates = Arc::new(LazyLock::new(move || {
        let said = compile(&sources).map_err(|error| format!("{error:#}"));
        (sources, said)
    }));
    let verdict = move |name: &str| {
        let (sources, said) = &**crates;
        let (said, stderr) = said.as_ref().map_err(|error| anyhow!("{error}"))?;
        let said = said
            .get(name)
            .with_context(|| format!("cargo did not check it:\n{stderr}"))?;
        check(&sources[name], said)
    };

    let mut trials = Vec::new();
    for name in refused {
        let verdict = verdict.clone();
        trials.push(Trial::test(format!("refused::{name}"), move || {
            verdict(&name).map_err(|error| format!("refused/{name}.rs: {error:#}").into())
        }));
    }
    for (name, _, expected) in samples {
        let verdict = verdict.clone();
        trials.push(Trial::test(format!("checker::{name}"), move || {
            let said = verdict(name).map_or_else(|error| error.to_string(), |()| "fine".to_owned());
            if said.starts_with(expected) {
                return Ok(());
            }
            Err(format!("the check should say {expected:?}, and says: {said}").into())
        }));
    }
    Ok(libtest_mimic::run(&Arguments::from_args(), trials).exit_code())
}

/// Compares the header and the mark in `source` with `said`, what rustc said of it: nothing, if it
/// compiled.
fn check(source: &str, said: &[Diagnostic]) -> Result<()> {
    let [first, others @ ..] = said else {
        bail!("it compiles, so nothing is refused")
    };

    let marks: Vec<_> = (1..)
        .zip(source.lines())
        .filter_map(|(line, text)| Some((line, text.split_once("// REFUSED: ")?.1)))
        .collect();
    let [(line, what)] = marks[..] else {
        bail!("{} lines are marked, not one", marks.len())
    };
    ensure!(
        first.what == what,
        "marked as {what}, but rustc says {first}"
    );
    ensure!(
        first.line == Some(line),
        "line {line} is marked, but rustc says {first}"
    );
    // One mistake may break several bounds, and rustc says so of each.
    if let Some(other) = others
        .iter()
        .find(|it| it.what != what || it.line != first.line)
    {
        bail!("rustc refuses more than what is marked: {other}");
    }

    let title = source
        .lines()
        .next()
        .and_then(|line| line.strip_prefix("//! "));
    let title = title.filter(|title| title.starts_with("Refused: ") && title.len() <= 96);
    title.context("the header does not start with `Refused: ..`, in at most 96 characters")?;
    for key in KEYS {
        key_of(source, key).with_context(|| format!("the header has no `{key}:`"))?;
    }
    let quote = key_of(source, "Error").unwrap_or_default();
    let quote = quote.trim_matches('`').trim();
    let same = match quote.split_once("[..]") {
        Some((start, end)) => first.headline.starts_with(start) && first.headline.ends_with(end),
        None => first.headline == quote,
    };
    ensure!(same, "the header quotes {quote}, but rustc says {first}");
    Ok(())
}

const KEYS: [&str; 4] = ["Python", "Error", "Instead", "Needs"];

/// What stands behind `key:` in the header, up to the next key or an empty line.
fn key_of(source: &str, key: &str) -> Option<String> {
    let mut lines = source
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .map(str::trim);
    let mut text = lines
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(": "))?
        .to_owned();
    let ends =
        |line: &str| line.is_empty() || KEYS.iter().any(|key| line.starts_with(&format!("{key}:")));
    for line in lines.take_while(|line| !ends(line)) {
        text = format!("{text} {line}");
    }
    Some(text)
}

/// An error or a warning.
struct Diagnostic {
    /// The code (`E0277`), the lint, or the message where there is neither.
    what: String,
    /// Where the first primary span begins.
    line: Option<u64>,
    /// The first line, as a user sees it.
    headline: String,
    rendered: String,
}

impl std::fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "{}:\n\n{}", self.what, self.rendered)
    }
}

impl Diagnostic {
    /// `None` for the summary at the end ("aborting due to 1 previous error").
    fn from_json(message: &Value) -> Option<Self> {
        let text = message["message"].as_str()?;
        let rendered = message["rendered"].as_str()?;
        let spans = message["spans"].as_array()?;
        let primary = spans.iter().find(|span| span["is_primary"] == true);
        let ours = matches!(message["level"].as_str()?, "error" | "warning");
        (ours && !text.starts_with("aborting due to")).then(|| Self {
            what: message["code"]["code"].as_str().unwrap_or(text).to_owned(),
            line: primary.and_then(|span| span["line_start"].as_u64()),
            headline: rendered.lines().next().unwrap_or_default().to_owned(),
            rendered: rendered.to_owned(),
        })
    }
}

/// What rustc says of each of `sources`, by name, with no entry for what cargo did not get to; and
/// what cargo itself says.
fn compile(
    sources: &BTreeMap<String, String>,
) -> Result<(HashMap<String, Vec<Diagnostic>>, String)> {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("refused");
    for (name, source) in sources {
        let package = root.join(name);
        fs::create_dir_all(package.join("src"))?;
        fs::write(package.join("src/main.rs"), source)?;
        fs::write(package.join("Cargo.toml"), manifest(name, source)?)?;
    }
    let members: Vec<_> = sources.keys().collect();
    let workspace = format!("[workspace]\nresolver = \"3\"\nmembers = {members:?}\n");
    fs::write(root.join("Cargo.toml"), workspace)?;
    // The versions of the workspace, which `cargo fetch` has downloaded.
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    fs::copy(lock, root.join("Cargo.lock"))?;

    let cargo = Command::new(env!("CARGO"))
        .args([
            "check",
            "--workspace",
            "--keep-going",
            "--quiet",
            "--message-format=json",
        ])
        .arg("--target-dir")
        .arg(root.join("target"))
        .current_dir(&root)
        .output()?;

    let mut said: HashMap<_, Vec<_>> = HashMap::new();
    for line in String::from_utf8(cargo.stdout)?.lines() {
        let message: Value = serde_json::from_str(line)?;
        let name = message["target"]["name"].as_str().unwrap_or_default();
        if message["target"]["kind"][0] != "bin" || !sources.contains_key(name) {
            continue;
        }
        let diagnostics = said.entry(name.to_owned()).or_default();
        if message["reason"] == "compiler-message" {
            diagnostics.extend(Diagnostic::from_json(&message["message"]));
        }
    }
    Ok((said, String::from_utf8(cargo.stderr)?))
}

/// The manifest of the package made of `source`: it depends on what `Needs:` tells to add.
fn manifest(name: &str, source: &str) -> Result<String> {
    let mut manifest =
        format!("[package]\nname = {name:?}\nedition = \"2024\"\n\n[dependencies]\n");
    let needs = key_of(source, "Needs").unwrap_or_default();
    for command in needs
        .split('`')
        .filter_map(|code| code.strip_prefix("cargo add "))
    {
        let (crates, features) = command.split_once(" -F ").unwrap_or((command, ""));
        let features: Vec<_> = features
            .split(',')
            .filter(|name| !name.is_empty())
            .collect();
        for dependency in crates.split(' ') {
            let (name, version) = dependency
                .split_once('@')
                .context("name@version in Needs")?;
            manifest += &format!("{name} = {{ version = {version:?}, features = {features:?} }}\n");
        }
    }
    Ok(manifest)
}

/// What the check itself has to say of a good file and of bad ones: name, source, verdict.
fn samples() -> Vec<(&'static str, String, &'static str)> {
    let good = r#"//! Refused: a number goes where a text belongs.
//!
//! Python: `name = 1`, and an `AttributeError` later.
//! Error: `error[E0308]: mismatched types`
//! Instead: `"1"`
//! Needs: nothing

fn main() {
    let name: &str = 1; // REFUSED: E0308
    println!("{name}");
}
"#;
    let with = |old: &str, new: &str| {
        assert!(good.contains(old), "{old}");
        good.replace(old, new)
    };
    vec![
        ("good", good.to_owned(), "fine"),
        ("compiles", with("= 1;", "= \"1\";"), "it compiles"),
        (
            "mark_on_wrong_line",
            with(" // REFUSED: E0308\n", "\n    // REFUSED: E0308\n"),
            "line 10 is marked, but rustc says E0308",
        ),
        (
            "no_mark",
            with(" // REFUSED: E0308", ""),
            "0 lines are marked",
        ),
        (
            "wrong_code",
            with("REFUSED: E0308", "REFUSED: E0277"),
            "marked as E0277, but rustc says",
        ),
        (
            "wrong_quote",
            with("mismatched types", "wrong types"),
            "the header quotes error[E0308]",
        ),
        (
            "second_error",
            with("{name}", "{nobody}"),
            "marked as E0308, but rustc says E0425",
        ),
        (
            "same_error_twice",
            with("    println", "    let _: &str = 2;\n    println"),
            "rustc refuses more than what is marked: E0308",
        ),
        (
            "no_python",
            with("//! Python: ", "//! "),
            "the header has no `Python:`",
        ),
        (
            "no_title",
            with("Refused: ", ""),
            "the header does not start with `Refused: ..`",
        ),
        (
            "missing_dependency",
            with("= 1;", "= rayon::NAME;"),
            "marked as E0308, but rustc says E0433",
        ),
    ]
}
