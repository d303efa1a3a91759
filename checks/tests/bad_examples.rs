//! Shows each check failing on a bad example, and saying why.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use checks::anatomy::TestFile;
use checks::example::{Example, Package};
use checks::run::{Binaries, Run, check, once, runs};
use checks::{anatomy, copies, index};

/// An example without a fault; the tests put one in.
const GOOD: &str = r#"//! Say hello.
//!
//! Use it when you meet somebody.
//!
//! Python: `print("hello")`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p threading --bin hello
//! hello
//! ```

/// Prints a greeting.
pub fn greet() {
    println!("hello");
}

// ---- Demo ----------------------------------------------------------------------------------

fn main() {
    greet();
}
"#;

fn example(text: &str) -> Example {
    let (package, name) = ("threading".to_owned(), "hello".to_owned());
    Example {
        package,
        name,
        path: "hello.rs".into(),
        text: text.to_owned(),
    }
}

fn package(examples: Vec<Example>) -> Package {
    let (name, dir, refused, features, manifest) = Default::default();
    Package {
        name,
        dir,
        examples,
        refused,
        features,
        manifest,
    }
}

// ---- Headers: what is no run.

#[track_caller]
fn no_runs(good: &str, bad: &str, why: &str) {
    assert!(GOOD.contains(good), "nothing to break: {good}");
    let error = runs(&example(&GOOD.replacen(good, bad, 1)))
        .unwrap_err()
        .to_string();
    assert!(error.contains(why), "{error}");
}

#[test]
fn the_good_header_has_one_run() {
    let wanted = Run {
        command: "cargo run -p threading --bin hello".to_owned(),
        status: 0,
        output: "hello".to_owned(),
        unordered: false,
    };
    assert_eq!(runs(&example(GOOD)).unwrap(), [wanted]);
}

#[test]
fn every_block_counts() {
    let two = GOOD.replace(
        "//! hello\n",
        "//! hello\n//! ```\n//! And:\n//! ```console unordered\n//! $ cargo run -p threading --bin hello \\\n//!   -- 2\n//! ? 3\n//! b\n//!\n//! a\n//!\n",
    );
    let runs = runs(&example(&two)).unwrap();
    assert_eq!(runs.len(), 2);
    assert_eq!(
        runs[1].command,
        "cargo run -p threading --bin hello \\\n  -- 2"
    );
    assert_eq!(
        (runs[1].status, runs[1].unordered, &*runs[1].output),
        (3, true, "b\n\na")
    );
}

#[test]
fn headers_that_are_refused() {
    no_runs(
        "//! $ cargo run -p threading --bin hello\n//! hello\n",
        "",
        "shows no run",
    );
    no_runs("//! ```console\n", "//! ```text\n", "unknown kind");
    no_runs("//! hello\n//! ```", "//! hello", "without an end");
    no_runs(
        "//! $ cargo",
        "//! text\n//! $ cargo",
        "text before the first command",
    );
    no_runs(
        "//! $ cargo",
        "//! ? 1\n//! $ cargo",
        "text before the first command",
    );
    no_runs("//! hello\n//! ```", "//! $hello\n//! ```", "not a command");
    no_runs("//! hello\n//! ```", "//! ? one\n//! ```", "? one");
    no_runs("$ cargo run", "$ ls; echo", "does not call cargo");
    no_runs("$ cargo run", "$ cargo build", "not `cargo run");
    no_runs("-p threading", "-p asyncio", "not `cargo run -p threading");
    no_runs("--bin hello", "--bin other", "--bin hello`");
    no_runs(
        "--bin hello",
        "--bin hello | cargo run -p threading --bin other",
        "--bin hello`",
    );
}

// ---- Runs that go wrong. A shell script stands in for the binary.

/// Runs the header's command, whose program is `script`, and returns what the check says.
fn run_script(script: &str, header: &str) -> Result<(), String> {
    run_script_for(script, header, Duration::from_secs(20))
}

