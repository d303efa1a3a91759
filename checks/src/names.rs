//! Holds the tables of names in a README to Python: each public name of a module has one row, and
//! each row is about such a name and says what Rust has for it, or "none, because ...", and links
//! to programs of the package.

use std::collections::{BTreeMap, BTreeSet};

use crate::example::in_backticks;

const NAMES_HEAD: &str = "| Python | Rust | program |";
const PROGRAMS_HEAD: &str = "| program | what it shows | Python |";

/// A row of a table, with the heading above it.
struct Row {
    heading: String,
    cells: Vec<String>,
}

/// The rows of the tables that begin with `head`.
fn rows(readme: &str, head: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut heading = "";
    let mut in_table = false;
    for line in readme.lines() {
        if line.starts_with('#') {
            heading = line.trim_start_matches('#').trim().trim_matches('`');
        }
        in_table = line == head || in_table && line.starts_with('|');
        if in_table && line != head && !line.starts_with("|-") {
            let cells = line.trim_matches('|').split('|');
            rows.push(Row {
                heading: heading.to_owned(),
                cells: cells.map(|cell| cell.trim().to_owned()).collect(),
            });
        }
    }
    rows
}

/// All that is wrong with the tables of names in the README. `names` are the public names by
/// module, separated by white space; a table stands below a heading with the name of its module.
pub fn problems(readme: &str, names: &[(&str, &str)]) -> Vec<String> {
    let mut programs = BTreeSet::new();
    for row in rows(readme, PROGRAMS_HEAD) {
        programs.extend(in_backticks(&row.cells[0]).next());
    }
    let mut count: BTreeMap<(String, String), usize> = BTreeMap::new();
    for (module, names) in names {
        for name in names.split_whitespace() {
            count.insert(((*module).to_owned(), name.to_owned()), 0);
        }
    }

    let mut problems = Vec::new();
    for row in rows(readme, NAMES_HEAD) {
        let [python, rust, links] = &row.cells[..] else {
            problems.push(format!("a row of three cells, not: {:?}", row.cells));
            continue;
        };
        if in_backticks(python).next().is_none() {
            problems.push(format!("a row about nothing: {:?}", row.cells));
        }
        let module = &row.heading;
        for name in in_backticks(python) {
            match count.get_mut(&(module.clone(), name.clone())) {
                Some(rows) => *rows += 1,
                None => problems.push(format!("no such name in Python's {module}: {name}")),
            }
        }
        let none = rust.starts_with("none");
        if rust.is_empty() || none && !rust.starts_with("none, because ") {
            problems.push(format!(
                "neither what Rust has nor \"none, because\": {python}"
            ));
        }
        if links.is_empty() && !none {
            problems.push(format!("no program shows it: {python}"));
        }
        for link in links.split(", ").filter(|link| !link.is_empty()) {
            let name = in_backticks(link).next().unwrap_or_default();
            let expected = format!("[`{name}`](src/bin/{name}.rs)");
            if link != expected || !programs.contains(&name) {
                problems.push(format!(
                    "not a link to a program of the tables above: {link}"
                ));
            }
        }
    }
    for ((module, name), rows) in count {
        if rows != 1 {
            problems.push(format!("{module}.{name} has {rows} rows, not one"));
        }
    }
    problems
}
