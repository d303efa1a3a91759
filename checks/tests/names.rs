//! Shows the check of the tables of names failing on each mistake that it is there for.

use checks::names::problems;

const NAMES: [(&str, &str); 1] = [("timers", "Timer Timer.cancel")];

const GOOD: &str = "\
## Timers

| program | what it shows | Python |
|---|---|---|
| [`timer_cancel`](src/bin/timer_cancel.rs) | Run something later. | `Timer` |

### `timers`

| Python | Rust | program |
|---|---|---|
| `Timer` | none, because a thread that sleeps is one | |
| `Timer.cancel` | a channel that is closed | [`timer_cancel`](src/bin/timer_cancel.rs) |
";

const ROW: &str =
    "| `Timer.cancel` | a channel that is closed | [`timer_cancel`](src/bin/timer_cancel.rs) |";

#[test]
fn a_good_table() {
    assert_eq!(problems(GOOD, &NAMES), [""; 0]);
}

/// Puts `bad` into the table in place of the good row.
#[track_caller]
fn wrong(bad: &str, problem: &str) {
    let readme = GOOD.replace(ROW, bad);
    assert_eq!(problems(&readme, &NAMES), [problem]);
}

#[test]
fn tables_with_a_mistake() {
    wrong("|-", "timers.Timer.cancel has 0 rows, not one");
    wrong(
        &format!("{ROW}\n{ROW}"),
        "timers.Timer.cancel has 2 rows, not one",
    );
    wrong(
        &ROW.replace("| `Timer.cancel`", "| `Timer.cancel`, `Timer.kill`"),
        "no such name in Python's timers: Timer.kill",
    );
    wrong(
        &ROW.replace("timer_cancel", "timer_kill"),
        "not a link to a program of the tables above: [`timer_kill`](src/bin/timer_kill.rs)",
    );
    wrong(
        "| `Timer.cancel` | none | |",
        "neither what Rust has nor \"none, because\": `Timer.cancel`",
    );
    wrong(
        "| `Timer.cancel` | a method | |",
        "no program shows it: `Timer.cancel`",
    );
}