fn run_script_for(script: &str, header: &str, limit: Duration) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let binary = folder.path().join("hello");
    fs::write(&binary, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&binary, fs::Permissions::from_mode(0o755)).unwrap();
    let binaries = Binaries {
        package: "threading".to_owned(),
        paths: vec![("hello".to_owned(), binary)],
    };
    let header = header
        .lines()
        .map(|line| format!("//! {line}\n"))
        .collect::<String>();
    let runs = runs(&example(&format!("//! ```console\n{header}//! ```\n"))).unwrap();
    runs.iter()
        .try_for_each(|run| once(run, &binaries, limit))
        .map_err(|e| format!("{e:#}"))
}

const HELLO: &str = "$ cargo run -p threading --bin hello";

#[track_caller]
fn goes_wrong(script: &str, header: &str, why: &str) {
    let error = run_script(script, header).expect_err("a check that cannot fail");
    assert!(error.contains(why), "{error}");
}

#[test]
fn good_runs() {
    run_script("echo hello", &format!("{HELLO}\nhello")).unwrap();
    run_script(
        "echo out; echo err >&2; exit 3",
        &format!("{HELLO}\n? 3\nout\nerr"),
    )
    .unwrap();
    run_script(
        "echo \"a $$ b\"; seq 9",
        &format!("{HELLO}\na [..] b\n1\n...\n9"),
    )
    .unwrap();
    run_script(
        "cat; echo $A $2",
        &format!("echo in | A=x {} -- 1 '2 3'\nin\nx 2 3", &HELLO[2..])
            .replacen("echo", "$ echo", 1),
    )
    .unwrap();
    run_script("echo; echo b; echo", &format!("{HELLO}\n\nb\n")).unwrap();
}

#[test]
fn another_output_or_status() {
    goes_wrong("echo goodbye", &format!("{HELLO}\nhello"), "goodbye");
    goes_wrong("echo hello; echo more", &format!("{HELLO}\nhello"), "more");
    goes_wrong("exit 1", HELLO, "exit status: 1, the header says 0");
    goes_wrong("kill -9 $$", HELLO, "the header says 0");
    goes_wrong(
        "echo hello",
        &format!("{HELLO}\n? 1\nhello"),
        "the header says 1",
    );
    goes_wrong("printf hello", &format!("{HELLO}\nhello"), "no end of line");
    goes_wrong(
        "echo b; echo a",
        &format!("{HELLO}\na\nb"),
        "another output",
    );
}

#[test]
fn lines_in_any_order() {
    let run = |output: &str, unordered| Run {
        command: HELLO[2..].to_owned(),
        status: 101, // there is no binary
        output: output.to_owned(),
        unordered,
    };
    let none = Binaries {
        package: "threading".to_owned(),
        paths: Vec::new(),
    };
    let said = "this cargo only runs this example, not: run -p threading --bin hello";
    once(&run(said, true), &none, Duration::from_secs(20)).unwrap();
    let [ordered, unordered] = [false, true].map(|unordered| {
        let command = "printf 'b\\na\\n'".to_owned();
        let run = Run {
            command,
            status: 0,
            output: "a\nb".to_owned(),
            unordered,
        };
        once(&run, &none, Duration::from_secs(20))
    });
    assert!(ordered.is_err() && unordered.is_ok());
}

#[test]
fn only_the_example_runs() {
    goes_wrong(
        "",
        "$ sh -c 'cargo build'; cargo run -p threading --bin hello",
        "only runs this",
    );
    goes_wrong("", &format!("{HELLO} 1"), "only runs this example");
}

#[test]
fn the_environment_is_clean() {
    // Whatever is set for the tests, a run sees none of it.
    let names = "env | grep -E '^(RUST|RAYON|TOKIO|CLICOLOR|CARGO|.*_proxy|.*_PROXY)' && exit 1";
    run_script(&format!("{names}; [ -d \"$TMPDIR\" ]"), HELLO).unwrap();
}

