//! What every file must have: the lines of the header, the Demo line, the shape of a pair, and
//! the tests that take it in.

use std::collections::BTreeSet;

use crate::example::{DEMO, Example, PACKAGES, Package, in_backticks};
use crate::run;

/// What a pitfall may be; the first word of its name.
const CLASSES: [&str; 8] = [
    "race",
    "deadlock",
    "livelock",
    "starvation",
    "noop",
    "lost",
    "leak",
    "slow",
];

/// At most so many characters in a line of the header's prose: 100 with its `//! `.
const WIDEST: usize = 96;

/// At most so many lines in a paragraph of the header.
const LONGEST_PARAGRAPH: usize = 5;

/// All that is wrong with the shape of the example; `all` are those of the workspace.
pub fn problems(example: &Example, all: &[Example]) -> Vec<String> {
    let mut problems = Vec::new();
    header(example, &mut problems);
    needs(example, &mut problems);
    demo(example, &mut problems);
    if example.package == "pitfalls" {
        pair(example, all, &mut problems);
    }

    let same_name = all.iter().filter(|other| other.name == example.name);
    let packages: Vec<_> = same_name.map(|other| other.package.as_str()).collect();
    if packages.len() > 1 {
        problems.push(format!("the name stands in {}", packages.join(" and ")));
    }
    for line in example.code() {
        if line.starts_with("mod ") || line.starts_with("pub mod ") {
            problems.push("an example has no `mod`".to_owned());
        }
        if line.trim_start().starts_with("//") && line.chars().count() > 100 {
            problems.push(format!("wider than 100 characters: {line}"));
        }
    }
    problems
}

/// The first lines, the keys, and the paragraphs.
fn header(example: &Example, problems: &mut Vec<String>) {
    let first = example.first_line();
    if !first.ends_with('.') {
        problems.push(format!("the first line is a sentence, not {first:?}"));
    }
    if example.header().get(1) != Some(&"") {
        problems.push("the second line of the header is empty".to_owned());
    }

    let keys = keys(example);
    let mut last = 0;
    for (key, required) in keys {
        match example.key_line(key) {
            None if *required => problems.push(format!("the header has no line `{key}: ...`")),
            None => {}
            Some(line) if line < last => problems.push(format!("`{key}:` stands too early")),
            Some(line) => last = line,
        }
    }
    if example
        .header()
        .iter()
        .any(|line| line.starts_with("Copy:"))
    {
        problems.push("there is no `Copy:`: all above the Demo line is copied".to_owned());
    }

    let mut paragraph = 0;
    for line in header_prose(example) {
        if line.chars().count() > WIDEST {
            problems.push(format!("wider than 100 characters: {line}"));
        }
        let begins = line.starts_with("- ") || keys.iter().any(|(key, _)| begins_with(line, key));
        paragraph = match line {
            "" => 0,
            _ if begins => 1,
            _ => paragraph + 1,
        };
        if paragraph == LONGEST_PARAGRAPH + 1 {
            problems.push(format!("a paragraph has at most five lines: {line}"));
        }
    }
}

fn begins_with(line: &str, key: &str) -> bool {
    let rest = line.strip_prefix(key);
    rest.is_some_and(|rest| rest.starts_with(':'))
}

/// The keys of a header in their order, and whether it must have them.
fn keys(example: &Example) -> &'static [(&'static str, bool)] {
    match (example.package.as_str(), example.is_broken()) {
        ("pitfalls", true) => &[
            ("You see", true),
            ("Why", true),
            ("Rule", true),
            ("Python", true),
            ("Caught by", true),
            ("Fixed", true),
            ("Needs", true),
            ("Runs on", false),
        ],
        ("pitfalls", false) => &[
            ("Python", true),
            ("Broken", true),
            ("Needs", true),
            ("Runs on", false),
            ("Tested", false),
        ],
        _ => &[
            ("Python", true),
            ("Needs", true),
            ("Demo needs", false),
            ("Runs on", false),
            ("Tested", false),
        ],
    }
}

