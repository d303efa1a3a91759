//! Fetch URLs from stdin as they come, at most N at once, a million if need be.
//!
//! Use it when the list is long, or another program is still writing it. The lines are read on a
//! thread of their own and come in batches, as many lines as one read brought, through a channel
//! that holds 4: the reader waits for the fetches, so a million lines cost no more memory than a
//! thousand, and the fetches never wait for a silent stdin. A line that is no URL is named with its
//! number and counts as failed; the others go on. Ctrl-C stops what is in flight and prints the
//! totals so far. A list that is already in memory: `fanout`.
//!
//! Python: `async for` over `asyncio.StreamReader` lines, a semaphore, an `asyncio.TaskGroup`.
//! Needs: `cargo add anyhow@1 axum@0.8 bytes@1 futures@0.3 reqwest@0.13`,
//! `cargo add clap@4 -F derive`, `cargo add tokio@1 -F full`, `cargo add tokio-util@0.7 -F rt`
//! Tested: `recipes/tests/fanout.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin fanout_stream -- --demo 1000
//! 1000 of 1000 pages, 1024000 bytes
//!
//! $ printf '# two lines\n\nhttp://127.0.0.1:9/\nno url\n' | cargo run -p recipes --bin fanout_stream -- --limit 1
//! ? 1
//! http://127.0.0.1:9/: Connection refused (os error [..])
//! line 4: relative URL without a base
//! 0 of 2 pages, 0 bytes
//!
//! $ cargo run -p recipes --bin fanout_stream -- --from missing.txt
//! ? 2
//! error: missing.txt: No such file or directory (os error [..])
//!
//! $ cargo run -p recipes --bin fanout_stream -- --limit 0
//! ? 2
//! error: invalid value '0' for '--limit <N>': 0 is not in 1..=65535
//! ```

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{ExitCode, exit};
use std::{fs::File, mem, path::PathBuf, str, thread, time::Duration};

use anyhow::{Context, Error, Result, ensure};
use axum::Router;
use bytes::{Bytes, BytesMut};
use clap::{Parser, value_parser};
use futures::{FutureExt, Stream, StreamExt, stream};
use reqwest::{Client, Response, Url};
use tokio::{net::TcpListener, runtime::Runtime, signal::ctrl_c, sync::mpsc};
use tokio_util::task::AbortOnDropHandle;

/// Fetches each URL as it comes, at most `limit` at once, and yields it with its body, in the order
/// in which they end. An error names its URL, without the password; one that comes instead of a URL
/// is passed on, so that as many results come out as went in. Dropping the stream stops what is in
/// flight. `client` wants a timeout: it has none by default, and a server that hangs keeps its
/// place. Panics if `limit` is 0.
pub fn fan_out(
    client: Client,
    urls: impl Stream<Item = Result<Url>>,
    limit: usize,
) -> impl Stream<Item = Result<(Url, Bytes)>> {
    assert!(limit > 0, "a limit of 0 would wait forever");
    urls.map(move |url| {
        // A task each: it goes on while the caller is busy with another page, on any core.
        let spawn = |url| AbortOnDropHandle::new(tokio::spawn(fetch(client.clone(), url)));
        let task = url.map(|url| (spawn(url.clone()), url));
        async move {
            let (task, mut url) = task?;
            let page = task.await.map_err(Error::from).flatten(); // a panic is its URL's error
            if page.is_err() {
                let _ = (url.set_username(""), url.set_password(None));
            }
            page.with_context(|| url.clone()).map(|body| (url, body))
        }
    })
    .buffer_unordered(limit)
}

/// Fetches one page. A status from 400 to 599 is an error, and so is a body over [`MAX_BODY`].
pub async fn fetch(client: Client, url: Url) -> Result<Bytes> {
    let response = client
        .get(url)
        .send()
        .await
        .and_then(Response::error_for_status);
    let mut response = response.map_err(reqwest::Error::without_url)?; // the caller has it
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await? {
        ensure!(
            body.len() + chunk.len() <= MAX_BODY,
            "a body of more than {MAX_BODY} bytes"
        );
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

const MAX_BODY: usize = 16 << 20;

/// Reads URLs, one per line, blank lines and `#` skipped, and hands them over in batches: what one
/// read brought, so that nothing waits for the next. A line that is no URL is an error that names
/// its number. Blocks while `batches` is full, hence wants a thread of its own. Returns at the end
/// of `input`, at its first error, and once nobody receives.
pub fn read_urls(input: impl Read, batches: mpsc::Sender<Vec<Result<Url>>>) -> io::Result<()> {
    let mut input = BufReader::new(input);
    let (mut batch, mut line) = (Vec::new(), Vec::new());
    for number in 1.. {
        line.clear();
        if input.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let skip = matches!(line.trim_ascii_start().first(), None | Some(b'#'));
        let text = str::from_utf8(&line).map_err(Error::from);
        let mut url = text.and_then(|text| Ok(Url::parse(text)?));
        if line.len() as u64 == MAX_LINE && !line.ends_with(b"\n") {
            input.skip_until(b'\n')?; // an endless line must not fill the memory
            url = Err(Error::msg("too long"));
        }
        if !skip {
            batch.push(url.with_context(|| format!("line {number}")));
        }
        let more = input.buffer().contains(&b'\n'); // a whole line is there already
        if !more && !batch.is_empty() && batches.blocking_send(mem::take(&mut batch)).is_err() {
            break;
        }
    }
    Ok(())
}

const MAX_LINE: u64 = 8 << 10;

/// Fetches web pages, a few at a time, from a list of any length.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Where to read the URLs, one per line [default: stdin]
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Fetch N pages of a demo server in this process instead
    #[arg(long, value_name = "N", conflicts_with = "from")]
    demo: Option<u64>,
    /// How many to fetch at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = value_parser!(u16).range(1..))]
    limit: u16,
    /// How long one page may take, body included
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0)]
    timeout: f64,
}