#[test]
fn what_is_left_behind() {
    goes_wrong("touch rest", HELLO, "left a file behind: rest");
    goes_wrong("touch $TMPDIR/rest", HELLO, "left a file behind: rest");
    goes_wrong("sleep 600 &", HELLO, "left processes behind: sleep");
    goes_wrong(
        "setsid sleep 600 >/dev/null 2>&1 </dev/null &",
        HELLO,
        "processes behind: sleep",
    );
}

#[test]
fn runs_that_do_not_end() {
    for script in [
        "sleep 600",
        "sleep 600 & wait",
        "trap '' TERM; while :; do sleep 1; done",
    ] {
        let error = run_script_for(script, HELLO, Duration::from_millis(300)).unwrap_err();
        assert!(error.contains("it ran for more than 300ms"), "{error}");
    }
}

#[test]
fn a_verdict_that_comes_and_goes() {
    // CHECK_REPEAT is read from the environment, so this test runs itself with it.
    let Some(folder) = std::env::var_os("BAD_EXAMPLES_FOLDER") else {
        let folder = tempfile::tempdir().unwrap();
        let mut again = Command::new(std::env::current_exe().unwrap());
        again
            .args(["--exact", "a_verdict_that_comes_and_goes"])
            .env("CHECK_REPEAT", "5");
        let again = again
            .env("BAD_EXAMPLES_FOLDER", folder.path())
            .output()
            .unwrap();
        return assert!(
            again.status.success(),
            "{}",
            String::from_utf8_lossy(&again.stdout)
        );
    };
    let binary = Path::new(&folder).join("hello");
    let script = "#!/bin/sh\necho run >> \"$0.log\"; [ $(wc -l < \"$0.log\") != 3 ]\n";
    fs::write(&binary, script).unwrap();
    fs::set_permissions(&binary, fs::Permissions::from_mode(0o755)).unwrap();
    let paths = vec![("hello".to_owned(), binary)];
    let binaries = Binaries {
        package: "threading".to_owned(),
        paths,
    };
    let run = Run {
        command: HELLO[2..].to_owned(),
        status: 0,
        output: String::new(),
        unordered: false,
    };
    let error = check(&run, &binaries).unwrap_err().to_string();
    assert!(error.starts_with("1 of 5 runs went wrong"), "{error}");
}

// ---- Services and features.

#[test]
fn what_a_run_needs() {
    let call = "$ NO_SUCH_URL=${NO_SUCH_URL:-redis://[..]} cargo run";
    let run = &runs(&example(&GOOD.replace("$ cargo run", call))).unwrap()[0];
    let command = |on, features: &[&str]| {
        let features: Vec<_> = features.iter().map(|&name| name.to_owned()).collect();
        run.missing(on)
            .expect("something")
            .command("recipes", "hello", &features)
    };
    let service = "CHECK_SERVICES=1 NO_SUCH_URL=... cargo test -p recipes --test examples -- hello";
    assert_eq!(command(true, &[]), service);
    let both = service.replace(" --test", " -F db --test");
    assert_eq!(command(true, &["db"]), both);
    let feature = "cargo test -p recipes -F db,tls --test examples -- hello";
    assert_eq!(command(false, &["db", "tls"]), feature);
    let run = &runs(&example(GOOD)).unwrap()[0];
    assert!(run.missing(true).is_none());
    assert!(run.check_features(&[]).is_ok());
    assert!(run.check_features(&["db".to_owned()]).is_err());
    let with = GOOD.replace("--bin hello", "--bin hello -F db");
    let run = &runs(&example(&with)).unwrap()[0];
    assert!(run.check_features(&["db".to_owned()]).is_ok());
    assert!(run.check_features(&[]).is_err());
}

#[test]
fn required_features() {
    let manifest = "[[bin]]\nname = \"hello\"\npath = \"x\"\nrequired-features = [\"db\"]";
    let package = Package {
        manifest: manifest.parse().unwrap(),
        ..package(Vec::new())
    };
    assert_eq!(package.required_features("hello"), ["db"]);
    assert!(package.required_features("other").is_empty());
}

// ---- Anatomy.

