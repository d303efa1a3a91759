//! Draw who ran when: three files read in turn, concurrently, in parallel, asynchronously.
//!
//! The picture to have in mind before you choose. Each file comes in three parts, and each part
//! after a pause, as from a slow disk; all three are this program's own file. Taking turns on one
//! thread gains nothing, since a read that blocks stops all three. Threads and processes read at
//! the same time; processes take longer to start. Async code waits for several reads on one
//! thread: file 1 schedules 2 and goes on, 2 schedules 3, 3 ends, 2 ends, 1 goes on and ends. Bars
//! are the recorded times of this very run; a thin line is a file that is begun and waits. A read
//! that fails ends the run with its error. `--svg FILE` draws it for light and dark pages. Which
//! model a program of yours calls for: `choose_model`.
//!
//!     file 1 ██████▌██████▌────────────────────────────██████▌
//!     file 2        ██████▌██████▌──────────────██████▌
//!     file 3               ██████▌██████▌██████▌
//!
//! Python: a loop; generators in turn; `threading`; `multiprocessing`; `asyncio`.
//! Needs: `cargo add anyhow@1`, `cargo add clap@4 -F derive`, `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p recipes --bin execution_models
//! in turn: threads 1, reads at once 1, order 111222333
//!   file 1 [..]▌[..] process [..], thread 1
//!   file 2 [..]▌[..] process [..], thread 1
//!   file 3 [..]▌[..] process [..], thread 1
//! concurrently: threads 1, reads at once 1, order 123123123
//!   file 1 [..]▌[..] process [..], thread 1
//!   file 2 [..]▌[..] process [..], thread 1
//!   file 3 [..]▌[..] process [..], thread 1
//! in parallel, threads: threads 3, reads at once 3, order [..]
//!   file 1 [..]▌[..] process [..], thread [..]
//!   file 2 [..]▌[..] process [..], thread [..]
//!   file 3 [..]▌[..] process [..], thread [..]
//! in parallel, processes: threads 3, reads at once 3, order [..]
//!   file 1 [..]▌[..] process [..], thread 1
//!   file 2 [..]▌[..] process [..], thread 1
//!   file 3 [..]▌[..] process [..], thread 1
//! asynchronously: threads 1, reads at once 2, order 112233321
//!   file 1 [..]▌[..] process [..], thread 1
//!   file 2 [..]▌[..] process [..], thread 1
//!   file 3 [..]▌[..] process [..], thread 1
//!
//! $ cargo run -p recipes --bin execution_models -- --svg a.svg >a.txt; grep -c ^.path a.svg; rm a.*
//! 45
//!
//! $ cargo run -p recipes --bin execution_models -- --svg no/folder/a.svg
//! ? 2
//! error: invalid value 'no/folder/a.svg' for '--svg <FILE>': No such file or directory (os error [..])
//! ...
//! ```

use std::io::{BufRead, BufReader, Read, Write, stdin, stdout};
use std::process::{Command, ExitCode, Stdio, id};
use std::sync::Barrier;
use std::time::{Duration, Instant};
use std::{collections::BTreeSet, env, fs, thread};

use anyhow::{Context, Result};
use clap::Parser;
use tokio::{runtime::Builder, time, try_join};

/// One bar of the picture: task 0, 1, 2, ... ran at that place, from then to then.
pub struct Span {
    pub task: usize,
    pub place: String,
    pub from: Instant,
    pub to: Instant,
}

