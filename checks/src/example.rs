//! Reads the packages, their examples, and the headers of these.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The packages that hold examples, in the order in which the indexes name them.
pub const PACKAGES: [&str; 5] = [
    "recipes",
    "threading",
    "asyncio",
    "multiprocessing",
    "pitfalls",
];

/// What a line of a header may begin with, before a colon. A value runs on until the next of
/// them or an empty line.
const KEYS: [&str; 13] = [
    "You see",
    "Why",
    "Rule",
    "Python",
    "Caught by",
    "Fixed",
    "Broken",
    "Needs",
    "Demo needs",
    "Runs on",
    "Tested",
    "Error",
    "Instead",
];

/// The line below which nothing is meant to be copied.
pub const DEMO: &str = "// ---- Demo ----------------------------------------------------------------------------------";

/// The root folder of the cookbook.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("checks/ has a parent")
        .to_owned()
}

/// The examples of all packages.
pub fn all(workspace: &Path) -> Result<Vec<Example>> {
    let mut examples = Vec::new();
    for package in PACKAGES {
        examples.extend(Package::load(&workspace.join(package))?.examples);
    }
    Ok(examples)
}

/// A package of examples.
pub struct Package {
    pub name: String,
    pub dir: PathBuf,
    pub examples: Vec<Example>,
    /// What is not meant to compile: the files of `refused/`, where there are any.
    pub refused: Vec<Example>,
    pub features: Vec<String>,
    pub manifest: toml::Table,
}

impl Package {
    pub fn load(dir: &Path) -> Result<Self> {
        let manifest: toml::Table = read(&dir.join("Cargo.toml"))?.parse()?;
        let name = dir
            .file_name()
            .context("a folder name")?
            .to_string_lossy()
            .into_owned();
        let features = manifest.get("features").and_then(toml::Value::as_table);
        let features = features
            .map(|table| table.keys().cloned().collect())
            .unwrap_or_default();
        let examples = files(&name, &dir.join("src/bin"))?;
        let refused = dir.join("refused");
        let refused = if refused.exists() {
            files(&name, &refused)?
        } else {
            Vec::new()
        };
        Ok(Self {
            name,
            dir: dir.to_owned(),
            examples,
            refused,
            features,
            manifest,
        })
    }

    /// The features without which cargo does not build the example.
    pub fn required_features(&self, example: &str) -> Vec<String> {
        let bins = self
            .manifest
            .get("bin")
            .and_then(toml::Value::as_array)
            .into_iter()
            .flatten();
        let of_example =
            bins.filter(|bin| bin.get("name").and_then(|n| n.as_str()) == Some(example));
        let features = of_example.filter_map(|bin| bin.get("required-features")?.as_array());
        features
            .flatten()
            .filter_map(|name| Some(name.as_str()?.to_owned()))
            .collect()
    }
}

fn files(package: &str, folder: &Path) -> Result<Vec<Example>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        files.push(Example::load(package, &entry?.path())?);
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

/// One file of `src/bin`, or of `refused`.
#[derive(Clone, Debug)]
pub struct Example {
    pub package: String,
    pub name: String,
    pub path: PathBuf,
    pub text: String,
}

impl Example {
    pub fn load(package: &str, path: &Path) -> Result<Self> {
        let name = path
            .file_stem()
            .context("a file name")?
            .to_string_lossy()
            .into_owned();
        let (package, path) = (package.to_owned(), path.to_owned());
        Ok(Self {
            package,
            name,
            text: read(&path)?,
            path,
        })
    }

    /// The lines of the header, without their `//! `.
    pub fn header(&self) -> Vec<&str> {
        let lines = self.text.lines().map_while(|line| line.strip_prefix("//!"));
        lines
            .map(|line| line.strip_prefix(' ').unwrap_or(line))
            .collect()
    }

    /// The lines below the header.
    pub fn code(&self) -> impl Iterator<Item = &str> {
        self.text.lines().skip_while(|line| line.starts_with("//!"))
    }

    /// The part that people copy, with its header: what stands above the Demo line. `None` where
    /// the file has no such line.
    pub fn above_demo(&self) -> Option<&str> {
        let line = format!("\n{DEMO}\n");
        self.text.split_once(&line).map(|(above, _)| above)
    }

    /// What the indexes show.
    pub fn first_line(&self) -> &str {
        self.header().first().copied().unwrap_or_default()
    }

    /// The value of a key, on one line.
    pub fn key(&self, key: &str) -> Option<String> {
        let header = self.header();
        let start = self.key_line(key)?;
        let first = header[start][key.len() + 1..].trim();
        let more = header[start + 1..].iter();
        let more = more.take_while(|line| !line.is_empty() && begins_with_key(line).is_none());
        Some(more.fold(first.to_owned(), |value, line| value + " " + line.trim()))
    }

    /// The line of the header that begins with the key.
    pub fn key_line(&self, key: &str) -> Option<usize> {
        self.header()
            .iter()
            .position(|line| begins_with_key(line) == Some(key))
    }

    /// Whether `Runs on:` names this system, or there is no such line.
    pub fn runs_here(&self) -> bool {
        let here = match std::env::consts::OS {
            "linux" => "Linux",
            "macos" => "macOS",
            _ => "Windows",
        };
        self.key("Runs on")
            .is_none_or(|systems| systems.contains(here))
    }

    /// The name of the pair, for one half of it.
    pub fn pair(&self) -> Option<&str> {
        self.name
            .strip_suffix("_broken")
            .or(self.name.strip_suffix("_fixed"))
    }

    pub fn is_broken(&self) -> bool {
        self.name.ends_with("_broken")
    }

    /// The name of the other half of the pair.
    pub fn other_half(&self) -> Option<String> {
        let other = if self.is_broken() { "fixed" } else { "broken" };
        Some(format!("{}_{other}", self.pair()?))
    }

    /// The `cargo add` commands of a key, none for `nothing`: `Needs` for the part above the Demo
    /// line, `Demo needs` for what the demo needs besides.
    pub fn commands(&self, key: &str) -> Vec<String> {
        let needs = self.key(key).unwrap_or_default();
        let commands = in_backticks(&needs);
        commands
            .filter(|text| text.starts_with("cargo add "))
            .collect()
    }
}

fn begins_with_key(line: &str) -> Option<&'static str> {
    KEYS.into_iter().find(|key| {
        line.strip_prefix(key)
            .is_some_and(|rest| rest.starts_with(':'))
    })
}

/// What stands between backticks.
pub fn in_backticks(text: &str) -> impl Iterator<Item = String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned)
}

pub fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| path.display().to_string())
}