#[track_caller]
fn misshapen(good: &str, bad: &str, why: &str) {
    assert!(GOOD.contains(good), "nothing to break: {good}");
    let bad = example(&GOOD.replacen(good, bad, 1));
    let problems = anatomy::problems(&bad, std::slice::from_ref(&bad));
    assert!(
        problems.iter().any(|problem| problem.contains(why)),
        "{problems:?}"
    );
}

#[test]
fn the_good_example_is_well_made() {
    let good = example(GOOD);
    assert_eq!(
        anatomy::problems(&good, std::slice::from_ref(&good)),
        [""; 0]
    );
}

#[test]
fn headers_that_are_misshapen() {
    misshapen("Say hello.", "Say hello", "first line is a sentence");
    misshapen("//! Say hello.\n//!\n", "//! Say hello.\n", "second line");
    misshapen("//! Python", "//! Snake", "no line `Python: ...`");
    misshapen("//! Needs: nothing", "//!", "no line `Needs: ...`");
    misshapen("//! Needs: nothing", "//! Needs: little", "`Needs:` is");
    misshapen(
        "//! Needs",
        "//! Copy: `greet`\n//! Needs",
        "there is no `Copy:`",
    );
    misshapen(
        "//! Needs",
        "//! Runs on: Linux\n//! Needs",
        "`Runs on:` stands too early",
    );
    misshapen(
        "Use it when",
        &format!("Use it {} when", "again ".repeat(20)),
        "wider than 100",
    );
    let line = "Use it when you meet somebody.\n//! ";
    misshapen(
        "Use it when you meet somebody.",
        &(line.repeat(5) + "Again."),
        "at most five lines: Again.",
    );
}

#[test]
fn needs_that_are_wrong() {
    let rayon = "//! Needs: `cargo add rayon@1`";
    misshapen("//! Needs: nothing", rayon, "rayon, which is never used");
    // Used by the demo only, so that it belongs behind `Demo needs:`.
    let text = GOOD.replace("//! Needs: nothing", rayon);
    let used = example(&text.replace("    greet();", "    rayon::join(greet, greet);"));
    let problems = anatomy::problems(&used, std::slice::from_ref(&used));
    assert_eq!(
        problems,
        ["`Needs:` names rayon, which is never used there"]
    );
    misshapen(
        "//! Needs: nothing",
        "//! Needs: nothing\n//! Demo needs: `cargo add rayon@1 -F x`",
        "`Demo needs:` names rayon",
    );
    misshapen(
        "//! Needs: nothing",
        "//! Needs: nothing\n//! Demo needs: more",
        "`Demo needs:` are",
    );
    misshapen("    greet();", "    nix::greet();", "Runs on");
}

#[test]
fn demo_lines_that_are_wrong() {
    let line = checks::example::DEMO;
    misshapen(line, "// ---- Demo ----", "not like the others");
    misshapen(line, "// Only for the demo from here on.", "not like the");
    misshapen(
        line,
        &format!("{line}\n\n{line}"),
        "more than one Demo line",
    );
    misshapen(line, &format!("fn main() {{}}\n\n{line}"), "`main` stands");
    misshapen("pub fn greet", "fn greet", "nothing above the Demo line");
    misshapen("fn main", "mod hello;\n\nfn main", "no `mod`");
    misshapen(
        "Prints a",
        &"Prints, and again ".repeat(6),
        "wider than 100",
    );
    let without = GOOD.replace(line, "").replace(
        "//! Needs: nothing",
        "//! Needs: nothing\n//! Demo needs: `cargo add rayon@1`",
    );
    let without = example(&without.replace("    greet();", "    rayon::join(greet, greet);"));
    let problems = anatomy::problems(&without, std::slice::from_ref(&without));
    assert_eq!(problems, ["`Demo needs:` without a Demo line"]);
}

// ---- Proofs and models.