/// `Needs:`, `Demo needs:` and `Runs on:` against what the code uses.
fn needs(example: &Example, problems: &mut Vec<String>) {
    let commands = example.commands("Needs");
    let value = example.key("Needs").unwrap_or_default();
    if value.starts_with("nothing") != commands.is_empty() {
        problems.push("`Needs:` is `nothing`, or `cargo add` commands".to_owned());
    }
    let demo_commands = example.commands("Demo needs");
    if example.key("Demo needs").is_some() && demo_commands.is_empty() {
        problems.push("`Demo needs:` are `cargo add` commands".to_owned());
    }
    for (key, commands) in [("Needs", commands), ("Demo needs", demo_commands)] {
        let text = match example.above_demo() {
            Some(above) if key == "Needs" => above,
            _ => &example.text,
        };
        for package in commands.iter().flat_map(|command| packages_of(command)) {
            let name = package.replace('-', "_");
            let mut lines = text.lines().filter(|line| is_code(line));
            if !lines.any(|line| mentions(line, &name)) {
                problems.push(format!(
                    "`{key}:` names {package}, which is never used there"
                ));
            }
        }
    }

    let code: Vec<_> = example.code().filter(|line| is_code(line)).collect();
    let systems_own = ["std::os::", "nix::", "libc::", "/proc/"];
    let is_systems_own = |line: &&&str| systems_own.iter().any(|word| line.contains(word));
    let of_one_system = code.iter().find(is_systems_own);
    let asks_for_the_system = code.iter().any(|line| line.contains("cfg("));
    if let Some(line) = of_one_system
        && !asks_for_the_system
        && example.key("Runs on").is_none()
    {
        problems.push(format!("say `Runs on:`, or use `cfg`: {line}"));
    }
}

/// What stands above the Demo line and below it.
fn demo(example: &Example, problems: &mut Vec<String>) {
    let mut must = |holds: bool, problem: &str| {
        if !holds {
            problems.push(problem.to_owned());
        }
    };
    let marks = example.code().filter(|line| *line == DEMO).count();
    let like_it = example.code().filter(|line| line.contains("---- Demo"));
    must(
        like_it.count() == marks,
        "the Demo line is not like the others",
    );
    must(marks <= 1, "more than one Demo line");
    let old = "// Only for the demo from here on.";
    must(
        !example.code().any(|line| line == old),
        "the Demo line is not like the others",
    );

    let Some(above) = example.above_demo() else {
        must(
            example.key("Demo needs").is_none(),
            "`Demo needs:` without a Demo line",
        );
        return;
    };
    must(
        example.package != "pitfalls",
        "a pitfall has no Demo line: the whole file is the point",
    );
    let is_main = |line: &str| line.starts_with("fn main(") || line.starts_with("async fn main(");
    let items = [
        "pub fn",
        "pub async fn",
        "pub struct",
        "pub enum",
        "pub trait",
        "pub const",
    ];
    let offers = |line: &str| {
        let start = line.trim_start();
        items.iter().any(|item| start.starts_with(item)) || start.starts_with("macro_rules!")
    };
    must(
        !above.lines().any(is_main),
        "`main` stands below the Demo line",
    );
    must(
        above.lines().any(offers),
        "nothing above the Demo line is `pub`",
    );
}

/// What holds for the two halves of a pitfall.
fn pair(example: &Example, all: &[Example], problems: &mut Vec<String>) {
    let mut must = |holds: bool, problem: String| {
        if !holds {
            problems.push(problem);
        }
    };
    let name = &example.name;
    let class = name.split('_').next().unwrap_or_default();
    must(
        CLASSES.contains(&class),
        format!("a pitfall's name begins with one of {CLASSES:?}"),
    );
    let Some(other) = example.other_half() else {
        must(
            false,
            "a pitfall's name ends in _broken or _fixed".to_owned(),
        );
        return;
    };
    must(
        all.iter().any(|e| e.name == other),
        format!("the other half is missing: {other}"),
    );
    let (key, mark, status) = if example.is_broken() {
        ("Fixed", "// BROKEN:", 1)
    } else {
        ("Broken", "// FIXED:", 0)
    };
    let value = example.key(key).unwrap_or_default();
    must(
        in_backticks(&value).any(|named| named == other),
        format!("`{key}:` names `{other}`"),
    );
    must(
        example.code().any(|line| line.contains(mark)),
        format!("no line says `{mark} ...`"),
    );
    must(
        example.is_broken() || !example.text.contains("only for the demo:"),
        "what forces the bad moment stands in the broken half only".to_owned(),
    );
    for run in run::runs(example).unwrap_or_default() {
        let own = run.command.contains(name.as_str());
        must(
            !own || [status, 2].contains(&run.status),
            format!(
                "it always exits with {status}, not {}: {}",
                run.status, run.command
            ),
        );
    }
}

