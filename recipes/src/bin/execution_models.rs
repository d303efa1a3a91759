//! See what sequential, concurrent, parallel and asynchronous mean: three files, four timelines.
//!
//! Use it as the picture to have in mind before you choose a model. Three files come from a server,
//! each in three parts, and a block is the time of one read. On one thread that blocks, nine reads
//! take nine times as long as one, whether the files take turns or not. Three threads block at the
//! same time. Async code waits for three reads at once, on one thread, and blocks none.
//!
//! - The blocks are what the run recorded. The server here answers all its clients at the same
//!   moment, so that they are the same on each run.
//! - The files come over a network. Reading from a disk blocks a thread in async code as well:
//!   `slow_tokio_fs`.
//! - Where a program computes and does not wait, only more threads help: `cpu_bound_compare`.
//! - With `--svg PATH` it also draws the picture into a file, for light and dark pages.
//! - To find out which model fits a program that you have: `choose_model`.
//!
//! Python: a loop; a loop over generators; `ThreadPoolExecutor(3).map`; `asyncio.gather`
//! Needs: `cargo add anyhow@1 futures@0.3 rayon@1`, `cargo add clap@4 -F derive`,
//! `cargo add tokio@1 -F sync`
//! Tested: `recipes/tests/proof/execution_models.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin execution_models
//! sequential, threads: 1, reads at once: 1
//!   file 1 ██ ██ ██
//!   file 2          ██ ██ ██
//!   file 3                   ██ ██ ██
//! concurrent, threads: 1, reads at once: 1
//!   file 1 ██       ██       ██
//!   file 2    ██       ██       ██
//!   file 3       ██       ██       ██
//! parallel, threads: 3, reads at once: 3
//!   file 1 ██ ██ ██
//!   file 2 ██ ██ ██
//!   file 3 ██ ██ ██
//! asynchronous, threads: 1, reads at once: 3
//!   file 1 ░░ ░░ ░░
//!   file 2 ░░ ░░ ░░
//!   file 3 ░░ ░░ ░░
//! ```

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread::{self, ThreadId};

use anyhow::{Context, Result};
use clap::Parser;
use futures::executor::block_on;
use futures::join;
use tokio::sync::Barrier;

pub const FILES: usize = 3;
pub const PARTS: usize = 3;

pub fn sequential() -> Vec<Read> {
    let server = Server::new(1);
    for file in 0..FILES {
        for _part in 0..PARTS {
            server.read_blocking(file);
        }
    }
    server.reads()
}

pub fn concurrent() -> Vec<Read> {
    let server = Server::new(1);
    for _part in 0..PARTS {
        for file in 0..FILES {
            server.read_blocking(file);
        }
    }
    server.reads()
}

pub fn parallel() -> Result<Vec<Read>> {
    let server = Server::new(FILES);
    let threads = rayon::ThreadPoolBuilder::new().num_threads(FILES);
    threads.build()?.broadcast(|thread| {
        for _part in 0..PARTS {
            server.read_blocking(thread.index());
        }
    });
    Ok(server.reads())
}

pub fn asynchronous() -> Vec<Read> {
    let server = Server::new(FILES);
    let read_file = async |file| {
        for _part in 0..PARTS {
            server.read(file, false).await;
        }
    };
    block_on(async { join!(read_file(0), read_file(1), read_file(2)) });
    server.reads()
}

/// Stands for a slow server. It answers as soon as all its clients have asked for something.
struct Server {
    clients: Barrier,
    time: AtomicUsize,
    log: Mutex<Vec<Read>>,
}

/// A read as the run recorded it.
pub struct Read {
    pub file: usize,
    pub time: usize,
    thread: ThreadId,
    blocks: bool,
}

impl Server {
    fn new(clients: usize) -> Self {
        Self {
            clients: Barrier::new(clients),
            time: AtomicUsize::new(0),
            log: Mutex::default(),
        }
    }

    /// Reads the next part of a file, and blocks the thread meanwhile.
    fn read_blocking(&self, file: usize) {
        block_on(self.read(file, true));
    }

    /// Reads the next part of a file. The thread is free meanwhile.
    async fn read(&self, file: usize, blocks: bool) {
        self.log.lock().unwrap().push(Read {
            file,
            time: self.time.load(Relaxed), // the barrier orders it
            thread: thread::current().id(),
            blocks,
        });
        let answer = self.clients.wait().await;
        if answer.is_leader() {
            self.time.fetch_add(1, Relaxed);
        }
        self.clients.wait().await; // nobody asks again before the time has advanced
    }