#[test]
fn headers_and_tests_that_do_not_name_each_other() {
    let proof = |name: &str, text: &str| TestFile {
        name: name.to_owned(),
        text: text.to_owned(),
    };
    let path = r#"#[path = "../../src/bin/hello.rs"]"#;
    let tested = "//! Needs: nothing\n//! Tested: `threading/tests/proof/hello.rs`";
    let named = example(&GOOD.replace("//! Needs: nothing", tested));
    let unnamed = example(GOOD);
    let taking = proof("threading/tests/proof/hello.rs", path);
    let running = proof(
        "threading/tests/proof/hello.rs",
        r#"env!("CARGO_BIN_EXE_hello")"#,
    );
    let other = proof(
        "threading/tests/proof/hello.rs",
        &path.replace("hello", "say_hello"),
    );
    let problems = |example: &Example, tests: &[TestFile]| {
        anatomy::tested_problems(std::slice::from_ref(example), tests)
    };

    assert_eq!(problems(&named, &[taking]), [""; 0]);
    assert_eq!(problems(&named, &[running]), [""; 0]);
    assert_eq!(problems(&unnamed, &[]), [""; 0]);
    assert_eq!(
        problems(&named, &[]),
        ["hello: threading/tests/proof/hello.rs does not take it in"]
    );
    assert_eq!(
        problems(&named, &[other]),
        [
            "hello: threading/tests/proof/hello.rs does not take it in",
            "threading/tests/proof/hello.rs takes no example in"
        ]
    );
    let model = proof("models/tests/hello.rs", path);
    assert_eq!(
        problems(&unnamed, &[model]),
        ["hello: `Tested:` does not name models/tests/hello.rs"]
    );
}

#[test]
fn a_name_stands_once() {
    let good = example(GOOD);
    let twin = Example {
        package: "asyncio".to_owned(),
        ..good.clone()
    };
    let problems = anatomy::problems(&good, &[good.clone(), twin]);
    assert_eq!(problems, ["the name stands in threading and asyncio"]);
}

/// A pair without a fault.
fn pair() -> [Example; 2] {
    let broken = "//! Race: too late.\n//!\n//! You see: nothing.\n//! Why: time.\n//! Rule: hurry.\n//!\n\
        //! Python: `sleep`.\n//! Caught by: nothing.\n//! Fixed: `race_late_fixed`\n//! Needs: nothing\n//!\n\
        //! ```console\n//! $ cargo run -p pitfalls --bin race_late_broken\n//! ? 1\n//! ```\n\
        fn main() {} // BROKEN: late\n";
    let fixed = "//! Fixed: in time.\n//!\n//! Python: `sleep`.\n//! Broken: `race_late_broken`\n\
        //! Needs: nothing\n//!\n//! ```console\n//! $ cargo run -p pitfalls --bin race_late_fixed\n//! ```\n\
        fn main() {} // FIXED: early\n";
    [("broken", broken), ("fixed", fixed)].map(|(half, text)| Example {
        package: "pitfalls".to_owned(),
        name: format!("race_late_{half}"),
        path: half.into(),
        text: text.to_owned(),
    })
}

#[track_caller]
fn bad_pair(half: usize, good: &str, bad: &str, why: &str) {
    let mut both = pair();
    assert!(both[half].text.contains(good), "nothing to break: {good}");
    both[half].text = both[half].text.replacen(good, bad, 1);
    let problems = anatomy::problems(&both[half], &both);
    assert!(
        problems.iter().any(|problem| problem.contains(why)),
        "{problems:?}"
    );
}

#[test]
fn pairs_that_are_misshapen() {
    let both = pair();
    assert_eq!(anatomy::problems(&both[0], &both), [""; 0]);
    assert_eq!(anatomy::problems(&both[1], &both), [""; 0]);
    for key in ["You see", "Why", "Rule", "Caught by", "Fixed", "Python"] {
        bad_pair(
            0,
            &format!("//! {key}:"),
            "//! Other:",
            &format!("no line `{key}"),
        );
    }
    bad_pair(1, "//! Broken:", "//! Other:", "no line `Broken");
    bad_pair(
        0,
        "`race_late_fixed`",
        "`race_early_fixed`",
        "names `race_late_fixed`",
    );
    bad_pair(0, "? 1", "? 0", "always exits with 1");
    bad_pair(
        1,
        "_fixed\n//! ```",
        "_fixed\n//! ? 1\n//! ```",
        "always exits with 0",
    );
    bad_pair(0, "// BROKEN:", "//", "`// BROKEN: ...`");
    bad_pair(1, "// FIXED:", "//", "`// FIXED: ...`");
    bad_pair(
        1,
        "fn main",
        "// only for the demo: a wait\nfn main",
        "broken half only",
    );
    let [broken, _] = pair();
    let problems = anatomy::problems(&broken, std::slice::from_ref(&broken));
    assert_eq!(problems, ["the other half is missing: race_late_fixed"]);
}

