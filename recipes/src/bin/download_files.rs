//! Download files, a few at a time, each with a progress bar, and never leave half a file.
//!
//! Use it for files that are too big for memory, or that another program picks up as soon as they
//! appear. Each file is written piece by piece to a temporary file in the same folder. Only when
//! all of it has arrived is it renamed: under its name there is a whole file or none. Dropping the
//! stream stops the downloads and removes what there is of them.
//!
//! - Only an answer of 2xx is a file. A file that exists already is kept, and is an error.
//! - A file may take as long as it needs, but a server that is silent for 10 s has failed.
//! - The name is the last part of the URL's path. If two URLs of a call have the same one, the
//!   second becomes `2-NAME`. What Windows does not allow becomes `_`, and a long name is cut.
//! - If a server announces neither a length nor chunks, a broken connection looks like the end.
//! - At Ctrl-C, drop the stream, as `main` does. A program that is killed leaves a `.tmp` file.
//! - Downloads go on while you wait for the stream. If you are busy for long with a file, spawn a
//!   task for it. Small pages, in memory: `fanout`.
//!
//! Python: `aiohttp`'s `content.iter_chunked`, `aiofiles`, `tqdm`, then `os.replace`
//! Needs: `cargo add anyhow@1 futures@0.3 indicatif@0.18 percent-encoding@2`,
//! `cargo add reqwest@0.13 tempfile@3`, `cargo add tokio@1 -F fs,io-util,time`
//! Demo needs: `cargo add axum@0.8`, `cargo add clap@4 -F derive`, `cargo add tokio@1 -F full`
//! Tested: `recipes/tests/proof/download_files.rs`
//!
//! ```console unordered
//! $ cargo run -p recipes --bin download_files
//! http://127.0.0.1:[..]/a/disk.img: [..]/disk.img
//! http://127.0.0.1:[..]/b/disk.img: [..]/2-disk.img
//! ```
//!
//! ```console
//! $ cargo run -p recipes --bin download_files -- http://127.0.0.1:9/disk.img
//! ? 1
//! http://127.0.0.1:9/disk.img: Connection refused (os error [..])
//! Error: 1 missing
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
use reqwest::{Client, ClientBuilder, Response, Url};
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

/// Prepares a client that opens a connection for each file. One that was kept could be closed by
/// the server just when it is used again.
pub fn client() -> ClientBuilder {
    let name = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
    let client = Client::builder().user_agent(name).pool_max_idle_per_host(0);
    if Client::builder().build().is_ok() {
        return client;
    }
    client.tls_certs_only([]) // this system has no certificates: no https, but still http
}

// ---- Demo ----------------------------------------------------------------------------------

use std::pin::pin;

use axum::Router;
use clap::{Parser, value_parser};
use tokio::net::TcpListener;
use tokio::signal::ctrl_c;

#[derive(Parser)]
struct Args {
    /// What to download [default: 2 files of a demo server in this process, to a temporary folder]
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

    let mut missing = args.urls.len();
    let bars = MultiProgress::new();
    let limit = args.limit.into();
    let files = download_all(client.build()?, args.urls, args.into, limit, bars.clone());
    let mut files = pin!(files.take_until(ctrl_c()));
    while let Some((url, file)) = files.next().await {
        match file {
            Ok(path) => {
                missing -= 1;
                bars.suspend(|| println!("{url}: {}", path.display()));
            }
            Err(error) => bars.suspend(|| eprintln!("{url}: {}", error.root_cause())),
        }
    }
    ensure!(missing == 0, "{missing} missing");
    Ok(())
}

/// Serves files on loopback, and returns the URLs of two. They have the same name.
async fn serve_demo_files() -> Result<Vec<Url>> {
    let file = async || vec![0; 1 << 20];
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base = Url::parse(&format!("http://{}/", listener.local_addr()?))?;
    let server = axum::serve(listener, Router::new().fallback(file));
    tokio::spawn(async { server.await });
    Ok(vec![base.join("a/disk.img")?, base.join("b/disk.img")?])
}
