//! What every file must have: the lines of the header, the sizes, the shape of a pair.

use crate::example::{Example, PACKAGES, in_backticks};
use crate::run;

/// At most so many lines of code in a file (no blank lines, no comments).
const LONGEST: usize = 100;
/// The same for a server, a pool or a service, and for what needs one to show itself.
const LONGEST_SERVICE: usize = 150;
const SERVICES: &[&str] = &[
    "actor",
    "actors_supervised",
    "background_writer",
    "batch_writer",
    "blocking_calls_thread_pool",
    "cluster_map",
    "config_reload",
    "cpu_across_processes",
    "db_queries",
    "download_files",
    "execution_models",
    "fanout",
    "fanout_retry",
    "fanout_stream",
    "graceful_shutdown",
    "http_service",
    "io_bound_compare",
    "io_cpu_pipeline",
    "job_queue",
    "monitor_watchdog",
    "progress_report",
    "rate_limit",
    "resource_pool",
    "single_flight_cache",
    "site_status_checker",
    "tcp_echo_threads",
    "tcp_proxy",
    "thread_pool",
    "triggered_tasks",
    "web_crawler",
];
/// At most so many lines of code in a function worth copying.
const LONGEST_FUNCTION: usize = 40;

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

const DEMO: &str = "// Only for the demo from here on.";

/// What an item begins with, but for `pub` and the like.
const ITEMS: [&str; 8] = [
    "fn",
    "struct",
    "enum",
    "trait",
    "type",
    "const",
    "static",
    "macro_rules!",
];

/// All that is wrong with the shape of the example; `all` are those of the workspace.
pub fn problems(example: &Example, all: &[Example]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut must = |holds: bool, problem: String| {
        if !holds {
            problems.push(problem);
        }
    };

    let first = example.first_line();
    must(
        first.ends_with('.'),
        format!("the first line is a sentence, not {first:?}"),
    );
    must(
        example.header().get(1) == Some(&""),
        "the second line of the header is empty".to_owned(),
    );
    let mut last = 0;
    for key in keys(example) {
        match example.key_line(key) {
            None => must(false, format!("the header has no line `{key}: ...`")),
            Some(line) => {
                must(
                    line > last,
                    format!("`{key}:` stands too early: {:?}", keys(example)),
                );
                last = line;
            }
        }
    }

    let others = all.iter().filter(|other| other.name == example.name);
    let packages: Vec<_> = others.map(|other| other.package.as_str()).collect();
    must(
        packages.len() == 1,
        format!("the name stands in {}", packages.join(" and ")),
    );

    let lines: Vec<_> = example.code().collect();
    let code = lines.iter().filter(|line| is_code(line)).count();
    let service = SERVICES.contains(&example.name.as_str());
    let longest = if service { LONGEST_SERVICE } else { LONGEST };
    must(
        code <= longest,
        format!("{code} lines of code, at most {longest} are allowed"),
    );
    must(
        !lines.iter().any(|line| line.starts_with("mod ")),
        "an example has no `mod`".to_owned(),
    );

    let copy = example.key("Copy");
    let named: Vec<_> = copy.iter().flat_map(|value| in_backticks(value)).collect();
    let above = lines
        .iter()
        .position(|line| *line == DEMO)
        .filter(|_| copy.is_some());
    for item in lines[..above.unwrap_or(0)]
        .iter()
        .filter_map(|line| item_name(line))
    {
        let there = named.iter().any(|name| name == item);
        must(
            there,
            format!("`Copy:` does not name `{item}`, which stands above the demo"),
        );
    }
    for name in named {
        let copied = lines
            .iter()
            .take_while(|line| **line != DEMO || name == "main");
        match function_lines(&name, copied.copied()) {
            None => must(
                false,
                format!("`Copy:` names `{name}`, which the file does not define"),
            ),
            Some(size) => must(
                size <= LONGEST_FUNCTION || name == "main",
                format!("`{name}` has {size} lines, at most {LONGEST_FUNCTION} are allowed"),
            ),
        }
    }

    let needs = example.needs();
    let nothing = example
        .key("Needs")
        .is_some_and(|value| value.starts_with("nothing"));
    must(
        nothing == needs.is_empty(),
        "`Needs:` is `nothing`, or `cargo add` commands".to_owned(),
    );
    for package in needs.iter().flat_map(|command| packages_of(command)) {
        let name = package.replace('-', "_");
        let used = |line: &&str| is_code(line) && mentions(line, &name);
        must(
            lines.iter().any(used),
            format!("`Needs:` names {package}, which the file never uses"),
        );
    }
    let is_unix = |line: &&str| {
        is_code(line)
            && ["std::os::", "nix::", "libc::", "/proc/"]
                .iter()
                .any(|s| line.contains(s))
    };
    let portable = !lines.iter().any(is_unix) || lines.iter().any(|line| line.contains("cfg("));
    must(
        portable || example.key("Runs on").is_some(),
        "it uses one system's own things: say `Runs on:`, or use `cfg`".to_owned(),
    );

    for line in header_prose(example) {
        must(
            line.chars().count() <= WIDEST,
            format!("wider than 100 characters: {line}"),
        );
    }
    for line in lines
        .iter()
        .filter(|line| line.trim_start().starts_with("//"))
    {
        must(
            line.chars().count() <= 100,
            format!("wider than 100 characters: {line}"),
        );
    }
    for line in prose(example) {
        let plain: String = line.split('`').step_by(2).collect();
        must(
            !plain.contains("! ") && !plain.ends_with('!') && !plain.contains("simply"),
            format!("no exclamation marks, no \"simply\": {line}"),
        );
    }
    if example.package == "pitfalls" {
        pair(example, all, &mut must);
    }
    problems
}