#[test]
fn packages_with_something_in_common() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("threading");
    fs::create_dir_all(dir.join("src/bin")).unwrap();
    fs::write(dir.join("src/lib.rs"), "").unwrap();
    let manifest = "[dev-dependencies]\nchecks.path = \"../checks\"\n[target.'cfg(unix)'.dependencies]\nx = { path = \"../x\" }\n";
    fs::write(dir.join("Cargo.toml"), manifest).unwrap();
    let problems = anatomy::package_problems(&Package::load(&dir).unwrap());
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].contains("src/lib.rs") && problems[1].contains("x is a path"));
}

// ---- The tables of the READMEs.

#[test]
fn rows_that_are_missing_stale_or_dangling() {
    let [broken, fixed] = pair();
    let mut tables = index::tables(&package(vec![example(GOOD), broken, fixed]));
    let head = "| program | what it shows | Python |\n|---|---|---|\n";
    let hello = "| [`hello`](src/bin/hello.rs) | Say hello. | `print(\"hello\")` |\n";
    let late = "| `race_late` [broken](src/bin/race_late_broken.rs) [fixed](src/bin/race_late_fixed.rs) | Too late. | `sleep`. |\n";
    let tools = "| pair | rustc | clippy | shuttle | loom | parking_lot | task dump | nothing |\n\
        |---|---|---|---|---|---|---|---|\n| `race_late` |  |  |  |  |  |  | nothing |\n";
    let readme =
        format!("# A\n\n## B\n\n{head}{hello}\n## C\n\n{head}{late}\n{tools}\n| other | table |\n");
    assert_eq!(index::updated(&readme, &tables).unwrap(), readme);

    let file = tempfile::NamedTempFile::new().unwrap();
    let complaint = |readme: &str| {
        fs::write(file.path(), readme).unwrap();
        let error = index::check(file.path(), &tables).unwrap_err().to_string();
        assert!(error.starts_with("`cargo index` fixes "), "{error}");
        assert!(index::write(file.path(), &tables).unwrap());
        index::check(file.path(), &tables).unwrap();
        error
    };
    assert!(complaint(&readme.replace(hello, "")).contains("+ | [`hello`]"));
    assert!(
        complaint(&readme.replace("Say hello.", "Say hi."))
            .contains("- | [`hello`](src/bin/hello.rs) | Say hi.")
    );
    assert!(
        complaint(&readme.replace(
            hello,
            &format!("{hello}| [`gone`](src/bin/gone.rs) | Gone. | |\n")
        ))
        .contains("- | [`gone`]")
    );
    assert!(complaint(&readme.replace(hello, &format!("{hello}{hello}"))).contains("fixes"));
    // A bare name in a table is filled in where it stands; what stands nowhere goes to its like.
    let bare = readme.replace(hello, "| hello |\n");
    assert_eq!(index::updated(&bare, &tables).unwrap(), readme);
    assert!(index::updated("# No table\n", &tables).is_err());
    tables[0]
        .rows
        .insert("race_later".to_owned(), "| `race_later` |".to_owned());
    let wanted = readme.replace(late, &format!("{late}| `race_later` |\n"));
    assert_eq!(index::updated(&readme, &tables).unwrap(), wanted);
}