fn is_code(line: &str) -> bool {
    !line.trim().is_empty() && !line.trim_start().starts_with("//")
}

/// Whether the word stands in the line, not as a part of a longer one.
fn mentions(line: &str, word: &str) -> bool {
    let in_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = &line[..at];
        let after = &line[at + word.len()..];
        !before.ends_with(in_word) && !after.starts_with(in_word)
    })
}

/// The packages that a `cargo add` command names, without their versions.
fn packages_of(command: &str) -> Vec<&str> {
    let mut packages = Vec::new();
    let mut words = command.split_whitespace().skip(2);
    while let Some(word) = words.next() {
        if matches!(word, "-F" | "--features") {
            words.next();
        } else if !word.starts_with('-') {
            packages.push(word.split('@').next().unwrap_or(word));
        }
    }
    packages
}

/// The header without its console blocks.
fn header_prose(example: &Example) -> Vec<&str> {
    let mut in_block = false;
    let mut prose = Vec::new();
    for line in example.header() {
        if line.starts_with("```") {
            in_block = !in_block;
        } else if !in_block {
            prose.push(line);
        }
    }
    prose
}

/// A file that tests examples: a proof, or a model.
pub struct TestFile {
    /// Its path from the root of the workspace, as headers name it.
    pub name: String,
    pub text: String,
}

impl TestFile {
    /// Whether the file takes the example in by `#[path]`, or runs its program.
    fn takes_in(&self, example: &Example) -> bool {
        let source = format!("{}.rs\"", example.name);
        let program = format!("CARGO_BIN_EXE_{}\"", example.name);
        let path = |line: &str| line.contains("src/bin/") && line.contains(&format!("/{source}"));
        self.text.lines().any(path) || self.text.contains(&program)
    }
}

/// Where headers and test files do not name each other: a header names the tests that take its
/// file in, all of them and no others, behind `Tested:` or, in a broken half, `Caught by:`.
pub fn tested_problems(examples: &[Example], tests: &[TestFile]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut unused: BTreeSet<_> = tests.iter().map(|test| test.name.clone()).collect();
    for example in examples {
        let key = if example.is_broken() {
            "Caught by"
        } else {
            "Tested"
        };
        let value = example.key(key).unwrap_or_default();
        let paths = in_backticks(&value).filter(|text| text.ends_with(".rs"));
        let named: BTreeSet<_> = paths.collect();
        let taking = tests.iter().filter(|test| test.takes_in(example));
        let taken: BTreeSet<_> = taking.map(|test| test.name.clone()).collect();
        for missing in taken.difference(&named) {
            problems.push(format!(
                "{}: `{key}:` does not name {missing}",
                example.name
            ));
        }
        for wrong in named.difference(&taken) {
            problems.push(format!("{}: {wrong} does not take it in", example.name));
        }
        for name in taken {
            unused.remove(&name);
        }
    }
    let unused = unused.into_iter();
    problems.extend(unused.map(|name| format!("{name} takes no example in")));
    problems
}

/// What is wrong with the manifest and the folders of a package of examples.
pub fn package_problems(package: &Package) -> Vec<String> {
    let mut problems = Vec::new();
    assert!(PACKAGES.contains(&package.name.as_str()));
    for file in ["src/lib.rs", "src/main.rs", "build.rs"] {
        if package.dir.join(file).exists() {
            let name = &package.name;
            problems.push(format!("{name}/{file}: examples have nothing in common"));
        }
    }
    for (kind, dependencies) in dependency_tables(&package.manifest) {
        for (dependency, wanted) in dependencies {
            if wanted.get("path").is_some() && kind != "dev-dependencies" {
                let name = &package.name;
                problems.push(format!(
                    "{name}: {dependency} is a path, no example could be copied"
                ));
            }
        }
    }
    problems
}

/// Every table of dependencies in a manifest, also those of one system.
fn dependency_tables(manifest: &toml::Table) -> Vec<(&str, &toml::Table)> {
    let mut places = vec![manifest];
    if let Some(targets) = manifest.get("target").and_then(toml::Value::as_table) {
        places.extend(targets.values().filter_map(toml::Value::as_table));
    }
    let mut tables = Vec::new();
    for place in places {
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            if let Some(table) = place.get(kind).and_then(toml::Value::as_table) {
                tables.push((kind, table));
            }
        }
    }
    tables
}
