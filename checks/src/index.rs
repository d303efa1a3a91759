//! Keeps the tables of the READMEs true. Headings and the order of the rows are written by hand;
//! what a row says comes from the header of its example.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Result, bail, ensure};

use crate::example::{Example, read};

/// The head of the tables that list examples; other tables are left alone.
const HEAD: &str = "| program | what it shows | Python |";

/// The row of each example, or of each pair, by name.
pub fn rows(examples: &[Example]) -> BTreeMap<String, String> {
    let mut rows = BTreeMap::new();
    for example in examples {
        let link = |text: &str, name: &str| format!("[{text}](src/bin/{name}.rs)");
        let cell = |text: &str| text.replace('|', "\\|");
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
        let row = format!("| {links} | {} | {} |", cell(&capitalized(what)), cell(&python));
        rows.insert(name.to_owned(), row);
    }
    rows
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The README with every row as it should be: stale ones mended, dangling ones removed, a missing
/// one at the end of the table that holds its nearest relations, by name.
pub fn mend(readme: &str, rows: &BTreeMap<String, String>) -> Result<String> {
    let mut missing = rows.clone();
    let mut lines: Vec<(String, Option<usize>)> = Vec::new(); // with the table they are a row of
    let (mut tables, mut in_table) = (0, false);
    for line in readme.lines() {
        in_table = line == HEAD || in_table && line.starts_with('|');
        tables += usize::from(line == HEAD);
        if !in_table || line == HEAD || line.starts_with("|-") || line.starts_with("| -") {
            lines.push((line.to_owned(), in_table.then_some(tables)));
        } else if let Some(row) = missing.remove(&name(line)) {
            lines.push((row, Some(tables)));
        }
    }
    ensure!(tables > 0 || missing.is_empty(), "it has no table that begins with: {HEAD}");
    for (name_, row) in missing {
        let likeness = |(at, (line, table)): (usize, &(String, Option<usize>))| {
            let common = name(line).bytes().zip(name_.bytes()).take_while(|(a, b)| a == b).count();
            table.map(|_| (common, at))
        };
        let nearest = lines.iter().enumerate().filter_map(likeness).max();
        let (_, at) = nearest.expect("there is a table");
        let table = lines[at].1;
        let end = lines.iter().rposition(|(_, t)| *t == table).expect("the table has lines");
        lines.insert(end + 1, (row, table));
    }
    Ok(lines.into_iter().map(|(line, _)| line + "\n").collect())
}

/// The name a row is about: the first thing in backticks, or the bare first cell.
fn name(row: &str) -> String {
    let cell = row.trim_start_matches('|').split('|').next().unwrap_or_default().trim();
    cell.split('`').nth(1).unwrap_or(cell).to_owned()
}

/// Fails where a row is missing, stale or dangling.
pub fn check(readme: &Path, rows: &BTreeMap<String, String>) -> Result<()> {
    let (is, should_be) = (read(readme)?, mend(&read(readme)?, rows)?);
    let only_in = |a: &str, b: &str, mark: &str| -> Vec<String> {
        let lines = a.lines().filter(|line| !b.lines().any(|other| other == *line));
        lines.map(|line| format!("{mark} {line}")).collect()
    };
    let mut changes = only_in(&is, &should_be, "-");
    changes.extend(only_in(&should_be, &is, "+"));
    if is != should_be {
        let readme = readme.display();
        bail!("`cargo index` mends {readme}, in place:\n{}", changes.join("\n"));
    }
    Ok(())
}

/// Mends the README in place and returns whether there was something to mend.
pub fn write(readme: &Path, rows: &BTreeMap<String, String>) -> Result<bool> {
    let (is, should_be) = (read(readme)?, mend(&read(readme)?, rows)?);
    if is != should_be {
        fs::write(readme, &should_be)?;
    }
    Ok(is != should_be)
}