fn keys(example: &Example) -> &'static [&'static str] {
    match (example.package.as_str(), example.is_broken()) {
        ("pitfalls", true) => &[
            "You see",
            "Why",
            "Rule",
            "Python",
            "Caught by",
            "Fixed",
            "Needs",
        ],
        ("pitfalls", false) => &["Python", "Broken", "Needs"],
        _ => &["Python", "Copy", "Needs"],
    }
}

fn pair(example: &Example, all: &[Example], must: &mut impl FnMut(bool, String)) {
    let name = &example.name;
    let class = name.split('_').next().unwrap_or_default();
    must(
        CLASSES.contains(&class),
        format!("a pitfall's name begins with one of {CLASSES:?}"),
    );
    let Some(other) = example.other_half() else {
        return must(
            false,
            "a pitfall's name ends in _broken or _fixed".to_owned(),
        );
    };
    must(
        all.iter().any(|e| e.name == other),
        format!("the other half is missing: {other}"),
    );
    let (key, mark, status) = match example.is_broken() {
        true => ("Fixed", "// BROKEN:", 1),
        false => ("Broken", "// FIXED:", 0),
    };
    let named: Vec<_> = example
        .key(key)
        .iter()
        .flat_map(|value| in_backticks(value))
        .collect();
    must(named.contains(&other), format!("`{key}:` names `{other}`"));
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

/// How many lines of code the function (or type) has; `None` if it is not defined.
fn function_lines<'a>(name: &str, lines: impl Iterator<Item = &'a str>) -> Option<usize> {
    let defines = |line: &&str| {
        ITEMS
            .iter()
            .any(|kind| mentions(line, &format!("{kind} {name}")))
    };
    let mut lines = lines
        .filter(|line| is_code(line))
        .skip_while(|line| !defines(line))
        .peekable();
    let indent = lines.peek()?.len() - lines.peek()?.trim_start().len();
    let is_end = |line: &str| line.len() > indent && line[indent..].starts_with('}');
    let mut ended = false;
    let body = lines.take_while(|line| {
        let inside = !ended;
        ended =
            is_end(line) || line.ends_with(';') && line.len() - line.trim_start().len() == indent;
        inside
    });
    Some(body.count())
}

/// The name of the item that begins in this line, if it is not inside another one.
fn item_name(line: &str) -> Option<&str> {
    let before = |word: &&str| matches!(*word, "pub" | "async" | "unsafe" | "pub(crate)");
    let mut words = line.split(' ').skip_while(before);
    let kind = words.next().filter(|kind| ITEMS.contains(kind))?;
    let name = words.find(|word| kind != "const" || !matches!(*word, "fn" | "unsafe"))?;
    name.split(|c: char| !c.is_alphanumeric() && c != '_')
        .next()
}

/// Whether the words stand in the line, not as a part of longer ones.
fn mentions(line: &str, words: &str) -> bool {
    let in_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(words).any(|(at, _)| {
        !line[..at].ends_with(in_word) && !line[at + words.len()..].starts_with(in_word)
    })
}

/// The packages that a `cargo add` command names, without their versions.
fn packages_of(command: &str) -> impl Iterator<Item = &str> {
    let words = command.split_whitespace().skip(2);
    let mut after_flag = false;
    let packages = words.filter(move |word| {
        let value = std::mem::replace(&mut after_flag, matches!(*word, "-F" | "--features"));
        !value && !word.starts_with('-')
    });
    packages.map(|word| word.split('@').next().unwrap_or(word))
}

/// The header without its console blocks.
fn header_prose(example: &Example) -> Vec<String> {
    let mut block = false;
    let mut prose = Vec::new();
    for line in example.header() {
        if line.starts_with("```") {
            block = !block;
        } else if !block {
            prose.push(line.to_owned());
        }
    }
    prose
}

/// The header without its console blocks, and all comments.
fn prose(example: &Example) -> Vec<String> {
    let mut prose = header_prose(example);
    let comments = example
        .code()
        .map(str::trim)
        .filter_map(|line| line.strip_prefix("//"));
    prose.extend(comments.map(str::to_owned));
    prose
}

/// What is wrong with the manifest and the folders of a package of examples.
pub fn package_problems(package: &crate::example::Package) -> Vec<String> {
    let mut problems = Vec::new();
    assert!(PACKAGES.contains(&package.name.as_str()));
    for folder in ["src/lib.rs", "src/main.rs", "build.rs"] {
        if package.dir.join(folder).exists() {
            problems.push(format!(
                "{}/{folder}: examples have nothing in common",
                package.name
            ));
        }
    }
    for (kind, dependencies) in dependency_tables(&package.manifest) {
        for (name, wanted) in dependencies {
            if wanted.get("path").is_some() && kind != "dev-dependencies" {
                problems.push(format!(
                    "{}: {name} is a path, no example could be copied",
                    package.name
                ));
            }
        }
    }
    problems
}

/// Every table of dependencies in a manifest, also those of one system.
fn dependency_tables(manifest: &toml::Table) -> Vec<(&str, &toml::Table)> {
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    let targets = targets.into_iter().flat_map(|targets| targets.values());
    let tables = targets.filter_map(toml::Value::as_table).chain([manifest]);
    let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
    tables
        .flat_map(|table| kinds.map(|kind| Some((kind, table.get(kind)?.as_table()?))))
        .flatten()
        .collect()
}
