//! Download files, a few at a time, each with a progress bar, and never leave half a file.
//!
//! Use it for files that are too big for memory, or that another program picks up as soon as they
//! appear. Each file is written piece by piece to a temporary file in the same folder. Only when all
//! of it has arrived is it renamed: under its name there is a whole file or none. Dropping the stream
//! stops the downloads and removes what there is of them, and so does an error.
//!
//! - Only an answer of 2xx is a file. A file that exists already is kept, and is an error.
//! - A file may take as long as it needs, but a server that is silent for 10 s has failed.
//! - The name is the last part of the URL's path. If two URLs of a call have the same one, the
//!   second becomes `2-NAME`. What file systems do not allow is replaced by `_`.
//! - A server that announces no length may break off unnoticed, if it speaks HTTP/1.0.
//! - Downloads go on while you wait for the stream. If you are busy for long with a file, spawn a
//!   task for it. Small pages, in memory: `fanout`.
//!
//! Python: `aiohttp`'s `content.iter_chunked`, `aiofiles`, `tqdm`, then `os.replace`
//! Needs: `cargo add anyhow@1 futures@0.3 indicatif@0.18 percent-encoding@2`,
//! `cargo add reqwest@0.13 tempfile@3`, `cargo add tokio@1 -F fs,io-util,time`
//! Demo needs: `cargo add axum@0.8`, `cargo add clap@4 -F derive`, `cargo add tokio@1 -F full`
//! Tested: `recipes/tests/proof/download_files.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin download_files
//! 2-disk.img: 1048576 bytes
//! disk.img: 524288 bytes
//! report.csv: 24 bytes
//!
//! $ cargo run -p recipes --bin download_files -- http://127.0.0.1:9/disk.img
//! ? 1
//! http://127.0.0.1:9/disk.img: Connection refused (os error [..])
//! Error: 1 of 1 files missing
//!
//! $ cargo run -p recipes --bin download_files -- localhost:8080/disk.img
//! ? 2
//! error: invalid value 'localhost:8080/disk.img' for '[URLS]...': no http:// or https://
//! ...
//! ```

use std::collections::HashSet;
#[cfg(unix)]
use std::fs::Permissions;
use std::io;
#[cfg(unix)]
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use futures::{Stream, StreamExt, stream};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use percent_encoding::{CONTROLS, percent_encode};
use reqwest::header::LOCATION;
use reqwest::{Client, ClientBuilder, Response, Url, retry};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

/// Downloads every URL into `folder`, at most `limit` at a time, and yields each one with the path
/// of its file or its error, in the order in which they end. `bars` shows those in progress.
///
/// # Panics
/// If `limit` is 0.
pub fn download_all(
    client: Client,
    urls: Vec<Url>,
    folder: PathBuf,
    limit: usize,
    bars: MultiProgress,
) -> impl Stream<Item = (Url, Result<PathBuf>)> {
    assert!(limit > 0, "a limit of 0 would wait forever");
    let style = ProgressStyle::with_template("{msg:30!} {wide_bar} {bytes:>10}");
    let style = style.expect("a valid template");
    let mut taken = HashSet::new();
    let downloads = stream::iter(urls).map(move |url| {
        let name = choose_name(&url, &mut taken);
        let path = folder.join(&name);
        let bar = ProgressBar::no_length().with_style(style.clone());
        let bar = bar.with_message(name);
        let client = client.clone();
        let bars = bars.clone();
        async move {
            let bar = bars.add(bar);
            let saved = download(&client, url.clone(), &path, &bar).await;
            bar.finish_and_clear();
            (url, saved.map(|()| path))
        }
    });
    downloads.buffer_unordered(limit)
}

/// The last part of the URL's path. If it is taken, with the first number that is not.
fn choose_name(url: &Url, taken: &mut HashSet<String>) -> String {
    let last = url.path().rsplit('/').next().unwrap_or_default();
    // A URL is ASCII, so it may be cut anywhere. The end of a long name has its extension.
    let end = &last[last.len().saturating_sub(200)..];
    let mut name = end.replace([':', '*', '|', '"', '<', '>', '\\'], "_");
    if name.is_empty() {
        name.push_str("index.html");
    }
    let mut numbered = name.clone();
    let mut number = 1;
    while !taken.insert(numbered.to_lowercase()) {
        number += 1;
        numbered = format!("{number}-{name}");
    }
    numbered
}

/// Downloads one file to `path`, where there must be none, and moves `bar` along.
///
/// # Errors
/// If the request fails, the status is not 2xx, the server is silent for too long, the connection
/// breaks, or the file cannot be written. Nothing is left behind then.
pub async fn download(client: &Client, url: Url, path: &Path, bar: &ProgressBar) -> Result<()> {
    ensure!(!path.try_exists()?, "{} exists already", path.display());
    let mut response = not_silent(request(client, url)).await?;
    let status = response.status();
    ensure!(status.is_success(), "the server answered {status}");
    if let Some(length) = response.content_length() {
        bar.set_length(length); // otherwise the bar stays empty, and only counts
    }

    let mut options = tempfile::Builder::new();
    #[cfg(unix)] // as for any new file, less the umask; otherwise only its owner could read it
    options.permissions(Permissions::from_mode(0o666));
    let folder = path.parent().unwrap_or(Path::new("."));
    let (file, temporary) = options.tempfile_in(folder)?.into_parts();
    let mut file = File::from_std(file);
    while let Some(chunk) = not_silent(response.chunk()).await? {
        file.write_all(&chunk).await?;
        bar.inc(chunk.len() as u64);
    }
    file.flush().await?; // waits for the last write
    file.sync_all().await?; // before the rename, in case the power fails
    let renamed = temporary.persist_noclobber(path);
    Ok(renamed.map_err(io::Error::from)?)
}