/// A title, facts, the start, and tasks that ran since: in the order of tasks, then of time.
pub type Group = (&'static str, String, Instant, Vec<Span>);

/// Draws the groups, a line for each task: as text, 60 characters for the longest group, and as an
/// SVG picture, light or dark as the reader's system is. Three colors take turns. Titles, facts and
/// places are taken as they are: they may not hold `<` or `&`.
pub fn draw(groups: &[Group]) -> (String, String) {
    let took = groups
        .iter()
        .flat_map(|(.., start, spans)| spans.iter().map(|s| s.to - *start));
    let longest = took.max().unwrap_or_default().as_secs_f64().max(1e-6);
    let (mut text, mut body, mut y) = (String::new(), String::new(), 40);
    for (title, facts, start, spans) in groups {
        let part = |at: Instant| at.duration_since(*start).as_secs_f64() / longest;
        let (column, x) = (
            |at| (part(at) * 60.0) as usize,
            |at| part(at) * 590.0 + 250.0,
        );
        text += &format!("{title}: {facts}\n");
        body += &format!("<text class='title' x='28' y='{y}'>{title}</text>\n");
        body += &format!("<text x='250' y='{y}'>{facts}</text>\n");
        for own in spans.chunk_by(|a, b| a.task == b.task) {
            y += 26;
            let (n, place) = (own[0].task, &own[0].place);
            let (from, to) = (own[0].from, own[own.len() - 1].to);
            let mut line = [' '; 60];
            line[column(from)..column(to)].fill('─');
            body += &format!("<g class='c{}'><text x='28' y='{}'>file ", n % 3, y + 4);
            body += &format!(
                "{}</text><path d='M{:.1} {y}m2 0H{:.1}'/>\n",
                n + 1,
                x(from),
                x(to)
            );
            for s in own {
                line[column(s.from)..column(s.to)].fill('█');
                line[column(s.to).max(1) - 1] = '▌'; // a gap, so that each is seen
                body += &format!("<path d='M{:.1} {y}m2 0H{:.1}'/>\n", x(s.from), x(s.to));
            }
            text += &format!("  file {} {} {place}\n", n + 1, String::from_iter(line));
            body += &format!("</g><text x='76' y='{}'>{place}</text>\n", y + 4);
        }
        y += 44;
    }
    let open = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 880 {}'>",
        y - 14
    );
    (text, format!("{open}{STYLE}{body}</svg>\n"))
}

