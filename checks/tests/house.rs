//! What holds for the cookbook as a whole: its packages, and the pages around them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use checks::anatomy::{self, TestFile};
use checks::example::{Example, PACKAGES, Package, all, in_backticks, read, workspace};

#[test]
fn packages_have_nothing_in_common() {
    for package in PACKAGES {
        let package = Package::load(&workspace().join(package)).unwrap();
        let problems = anatomy::package_problems(&package);
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }
}

fn pages() -> Vec<String> {
    let packages = PACKAGES.map(|package| format!("{package}/README.md"));
    packages
        .into_iter()
        .chain(["README.md", "CONTRIBUTING.md"].map(str::to_owned))
        .collect()
}

/// The relative links of a page that lead nowhere, and the runs of programs that do not exist.
fn dangling(page: &str, text: &str, folder: &Path, examples: &[Example]) -> Vec<String> {
    let links = text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    let dangling = links
        .map(|link| link.split('#').next().unwrap_or_default())
        .filter(|link| !link.is_empty() && !link.contains("://") && !folder.join(link).exists())
        .map(|link| format!("{page} links to {link}, which does not exist"));
    let words: Vec<_> = text
        .split(|c: char| c.is_whitespace() || c == '`')
        .collect();
    let runs = words
        .windows(4)
        .filter(|words| words[0] == "-p" && words[2] == "--bin");
    let unknown = runs.filter(|run| {
        let placeholder = run[3].contains("NAME");
        let exists = examples
            .iter()
            .any(|e| e.package == run[1] && e.name == run[3]);
        !placeholder && !exists && run[1] != "checks"
    });
    dangling
        .chain(unknown.map(|run| format!("{page} runs {}, which does not exist", run[3])))
        .collect()
}

#[test]
fn pages_show_only_what_exists() {
    let examples = all(&workspace()).unwrap();
    let mut problems = Vec::new();
    for page in pages() {
        let path = workspace().join(&page);
        let folder = path.parent().unwrap();
        problems.extend(dangling(&page, &read(&path).unwrap(), folder, &examples));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn a_page_with_a_dead_link() {
    let text =
        "[here](Cargo.toml) [there](src/nowhere.rs#top) `cargo run -p recipes --bin nothing`";
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = dangling("page", text, folder, &[]);
    assert_eq!(
        found,
        [
            "page links to src/nowhere.rs, which does not exist",
            "page runs nothing, which does not exist"
        ]
    );
}

/// Where README.md shows a run of an example, with what it prints, the header shows the same.
#[test]
fn the_readme_shows_what_the_headers_show() {
    let examples = all(&workspace()).unwrap();
    let readme = read(&workspace().join("README.md")).unwrap();
    let mut checked = BTreeSet::new();
    for run in readme.split("$ cargo run ").skip(1) {
        let run = run
            .split("\n\n")
            .next()
            .unwrap()
            .split("\n```")
            .next()
            .unwrap();
        let name = run
            .split("--bin ")
            .nth(1)
            .and_then(|rest| rest.split_whitespace().next());
        let name = name.expect("a run names a --bin");
        let example = examples
            .iter()
            .find(|example| example.name == name)
            .expect("it exists");
        let header = example.header().join("\n");
        assert!(
            header.contains(&format!("$ cargo run {run}")),
            "the header of {name} has not: {run}"
        );
        checked.insert(name);
    }
    assert!(checked.contains("fanout"));
}

/// The proofs of a package: the files of `tests` but those that run the headers or the names.
fn test_files() -> Vec<TestFile> {
    let mut folders = vec!["models/tests".to_owned()];
    for package in PACKAGES {
        folders.push(format!("{package}/tests"));
        folders.push(format!("{package}/tests/proof"));
    }
    let not_about_one = [
        "main.rs",
        "examples.rs",
        "names.rs",
        "refused.rs",
        "cheat_sheet.rs",
    ];
    let mut files = Vec::new();
    for folder in folders {
        let Ok(entries) = fs::read_dir(workspace().join(&folder)) else {
            continue; // no proofs yet
        };
        for entry in entries {
            let path = entry.unwrap().path();
            let file = path.file_name().unwrap().display().to_string();
            if path.is_file() && !not_about_one.contains(&file.as_str()) {
                let name = format!("{folder}/{file}");
                let text = read(&path).unwrap();
                files.push(TestFile { name, text });
            }
        }
    }
    files
}

/// A header names the proofs and models that take its file in, and no others.
#[test]
fn headers_and_tests_name_each_other() {
    let examples = all(&workspace()).unwrap();
    let problems = anatomy::tested_problems(&examples, &test_files());
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// A file in `tests/proof` is a module of the test binary: else nobody compiles it.
#[test]
fn every_proof_is_a_module() {
    let mut problems = Vec::new();
    for test in test_files() {
        let Some((folder, file)) = test.name.split_once("/tests/proof/") else {
            continue;
        };
        let main = read(&workspace().join(folder).join("tests/proof/main.rs")).unwrap();
        let module = format!("mod {};", file.trim_end_matches(".rs"));
        if !main.lines().any(|line| line == module) {
            problems.push(format!("{folder}/tests/proof/main.rs has no `{module}`"));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// The rows below `**It says ...**` whose text does not stand in the header that they link to.
fn unanswered(page: &str, folder: &Path) -> Vec<String> {
    let mut problems = Vec::new();
    let mut in_block = false;
    for line in page.lines() {
        in_block = line.starts_with("| **It says ...**") || in_block && line.starts_with("| ");
        if !in_block || line.contains("**") {
            continue;
        }
        let Some((texts, links)) = line.split_once(" | ") else {
            problems.push(format!("a row of two cells, not: {line}"));
            continue;
        };
        for link in links.split("](").skip(1) {
            let link = link.split(')').next().unwrap();
            let example = Example::load("", &folder.join(link)).unwrap();
            let header = example.header().join(" ");
            for text in in_backticks(texts) {
                if !header.replace('`', "").contains(&text.replace('`', "")) {
                    problems.push(format!("{link} does not have the text: {text}"));
                }
            }
        }
    }
    problems
}

/// What people paste into a search stands in the header of the program that answers it.
#[test]
fn error_texts_stand_in_the_headers() {
    let mut problems = Vec::new();
    let mut rows = 0;
    for page in ["README.md", "pitfalls/README.md"] {
        let path = workspace().join(page);
        let text = read(&path).unwrap();
        rows += text.matches("| **It says ...**").count();
        problems.extend(unanswered(&text, path.parent().unwrap()));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert_eq!(rows, 2, "each page has such a block");
}

#[test]
fn a_page_with_an_error_text_that_nobody_answers() {
    let folder = tempfile::tempdir().unwrap();
    let header = "//! Fetch.\n//!\n//! It says `out of\n//! files`.\n";
    fs::write(folder.path().join("fetch.rs"), header).unwrap();
    let page = |text: &str| {
        format!(
            "| you see | program |\n| **It says ...** | |\n| `{text}` | [`fetch`](fetch.rs) |\n"
        )
    };
    assert_eq!(unanswered(&page("out of files"), folder.path()), [""; 0]);
    assert_eq!(
        unanswered(&page("out of luck"), folder.path()),
        ["fetch.rs does not have the text: out of luck"]
    );
}