/// Waits for the server, at most for `SILENCE`. (The `read_timeout` of a client goes on while a
/// file is written, and takes a slow disk for a silent server.)
async fn not_silent<T>(answer: impl Future<Output = reqwest::Result<T>>) -> Result<T> {
    match timeout(SILENCE, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_) => bail!("the server was silent for {SILENCE:?}"),
    }
}

/// How long a server may be silent, before its answer begins and between two parts of it.
const SILENCE: Duration = Duration::from_secs(10);

/// Sends a GET and follows redirects. Reqwest does that, except to an address of raw bytes.
async fn request(client: &Client, url: Url) -> reqwest::Result<Response> {
    let mut response = client.get(url).send().await?;
    for _ in 0..10 {
        let Some(target) = raw_redirect(&response) else {
            break;
        };
        response = client.get(target).send().await?;
    }
    Ok(response)
}

/// Where a redirect leads whose `Location` is not UTF-8, as servers of old file names send it.
fn raw_redirect(response: &Response) -> Option<Url> {
    let location = response.headers().get(LOCATION)?.as_bytes();
    if !response.status().is_redirection() || str::from_utf8(location).is_ok() {
        return None;
    }
    let escaped = percent_encode(location, CONTROLS).to_string();
    response.url().join(&escaped).ok()
}

/// Prepares a client that sends a request again when its connection breaks before the answer comes.
///
/// A client keeps connections open, and a server may close one just when the next request is sent.
pub fn client() -> ClientBuilder {
    let send_again = retry::for_host(AnyHost)
        .no_budget()
        .max_retries_per_request(5)
        .classify_fn(|attempt| {
            let safe = attempt.method().is_idempotent();
            if safe && attempt.error().is_some_and(lost_connection) {
                attempt.retryable()
            } else {
                attempt.success()
            }
        });
    let name = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
    let client = Client::builder().user_agent(name).retry(send_again);
    if Client::builder().build().is_ok() {
        return client;
    }
    client.tls_certs_only([]) // this system has no certificates: no https, but still http
}

struct AnyHost;

impl PartialEq<&str> for AnyHost {
    fn eq(&self, _: &&str) -> bool {
        true
    }
}

/// Whether a connection broke before the answer came.
fn lost_connection(error: &(dyn std::error::Error + 'static)) -> bool {
    let error = error.downcast_ref::<reqwest::Error>();
    error.is_some_and(|error| error.is_request() && !error.is_connect() && !error.is_timeout())
}

// ---- Demo ----------------------------------------------------------------------------------

use std::pin::pin;

use axum::body::Body;
use axum::{Router, routing::get};
use clap::{Parser, value_parser};
use tokio::net::TcpListener;
use tokio::signal::ctrl_c;

#[derive(Parser)]
struct Args {
    /// What to download [default: 3 files of a demo server in this process, which are removed again]
    #[arg(value_parser = http_url)]
    urls: Vec<Url>,

    /// Where to put the files
    #[arg(long, default_value = ".")]
    into: PathBuf,

    /// How many to download at a time
    #[arg(long, default_value_t = 4, value_parser = value_parser!(u16).range(1..))]
    limit: u16,
}

/// Reads a URL. `localhost:8080` alone would be one too, with the scheme `localhost`.
fn http_url(text: &str) -> Result<Url> {
    let url = Url::parse(text)?;
    let scheme = url.scheme();
    ensure!(matches!(scheme, "http" | "https"), "no http:// or https://");
    Ok(url)
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut args = Args::parse();
    let mut client = client();
    let folder = tempfile::tempdir()?;
    if args.urls.is_empty() {
        args.urls = serve_demo_files().await?;
        args.into = folder.path().to_owned();
        client = client.no_proxy(); // the demo server is in this process
    }

    let total = args.urls.len();
    let mut saved = Vec::new();
    let bars = MultiProgress::new();
    let limit = args.limit.into();
    let files = download_all(client.build()?, args.urls, args.into, limit, bars.clone());
    let mut files = pin!(files.take_until(ctrl_c()));
    while let Some((url, file)) = files.next().await {
        match file {
            Ok(path) => saved.push(path),
            Err(error) => bars.suspend(|| eprintln!("{url}: {}", error.root_cause())),
        }
    }
    saved.sort();
    for path in &saved {
        let name = path.file_name().unwrap_or_default().display();
        println!("{name}: {} bytes", path.metadata()?.len());
    }
    let missing = total - saved.len();
    ensure!(missing == 0, "{missing} of {total} files missing");
    Ok(())
}

/// Serves files on loopback, and returns their URLs. Two have the same name, one has no length.
async fn serve_demo_files() -> Result<Vec<Url>> {
    let report = || async {
        let rows = ["city,people\n", "Oslo,700000\n"];
        Body::from_stream(stream::iter(rows).map(anyhow::Ok))
    };
    let app = Router::new()
        .route("/a/disk.img", get(|| async { vec![0; 512 << 10] }))
        .route("/b/disk.img", get(|| async { vec![0; 1 << 20] }))
        .route("/report.csv", get(report));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base = Url::parse(&format!("http://{}/", listener.local_addr()?))?;
    let server = axum::serve(listener, app);
    tokio::spawn(async { server.await });
    let mut urls = Vec::new();
    for path in ["a/disk.img", "b/disk.img", "report.csv"] {
        urls.push(base.join(path)?);
    }
    Ok(urls)
}