const STYLE: &str = "<style> path + path { stroke-width: 16 } .page { fill: #fff }
svg { color: #59636e } .c0 { color: #2f81f7 } .c1 { color: #d9730d } .c2 { color: #2b9a66 }
path { stroke: currentColor } text { fill: currentColor; font: 12px system-ui, sans-serif }
.title { font-weight: 600; color: #1f2328 } @media (prefers-color-scheme: dark) {
svg { color: #9198a1 } .title { color: #f0f6fc } .page { fill: #0d1117 } } </style>
<rect class='page' width='100%' height='100%' rx='12'/>\n";

#[derive(Parser)]
struct Args {
    /// Draw the picture into this file as well
    #[arg(long, value_name = "FILE", value_parser = |f: &str| fs::write(f, []).map(|()| f.to_owned()))]
    svg: Option<String>,

    /// Read a part of a file for each line of stdin: the program starts itself with it
    #[arg(long, hide = true)]
    child: bool,
}

type Model = (
    &'static str,
    fn() -> Result<Vec<Span>>,
    (usize, usize),
    &'static str,
);

/// The models, how many threads read, how many reads are on their way at once, and in which order
/// the parts are begun; three at once are free in that.
const MODELS: [Model; 5] = [
    (
        "in turn",
        || read_all([0, 0, 0, 1, 1, 1, 2, 2, 2]),
        (1, 1),
        "111222333",
    ),
    (
        "concurrently",
        || read_all([0, 1, 2, 0, 1, 2, 0, 1, 2]),
        (1, 1),
        "123123123",
    ),
    ("in parallel, threads", on_threads, (3, 3), "free"),
    ("in parallel, processes", in_processes, (3, 3), "free"),
    ("asynchronously", asynchronously, (1, 2), "112233321"),
];

fn main() -> Result<ExitCode> {
    let args = Args::parse();
    if args.child {
        for _request in stdin().lines() {
            writeln!(stdout(), "{}", read(0, &Barrier::new(1))?.place)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let (mut groups, mut held) = (Vec::new(), true);
    for (title, model, expected, expected_order) in MODELS {
        let (start, mut spans) = (Instant::now(), model()?);
        spans.sort_by_key(|span| span.from);
        let order: String = spans
            .iter()
            .map(|span| (span.task + 1).to_string())
            .collect();
        let at_once = |a: &Span| {
            spans
                .iter()
                .filter(|b| b.from <= a.from && a.from < b.to)
                .count()
        };
        let at_once = spans.iter().map(at_once).max().unwrap_or(0);
        let threads = spans
            .iter()
            .map(|span| &span.place)
            .collect::<BTreeSet<_>>()
            .len();
        held &= (threads, at_once) == expected && ["free", &order].contains(&expected_order);
        let facts = format!("threads {threads}, reads at once {at_once}, order {order}");
        spans.sort_by_key(|span| span.task);
        groups.push((title, facts, start, spans));
    }
    let (text, picture) = draw(&groups);
    write!(stdout(), "{text}")?;
    args.svg.map(|file| fs::write(file, picture)).transpose()?;
    Ok(if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Blocks until `all_begun` lets it go on and the part is there, as from a slow disk.
fn read(task: usize, all_begun: &Barrier) -> Result<Span> {
    let from = Instant::now();
    all_begun.wait();
    thread::sleep(PAUSE);
    end(task, from)
}

async fn read_async(task: usize) -> Result<Span> {
    let from = Instant::now();
    time::sleep(PAUSE).await;
    end(task, from)
}

const PAUSE: Duration = Duration::from_millis(20);

fn end(task: usize, from: Instant) -> Result<Span> {
    fs::File::open(env::current_exe()?)?.read_exact(&mut [0; 4096])?; // a file that is there
    let thread = format!("{:?}", thread::current().id()).replace(|c| !char::is_numeric(c), "");
    let place = format!("process {}, thread {thread}", id());
    Ok(Span {
        task,
        place,
        from,
        to: Instant::now(),
    })
}

fn read_all(files: [usize; 9]) -> Result<Vec<Span>> {
    files
        .into_iter()
        .map(|file| read(file, &Barrier::new(1)))
        .collect()
}

fn on_threads() -> Result<Vec<Span>> {
    let all_begun = &Barrier::new(3);
    thread::scope(|s| {
        let threads = [0, 1, 2].map(|n| s.spawn(move || [n; 3].map(|file| read(file, all_begun))));
        threads
            .into_iter()
            .flat_map(|t| t.join().expect("no panic in a reader"))
            .collect()
    })
}

fn in_processes() -> Result<Vec<Span>> {
    let mut command = Command::new(env::current_exe()?);
    command
        .arg("--child")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut children = [command.spawn()?, command.spawn()?, command.spawn()?];
    let mut spans = Vec::new();
    for _ in 0..3 {
        let from = Instant::now();
        for child in &mut children {
            child.stdin.as_mut().context("no pipe")?.write_all(b"\n")?;
        }
        for (task, child) in children.iter_mut().enumerate() {
            let answers = BufReader::new(child.stdout.as_mut().context("no pipe")?);
            let place = answers.lines().next().context("a child has ended")??;
            spans.push(Span {
                task,
                place,
                from,
                to: Instant::now(),
            });
        }
    }
    children
        .iter_mut()
        .try_for_each(|child| child.wait().map(drop))?; // closes its stdin first
    Ok(spans)
}

fn asynchronously() -> Result<Vec<Span>> {
    Builder::new_current_thread()
        .enable_time()
        .build()?
        .block_on(nested(0))
}

/// Reads a part, schedules the next file and goes on, waits for that one, and ends.
async fn nested(file: usize) -> Result<Vec<Span>> {
    let first = read_async(file).await?;
    let next = async {
        if file == 2 {
            Ok(Vec::new())
        } else {
            nested(file + 1).await
        }
    };
    let (second, others) = try_join!(biased; read_async(file), Box::pin(next))?;
    Ok([first, second, read_async(file).await?]
        .into_iter()
        .chain(others)
        .collect())
}