#[test]
fn what_sees_a_mistake() {
    let row = |caught: &str| {
        let [mut broken, _] = pair();
        broken.text = broken
            .text
            .replace("Caught by: nothing.", &format!("Caught by: {caught}"));
        let tables = index::tables(&package(vec![broken]));
        tables[1].rows["race_late"].clone()
    };
    assert_eq!(
        row("no lint."),
        "| `race_late` |  |  |  |  |  |  | nothing |"
    );
    assert_eq!(
        row("shuttle cannot."),
        "| `race_late` |  |  |  |  |  |  | nothing |"
    );
    assert_eq!(
        row(
            "clippy `a` (opt-in); without `=`, rustc `b`; shuttle (`models/tests/x.rs`);\n//! parking_lot's `d`."
        ),
        "| `race_late` | `b` | `a` | yes |  | yes |  |  |"
    );
}

#[test]
fn what_the_compiler_refuses() {
    let text =
        "//! Refused: a lock is left.\n//!\n//! Python: `x`.\n\nfn main() {} // REFUSED: E0277\n";
    let refused = vec![example(text)];
    let tables = index::tables(&Package {
        refused,
        ..package(Vec::new())
    });
    let row = "| [`hello`](refused/hello.rs) | A lock is left. | `x`. | `E0277` |";
    assert_eq!(tables[1].rows["hello"], row);
}

// ---- Copies.

/// Copies of files that say what is given, as cargo sees them: those that do not compile.
fn failing(files: &[(&str, String)], needs: &[&str]) -> anyhow::Result<BTreeMap<String, String>> {
    let folder = tempfile::tempdir()?;
    let lock = checks::example::workspace().join("Cargo.lock");
    let mut copied = Vec::new();
    for (name, text) in files {
        let name = (*name).to_owned();
        copied.extend(copies::of(&Example {
            name,
            ..example(text)
        }));
    }
    let needs: Vec<_> = needs.iter().map(|need| (*need).to_owned()).collect();
    let project = folder.path().join("copy");
    let target = folder.path().join("target");
    copies::build(&project, &needs, &copied, &lock, &target)
}

#[test]
fn a_wrong_needs() {
    let files = [
        ("good", "fn main() {}".to_owned()),
        ("bad", "use anyhow as _;\nfn main() {}".to_owned()),
    ];
    let failed = failing(&files, &[]).unwrap();
    assert_eq!(failed.keys().collect::<Vec<_>>(), ["bad"]);
    assert!(failed["bad"].contains("anyhow"), "{failed:?}");
    let failed = failing(&files, &["cargo add anyhow@1"]).unwrap();
    assert_eq!(failed, BTreeMap::new());
    let needs = ["cargo add anyhow@1 -F no-such-feature"];
    let error = failing(&files, &needs).unwrap_err().to_string();
    assert!(error.contains("no-such-feature"), "{error}");
}

/// What people copy is a library of its own: it has its imports, and nothing for the demo.
#[test]
fn a_part_to_copy_that_does_not_stand_alone() {
    let add = |above: &str, below: &str| {
        let text = GOOD.replace("/// Prints a", &format!("{above}\n/// Prints a"));
        text.replace("fn main", &format!("{below}\nfn main"))
    };
    let for_the_demo = "use std::thread;\n";
    let used_below = "fn idle() {\n    thread::yield_now();\n}\npub fn demo() {\n    idle();\n}\n";
    let files = [
        ("good", GOOD.to_owned()),
        ("import_for_the_demo", add(for_the_demo, used_below)),
        (
            "helper_for_the_demo",
            add("fn help() {}\n", "pub fn demo() {\n    help();\n}\n"),
        ),
        (
            "needs_the_demo",
            add("pub fn ask() {\n    answer();\n}\n", "fn answer() {}\n"),
        ),
    ];
    let failed = failing(&files, &[]).unwrap();
    let above_demo: Vec<_> = failed
        .keys()
        .filter(|name| name.ends_with("_above_demo"))
        .collect();
    assert_eq!(
        above_demo,
        [
            "helper_for_the_demo_above_demo",
            "import_for_the_demo_above_demo",
            "needs_the_demo_above_demo"
        ]
    );
}