fn main() -> ExitCode {
    let args = Args::try_parse().unwrap_or_else(|wrong| match wrong.to_string().lines().next() {
        Some(line) if wrong.use_stderr() => {
            eprintln!("{line}"); // without the usage
            exit(2)
        }
        _ => wrong.exit(), // --help, --version
    });
    let runtime = Runtime::new().expect("a runtime");
    let (failures, mut failed) = mpsc::channel(64);
    // A task, since tasks wake each other faster than this thread. This thread prints, since a task
    // that waits for a full pipe could hold up everything, Ctrl-C too.
    let done = runtime.spawn(run(args, failures));
    while let Some(error) = failed.blocking_recv() {
        let cause = error.root_cause().to_string().replace(['\r', '\n'], " ");
        let _ = writeln!(io::stderr(), "{error}: {cause}"); // which URL or line, and why
    }
    let code = match runtime.block_on(done).expect("no panic in a task") {
        Ok((summary, good)) => u8::from(writeln!(io::stdout(), "{summary}").is_err() || !good),
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error:#}");
            2
        }
    };
    runtime.shutdown_background(); // do not wait for a name lookup: nothing can stop it
    ExitCode::from(code)
}

/// Returns the summary, and whether all is well.
async fn run(args: Args, failures: mpsc::Sender<Error>) -> Result<(String, bool)> {
    let timeout = Duration::try_from_secs_f64(args.timeout).context("--timeout")?;
    ensure!(!timeout.is_zero(), "--timeout: 0 would fail every page");
    let mut client = Client::builder().timeout(timeout);
    let mut list = None;
    if let Some(pages) = args.demo {
        client = client.no_proxy(); // whatever http_proxy says: the server is in this process
        list = Some(demo_list(pages).await?);
    }
    let name = args
        .from
        .as_ref()
        .map_or("stdin".into(), |path| path.display().to_string());
    let (batches, mut lines) = mpsc::channel(4);
    // Not `spawn_blocking`: a read of a silent stdin can be neither stopped nor waited for.
    let reader = thread::spawn(move || match (list, args.from) {
        (Some(list), _) => read_urls(list, batches),
        (None, Some(path)) => read_urls(File::open(path)?, batches),
        (None, None) => read_urls(io::stdin(), batches),
    });

    let (mut asked, mut got, mut bytes) = (0, 0, 0);
    let lines = stream::poll_fn(|cx| lines.poll_recv(cx)).flat_map(stream::iter);
    let lines = lines.inspect(|_| asked += 1);
    let pages = Box::pin(fan_out(client.build()?, lines, args.limit.into()));
    let mut pages = pages.take_until(Box::pin(ctrl_c()));
    tokio::spawn(ctrl_c().then(|_| ctrl_c()).map(|_| exit(1))); // the second, whatever goes on
    while let Some(page) = pages.next().await {
        match page {
            Ok((_, body)) => (got, bytes) = (got + 1, bytes + body.len()),
            Err(error) => failures.send(error).await?,
        }
    }
    let interrupted = pages.take_result().is_some();
    drop(pages); // after Ctrl-C: stops what is in flight
    if !interrupted {
        reader
            .join()
            .expect("no panic in the reader")
            .context(name)?;
    }
    let how = if interrupted { "interrupted: " } else { "" };
    Ok((
        format!("{how}{got} of {asked} pages, {bytes} bytes"),
        got == asked && !interrupted,
    ))
}

/// Serves pages of 1 KiB on loopback and lists `pages` of them, one per line, as fast as it is
/// read.
async fn demo_list(pages: u64) -> Result<io::PipeReader> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = axum::serve(listener, Router::new().fallback(async || "x".repeat(1024)));
    tokio::spawn(async { server.await });
    let (list, mut end) = io::pipe()?;
    thread::spawn(move || (1..=pages).try_for_each(|n| writeln!(end, "http://{address}/{n}")));
    Ok(list)
}
