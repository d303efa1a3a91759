//! Download many files to disk, a few at once, a bar for each, and never leave half a file.
//!
//! Use it for files that are too big for memory, or that somebody else picks up as soon as they are
//! there. A file streams into a hidden `.part` file beside its place, is synced, and only then gets
//! its name: under it there is a whole file or none. (A body without a length, which ends where an
//! HTTP/1 connection is closed, cannot be checked for that.) An error and a panic remove the part,
//! for that is what dropping the future does; so does Ctrl-C where it drops the stream, as in `run`
//! below: left alone, it kills. The downloads are not spawned: to drop the stream drops them all on
//! the spot, while an aborted task might outlive `main`. A server may be silent for 10 s, a file
//! may take its time. What is there already is kept, and is an error; so is the second of two files
//! of one name. Only a kill leaves a part behind. `tokio::fs` is `spawn_blocking` underneath, a
//! trip to another thread for each call: hence the buffer. It is not done when `write_all` returns:
//! hence the `flush`. Small pages: `fanout`.
//!
//! Python: `session.get(url)`, `content.iter_chunked`, `aiofiles`, then `os.replace`, by hand.
//! Needs: `cargo add anyhow@1 axum@0.8 futures@0.3 indicatif@0.18 reqwest@0.13`,
//! `cargo add tempfile@3`, `cargo add clap@4 -F derive`, `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p recipes --bin download_files
//! http://127.0.0.1:[..]/cut.bin: end of file before message length reached
//! interrupted: 6 of 8 files, 6291456 bytes
//! equal: 6; partial files: 1, then 0; threads of tokio::fs: [..]
//!
//! $ cargo run -p recipes --bin download_files -- http://127.0.0.1:9/a.iso
//! ? 1
//! http://127.0.0.1:9/a.iso: Connection refused (os error [..])
//! 0 of 1 files, 0 bytes
//!
//! $ cargo run -p recipes --bin download_files -- http://127.0.0.1:9/a.iso --into nowhere
//! ? 2
//! error: invalid value 'nowhere' for '--into <INTO>': No such file or directory (os error [..])
//!
//! $ cargo run -p recipes --bin download_files -- --limit 0
//! ? 2
//! error: invalid value '0' for '--limit <N>': 0 is not in 1..=65535
//! ```

use std::io::{Write, stderr, stdout};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::{cell::Cell, fs, path::Path, path::PathBuf, process::exit, time::Duration};

use anyhow::{Context, Result, ensure};
use axum::{Router, body::Body, http::Uri, http::header::CONTENT_LENGTH};
use clap::{Parser, value_parser};
use futures::{Stream, StreamExt, future::ready, stream};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use reqwest::{Client, Response, Url};
use tokio::io::{AsyncWriteExt, BufWriter};
use tokio::{fs::File, net::TcpListener, runtime::Builder, select, signal::ctrl_c, time::sleep};

/// Downloads every URL into `folder`, at most `limit` at once, under the last part of its path, and
/// yields each with what was saved, or with the error that stopped it, in the order in which they
/// end. A name stays as the URL has it, with `%20` for a blank. A bar in `bars` shows each that
/// runs. Dropping the stream stops those and removes what there is of them. `client` wants a
/// `read_timeout`: it has none by default. Panics if `limit` is 0.
pub fn download_all(
    client: Client,
    urls: impl IntoIterator<Item = Url>,
    folder: PathBuf,
    limit: usize,
    bars: MultiProgress,
) -> impl Stream<Item = (Url, Result<Saved>)> {
    assert!(limit > 0, "a limit of 0 would wait forever");
    let style = ProgressStyle::with_template("{msg:24!} {wide_bar} {bytes} {eta}").expect("valid");
    let download = move |url: Url| {
        let name = url.path_segments().and_then(|mut parts| parts.next_back());
        let name = name
            .filter(|name| !name.is_empty())
            .unwrap_or("index.html")
            .to_owned();
        let (client, path, bars) = (client.clone(), folder.join(&name), bars.clone());
        let bar = ProgressBar::no_length()
            .with_style(style.clone())
            .with_message(name);
        async move {
            let bar = bars.add(bar); // now that it begins
            let saved = download(client, url.clone(), path, &bar).await;
            bar.finish_and_clear();
            (url, saved)
        }
    };
    stream::iter(urls).map(download).buffer_unordered(limit)
}

/// Downloads one file to `path`, where there must be none, and moves `bar` along, which may be a
/// `ProgressBar::hidden()`. A status from 400 to 599 is an error, and so is a body that ends before
/// the length it announced. Dropped half-way, or failed, it leaves nothing behind.
pub async fn download(client: Client, url: Url, path: PathBuf, bar: &ProgressBar) -> Result<Saved> {
    ensure!(!path.try_exists()?, "there is such a file already"); // to know it early
    let response = client
        .get(url)
        .send()
        .await
        .and_then(Response::error_for_status);
    let mut response = response.map_err(reqwest::Error::without_url)?; // the caller has it
    let _ = response
        .content_length()
        .inspect(|&bytes| bar.set_length(bytes));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)] // less the umask, like any new file; the default is for the owner's eyes only
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    // In the same folder, since a rename never crosses file systems. Not on another thread, where
    // it could come into being after this future is gone.
    let folder = path.parent().context("not a path of a file")?;
    let part = builder.prefix(".").suffix(".part").tempfile_in(folder)?;
    let (file, part) = part.into_parts(); // to drop `part` removes it
    let mut file = BufWriter::with_capacity(256 << 10, File::from_std(file));
    let mut bytes = 0;
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(reqwest::Error::without_url)?
    {
        file.write_all(&chunk).await?;
        bytes += chunk.len() as u64;
        bar.inc(chunk.len() as u64);
    }
    file.flush().await?; // the last write has only begun, and may yet fail
    file.get_ref().sync_all().await?; // or a power cut could leave the name without the bytes
    part.persist_noclobber(&path).map_err(|e| e.error)?; // `e` would keep the part
    Ok(Saved { path, bytes })
}