    /// What was recorded. Reads of the same time are in the order of the files.
    fn reads(self) -> Vec<Read> {
        let mut reads = self.log.into_inner().unwrap();
        reads.sort_by_key(|read| (read.time, read.file));
        reads
    }
}

#[derive(Parser)]
struct Args {
    /// Also draw the picture into this file
    #[arg(long, value_name = "PATH")]
    svg: Option<PathBuf>,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let models = [
        ("sequential", sequential()),
        ("concurrent", concurrent()),
        ("parallel", parallel()?),
        ("asynchronous", asynchronous()),
    ];
    let mut svg = SVG_START.to_owned();
    let mut top = 24;
    for (name, reads) in &models {
        print(name, reads);
        draw(name, reads, top, &mut svg);
        top += 94;
    }
    svg += SVG_END;
    if let Some(path) = args.svg {
        write_whole(&path, &svg).with_context(|| format!("{}", path.display()))?;
    }
    Ok(())
}

pub fn facts(reads: &[Read]) -> String {
    let mut threads = HashSet::new();
    let mut times = HashSet::new();
    for read in reads {
        threads.insert(read.thread);
        times.insert(read.time);
    }
    let at_once = reads.len() / times.len();
    format!("threads: {}, reads at once: {at_once}", threads.len())
}

fn print(name: &str, reads: &[Read]) {
    println!("{name}, {}", facts(reads));
    for file in 0..FILES {
        print!("  file {}", file + 1);
        let mut time = 0;
        for read in reads.iter().filter(|read| read.file == file) {
            let gap = 3 * (read.time - time);
            let block = if read.blocks { "██" } else { "░░" };
            print!("{:gap$} {block}", "");
            time = read.time + 1;
        }
        println!();
    }
}

fn draw(name: &str, reads: &[Read], top: usize, svg: &mut String) {
    let facts = facts(reads);
    let baseline = top + 13;
    *svg += &format!("<text class='name' x='24' y='{baseline}'>{name}</text>\n");
    *svg += &format!("<text x='24' y='{}'>{facts}</text>\n", baseline + 22);
    for read in reads {
        let x = 230 + 51 * read.time;
        let y = top + 22 * read.file;
        let file = read.file + 1;
        let class = if read.blocks { "" } else { " waits" };
        *svg += &format!(
            "<rect class='file{file}{class}' x='{x}' y='{y}' width='46' height='17' rx='4'/>\n"
        );
    }
}

const SVG_START: &str = "\
<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 712 440'>
<style>
text { font: 13px system-ui, sans-serif; fill: #59636e }
.name { font-weight: 600; font-size: 15px; fill: #1f2328 }
.page { fill: #ffffff }
.file1 { fill: #2f81f7; stroke: #2f81f7 }
.file2 { fill: #d9730d; stroke: #d9730d }
.file3 { fill: #2b9a66; stroke: #2b9a66 }
.key { fill: #808a94; stroke: #808a94 }
.waits { fill-opacity: 0.12; stroke-dasharray: 4 3 }
@media (prefers-color-scheme: dark) {
text { fill: #9198a1 } .name { fill: #f0f6fc } .page { fill: #0d1117 }
}
</style>
<rect class='page' width='712' height='440' rx='12'/>
";

const SVG_END: &str = "\
<rect class='file1' x='24' y='404' width='17' height='17' rx='4'/>
<text x='48' y='417'>file 1</text>
<rect class='file2' x='98' y='404' width='17' height='17' rx='4'/>
<text x='122' y='417'>file 2</text>
<rect class='file3' x='172' y='404' width='17' height='17' rx='4'/>
<text x='196' y='417'>file 3</text>
<rect class='key' x='270' y='404' width='17' height='17' rx='4'/>
<text x='294' y='417'>blocks a thread</text>
<rect class='key waits' x='416' y='404' width='17' height='17' rx='4'/>
<text x='440' y='417'>blocks no thread</text>
<text x='641' y='417'>time →</text>
</svg>
";

/// Writes beside the file, then renames: either it is there as a whole, or it is as it was.
pub fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let known = path.metadata();
    if known.is_ok_and(|metadata| !metadata.is_file()) {
        return fs::write(path, text); // a pipe, for example: there is nothing to rename to
    }
    let beside = path.with_added_extension(format!("{}.partial", process::id()));
    let written = fs::write(&beside, text).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        let _ = fs::remove_file(&beside); // an error: it could not even be created
    }
    written
}
