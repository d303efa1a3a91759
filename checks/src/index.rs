//! Keeps the tables of the READMEs true. Headings and the order of the rows are written by hand;
//! what a row says comes from the header of its example.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Result, bail, ensure};

use crate::example::{Example, Package, read};

/// The rows of one kind of table, by the name of the example or the pair. A README may cut such a
/// table into several, each under a heading of its own; tables with another head are left alone.
pub struct Table {
    pub head: &'static str,
    pub rows: BTreeMap<String, String>,
}

/// The tables that a package's README holds.
pub fn tables(package: &Package) -> Vec<Table> {
    let mut tables = vec![programs(&package.examples)];
    if package.examples.iter().any(Example::is_broken) {
        tables.push(tools(&package.examples));
    }
    if !package.refused.is_empty() {
        tables.push(refused(&package.refused));
    }
    tables
}

/// A row for each example, or each pair.
fn programs(examples: &[Example]) -> Table {
    let mut rows = BTreeMap::new();
    for example in examples {
        let link = |text: &str, name: &str| format!("[{text}](src/bin/{name}.rs)");
        let (name, links, what) = match (example.pair(), example.other_half()) {
            (None, _) => {
                let links = link(&format!("`{}`", example.name), &example.name);
                (example.name.as_str(), links, example.first_line())
            }
            (Some(pair), Some(fixed)) if example.is_broken() => {
                let links = [link("broken", &example.name), link("fixed", &fixed)].join(" ");
                let what = example.first_line();
                let what = what.split_once(": ").map_or(what, |(_class, what)| what);
                (pair, format!("`{pair}` {links}"), what)
            }
            _ => continue, // a fixed half stands in the row of the broken one
        };
        let python = example.key("Python").unwrap_or_default();
        let row = format!(
            "| {links} | {} | {} |",
            cell(&capitalized(what)),
            cell(&python)
        );
        rows.insert(name.to_owned(), row);
    }
    Table {
        head: "| program | what it shows | Python |",
        rows,
    }
}

/// What sees the mistake: a row for each pair, from its `Caught by:`.
fn tools(examples: &[Example]) -> Table {
    let row = |example: &Example| {
        let caught = example.key("Caught by").unwrap_or_default();
        // The lint is what stands right behind the name of its tool: clippy `that_lint`.
        let lint = |tool: &str| {
            let tool = format!("{tool} `");
            let lints = caught.split(&tool).skip(1);
            let lints = lints.filter_map(|rest| Some(format!("`{}`", rest.split_once('`')?.0)));
            lints.collect::<Vec<_>>().join(", ")
        };
        let yes = |tool: &str| {
            if caught.contains(tool) {
                "yes".to_owned()
            } else {
                String::new()
            }
        };
        let cells = [
            lint("rustc"),
            lint("clippy"),
            yes("shuttle (`models/tests/"),
            yes("loom"),
            yes("parking_lot"),
            yes("task dump"),
        ];
        let nothing = if cells.concat().is_empty() {
            "nothing"
        } else {
            ""
        };
        let pair = example.pair()?;
        Some((
            pair.to_owned(),
            format!("| `{pair}` | {} | {nothing} |", cells.join(" | ")),
        ))
    };
    Table {
        head: "| pair | rustc | clippy | shuttle | loom | parking_lot | task dump | nothing |",
        rows: examples
            .iter()
            .filter(|example| example.is_broken())
            .filter_map(row)
            .collect(),
    }
}

/// What the compiler refuses: a row for each file, with the code of the error.
fn refused(files: &[Example]) -> Table {
    let row = |file: &Example| {
        let what = file.first_line().trim_start_matches("Refused: ");
        let code = file
            .code()
            .find_map(|line| Some(line.split_once("// REFUSED: ")?.1));
        let code = match code.unwrap_or_default() {
            code if code.contains(' ') => "error".to_owned(), // it has no code, only a text
            code => format!("`{code}`"),
        };
        let [name, python] = [&file.name, &file.key("Python").unwrap_or_default()];
        let link = format!("[`{name}`](refused/{name}.rs)");
        (
            name.clone(),
            format!(
                "| {link} | {} | {} | {code} |",
                cell(&capitalized(what)),
                cell(python)
            ),
        )
    };
    Table {
        head: "| file | what it tries | in Python | rustc says |",
        rows: files.iter().map(row).collect(),
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

/// The README with every row as it should be: stale ones replaced, dangling ones removed, a missing
/// one at the end of the table that holds its nearest relations, by name.
pub fn updated(readme: &str, tables: &[Table]) -> Result<String> {
    let mut readme = readme.to_owned();
    for table in tables {
        readme = updated_table(&readme, table)?;
    }
    Ok(readme)
}

fn updated_table(readme: &str, Table { head, rows }: &Table) -> Result<String> {
    let mut missing = rows.clone();
    let mut lines: Vec<(String, Option<usize>)> = Vec::new(); // with the table they are a row of
    let (mut tables, mut in_table) = (0, false);
    for line in readme.lines() {
        in_table = line == *head || in_table && line.starts_with('|');
        tables += usize::from(line == *head);
        if !in_table || line == *head || line.starts_with("|-") {
            lines.push((line.to_owned(), in_table.then_some(tables)));
        } else if let Some(row) = missing.remove(&name(line)) {
            lines.push((row, Some(tables)));
        }
    }
    ensure!(
        tables > 0 || missing.is_empty(),
        "no table begins with: {head}"
    );
    for (name_, row) in missing {
        let likeness = |(at, (line, table)): (usize, &(String, Option<usize>))| {
            let common = name(line)
                .bytes()
                .zip(name_.bytes())
                .take_while(|(a, b)| a == b)
                .count();
            table.map(|_| (common, at))
        };
        let nearest = lines.iter().enumerate().filter_map(likeness).max();
        let table = nearest.and_then(|(_, at)| lines[at].1);
        let end = lines
            .iter()
            .rposition(|(_, of)| *of == table)
            .expect("a table has lines");
        lines.insert(end + 1, (row, table));
    }
    Ok(lines.into_iter().map(|(line, _)| line + "\n").collect())
}

/// The name a row is about: the first thing in backticks, or the bare first cell.
fn name(row: &str) -> String {
    let cell = row
        .trim_start_matches('|')
        .split('|')
        .next()
        .unwrap_or_default()
        .trim();
    cell.split('`').nth(1).unwrap_or(cell).to_owned()
}

/// Fails where a row is missing, stale or dangling.
pub fn check(readme: &Path, tables: &[Table]) -> Result<()> {
    let (is, should_be) = (read(readme)?, updated(&read(readme)?, tables)?);
    let only_in = |a: &str, b: &str, mark: &str| -> Vec<String> {
        let lines = a
            .lines()
            .filter(|line| !b.lines().any(|other| other == *line));
        lines.map(|line| format!("{mark} {line}")).collect()
    };
    let mut changes = only_in(&is, &should_be, "-");
    changes.extend(only_in(&should_be, &is, "+"));
    if is != should_be {
        let readme = readme.display();
        bail!(
            "`cargo index` fixes {readme}, in place:\n{}",
            changes.join("\n")
        );
    }
    Ok(())
}

/// Updates the README in place and returns whether anything changed.
pub fn write(readme: &Path, tables: &[Table]) -> Result<bool> {
    let (is, should_be) = (read(readme)?, updated(&read(readme)?, tables)?);
    if is != should_be {
        fs::write(readme, &should_be)?;
    }
    Ok(is != should_be)
}