/// A file that is there, whole.
#[derive(Debug)]
pub struct Saved {
    pub path: PathBuf,
    pub bytes: u64,
}

/// Downloads files, a few at a time.
#[derive(Parser)]
struct Args {
    /// What to download; with no URL, 8 files of a demo server in this process, to a folder that
    /// is removed: one of them is cut short, and one never ends, until it is interrupted
    urls: Vec<Url>,
    /// Where to put the files
    #[arg(long, default_value = ".", value_parser = |s: &str| fs::read_dir(s).map(|_| PathBuf::from(s)))]
    into: PathBuf,
    /// How many to download at once
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = value_parser!(u16).range(1..))]
    limit: u16,
}

static THREADS: AtomicUsize = AtomicUsize::new(0);

fn main() -> Result<()> {
    let args = Args::try_parse().unwrap_or_else(|wrong| match wrong.to_string().lines().next() {
        Some(line) if wrong.use_stderr() => {
            eprintln!("{line}"); // without the usage
            exit(2)
        }
        _ => wrong.exit(), // --help
    });
    let mut builder = Builder::new_current_thread(); // this thread, and those it starts for files
    let builder = builder
        .enable_all()
        .on_thread_start(|| _ = THREADS.fetch_add(1, Relaxed));
    let runtime = builder.build()?; // never dropped: a name lookup may hang
    exit(runtime.block_on(run(args))?)
}

async fn run(
    Args {
        mut urls,
        mut into,
        limit,
    }: Args,
) -> Result<i32> {
    let silent = Duration::from_secs(10);
    let mut client = Client::builder()
        .connect_timeout(silent)
        .read_timeout(silent);
    let demo = if urls.is_empty() {
        Some(tempfile::tempdir()?)
    } else {
        None
    };
    if let Some(folder) = &demo {
        urls = demo_files().await?;
        into = folder.path().to_owned();
        client = client.no_proxy(); // whatever http_proxy says: the server is in this process
    }

    let (asked, bars) = (urls.len(), MultiProgress::new()); // on stderr, if that is a terminal
    let (ended, mut saved, mut parts) = (Cell::new(0), Vec::new(), 0);
    let files = download_all(
        client.build()?,
        urls,
        into.clone(),
        limit.into(),
        bars.clone(),
    );
    let stop = async {
        // The demo's files are there, and a part of the one that never ends; or some 10 s are over.
        let more = || ended.get() + 1 < asked || count(&into, ".part") != 1;
        let last = stream::iter(0..10_000).take_while(|_| ready(more()));
        let last = last.for_each(|_| sleep(Duration::from_millis(1)));
        select! { _ = ctrl_c() => {}, () = last, if demo.is_some() => {} }
        parts = count(&into, ".part");
    };
    let mut files = Box::pin(files.take_until(Box::pin(stop)));
    while let Some((mut url, file)) = files.next().await {
        ended.set(ended.get() + 1);
        let _ = (url.set_username(""), url.set_password(None)); // not to be printed
        match file {
            Ok(file) => saved.push(file),
            Err(e) => bars.suspend(|| _ = writeln!(stderr(), "{url}: {}", e.root_cause())),
        }
    }
    drop(files); // after Ctrl-C: stops what is in flight

    let (got, bytes) = (
        saved.len(),
        saved.iter().map(|file| file.bytes).sum::<u64>(),
    );
    let how = if ended.get() < asked {
        "interrupted: "
    } else {
        ""
    };
    let mut summary = format!("{how}{got} of {asked} files, {bytes} bytes\n");
    let mut good = got == asked;
    if demo.is_some() {
        let equal = |file: &&Saved| fs::read(&file.path).is_ok_and(|bytes| bytes == content());
        let equal = saved.iter().filter(equal).count();
        let (left, threads) = (count(&into, "") - got, THREADS.load(Relaxed));
        summary += &format!("equal: {equal}; partial files: {parts}, then {left}; ");
        summary += &format!("threads of tokio::fs: {threads}\n");
        good = (equal, parts, left, threads > 0) == (6, 1, 0, true);
    }
    // Not `print!`, which would panic in a broken pipe.
    Ok(i32::from(write!(stdout(), "{summary}").is_err() || !good))
}

fn count(folder: &Path, suffix: &str) -> usize {
    let names = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|e| e.file_name());
    names
        .filter(|name| name.to_string_lossy().ends_with(suffix))
        .count()
}

/// A MiB without a repetition.
fn content() -> Vec<u8> {
    (0_u32..1 << 18).flat_map(u32::to_le_bytes).collect()
}

/// Serves files on loopback, and returns the addresses of 8: half of the first and of the last one
/// comes, then the first is cut off, and the last goes on for ever.
async fn demo_files() -> Result<Vec<Url>> {
    let file = async |uri: Uri| {
        let half = stream::iter([Ok(content()[..1 << 19].to_vec())]);
        let body = match uri.path() {
            "/cut.bin" => Body::from_stream(half.chain(stream::iter([Err("cut")]))),
            "/endless.bin" => Body::from_stream(half.chain(stream::pending())),
            _ => Body::from(content()),
        };
        ([(CONTENT_LENGTH, 1 << 20)], body)
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(file)).await });
    let names = ["cut", "1", "2", "3", "4", "5", "6", "endless"].into_iter();
    names
        .map(|name| Ok(Url::parse(&format!("http://{address}/{name}.bin"))?))
        .collect()
}
