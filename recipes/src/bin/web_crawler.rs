//! Crawl a website: follow the links of each page, down to a given depth, and read every page once.
//!
//! Use it to check links, or to archive or index a site. The links on the pages of one depth are
//! the queue of the next, and the crawl ends when it is empty. A page is marked as seen when its
//! link is found, and not when it is fetched; otherwise two pages that link to it would both fetch
//! it.
//!
//! - It stays on the host and port of the start. A redirect is a page with one link. Start where
//!   your site redirects to, at `https://www.example.com/` for example.
//! - Links are read by `scraper`, which parses HTML as browsers do. XHTML is read as HTML. A script
//!   that adds links is not run; for that, use a browser and the `fantoccini` crate.
//! - What is not HTML, an image for example, is not downloaded. What cannot be read is an error.
//! - A slow page holds up the next depth. Pauses between pages are up to you (`rate_limit`), and so
//!   is `robots.txt`.
//!
//! Python: `scrapy`, or workers around an `asyncio.Queue`, and `BeautifulSoup` for the links
//! Needs: `cargo add anyhow@1 encoding_rs@0.8 futures@0.3 html5ever@0.40 percent-encoding@2`,
//! `cargo add scraper@0.29`, `cargo add reqwest@0.13 -F brotli,deflate,gzip`,
//! `cargo add tokio@1 -F rt`
//! Demo needs: `cargo add axum@0.8`, `cargo add clap@4 -F derive`, `cargo add tokio@1 -F full`
//! Tested: `recipes/tests/proof/web_crawler.rs`
//!
//! ```console unordered
//! $ cargo run -p recipes --bin web_crawler -F html
//! 0 /1: 4 links
//! 1 /2: 4 links
//! 1 /3: 4 links
//! 1 /4: 3 links
//! 2 /5: 1 links
//! 2 /6: 1 links
//! 2 /7: 1 links
//! 2 /8: 1 links
//! 2 /9: 1 links
//! 2 /10: 1 links
//! 2 /11: 1 links
//! 2 /12: 1 links
//! 12 pages, 0 failed
//! ```
//!
//! ```console
//! $ cargo run -p recipes --bin web_crawler -F html -- --depth 0
//! 0 /1: 4 links
//! 1 pages, 0 failed
//!
//! $ cargo run -p recipes --bin web_crawler -F html -- --start http://127.0.0.1:9/
//! ? 1
//! 0 /: Connection refused (os error [..])
//! 0 pages, 1 failed
//! Error: 1 failed
//! ```

use std::borrow::Cow;
use std::collections::HashSet;
use std::mem;
use std::pin::pin;
use std::time::Duration;

use anyhow::{Result, ensure};
use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use futures::{StreamExt, stream};
use html5ever::driver::{self, ParseOpts};
use html5ever::tendril::TendrilSink;
use percent_encoding::{CONTROLS, percent_encode};
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName, LOCATION};
use reqwest::{Client, ClientBuilder, Response, Url, redirect, retry};
use scraper::{Html, HtmlTreeSink, Selector};
use tokio::task::spawn_blocking;

/// How many pages are fetched at a time.
const AT_ONCE: usize = 4;

/// The largest page that is read, in bytes.
const MAX_BODY: usize = 16 << 20;

/// The text of a page and its links. A redirect has one link and no text, an image has neither.
#[derive(Default)]
pub struct Page {
    pub html: String,
    pub links: Vec<Url>,
}

/// Fetches `start` and what is at most `max_depth` links away from it on the same site, but no
/// more than `max_pages` pages. Calls `visit` with the URL and the depth of each, and with the
/// page or the error. Dropping the future cancels what is in progress.
///
/// Use a client that [`client`] has prepared. It must not follow redirects, which may lead away.
pub async fn crawl(
    client: &Client,
    mut start: Url,
    max_depth: usize,
    max_pages: usize,
    mut visit: impl FnMut(Url, usize, Result<Page>),
) {
    start.set_fragment(None);
    let mut seen = HashSet::from([start.clone()]);
    let mut queue = vec![start.clone()];
    for depth in 0..=max_depth {
        let pages = stream::iter(mem::take(&mut queue));
        let pages = pages.map(async |url| (fetch(client, &url).await, url));
        let mut pages = pin!(pages.buffer_unordered(AT_ONCE));
        while let Some((page, url)) = pages.next().await {
            let links = page.as_ref().map_or(&[][..], |page| &page.links);
            for link in links {
                let is_wanted = same_site(link, &start) && seen.len() < max_pages;
                if is_wanted && seen.insert(link.clone()) {
                    queue.push(link.clone());
                }
            }
            visit(url, depth, page);
        }
        if queue.is_empty() {
            break;
        }
    }
}

fn same_site(url: &Url, start: &Url) -> bool {
    let is_http = matches!(url.scheme(), "http" | "https");
    is_http && url.host() == start.host() && url.port() == start.port()
}

/// Fetches one page and reads its links.
///
/// # Errors
/// If the request fails, the status is neither 2xx nor a redirect, or the body is too large or
/// compressed in a way that was not asked for.
pub async fn fetch(client: &Client, url: &Url) -> Result<Page> {
    let request = client.get(url.clone());
    let mut response = request.send().await?;
    if let Some(target) = redirect_target(&response) {
        let links = vec![target];
        let html = String::new();
        return Ok(Page { html, links });
    }
    let status = response.status();
    ensure!(status.is_success(), "the server answered {status}");
    let content_type = header(&response, CONTENT_TYPE);
    let is_html = content_type.starts_with("text/html");
    let is_xhtml = content_type.starts_with("application/xhtml+xml");
    let is_known = content_type.contains('/');
    if is_known && !is_html && !is_xhtml {
        return Ok(Page::default());
    }
    let compression = header(&response, CONTENT_ENCODING);
    ensure!(compression.is_empty(), "compressed by {compression}");
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        ensure!(body.len() <= MAX_BODY, "larger than {MAX_BODY} bytes");
    }
    // Parsing would hold up other tasks. Here, even a panic in it is only an error of this page.
    let url = url.clone();
    let page = spawn_blocking(move || read(&body, &content_type, &url)).await?;
    Ok(page)
}

/// A header of the response in lower case, or nothing. A `HeaderValue` may be no UTF-8.
fn header(response: &Response, name: HeaderName) -> String {
    match response.headers().get(name) {
        Some(value) => String::from_utf8_lossy(value.as_bytes()).to_lowercase(),
        None => String::new(),
    }
}

/// Where a redirect leads. Old servers send raw bytes in its address, which stay as they are.
fn redirect_target(response: &Response) -> Option<Url> {
    if !response.status().is_redirection() {
        return None;
    }
    let location = response.headers().get(LOCATION)?.as_bytes();
    let escaped = percent_encode(location, CONTROLS).to_string();
    let mut target = response.url().join(&escaped).ok()?;
    target.set_fragment(None);
    Some(target)
}

/// Decodes a page as browsers do, and finds its links.
fn read(body: &[u8], content_type: &str, url: &Url) -> Page {
    let is_utf8 = str::from_utf8(body).is_ok();
    let guess = if is_utf8 { UTF_8 } else { WINDOWS_1252 };
    let named = charset(content_type).or_else(|| meta_charset(body));
    // A byte order mark overrides it.
    let (text, encoding, _) = named.unwrap_or(guess).decode(body);
    let html = text.into_owned();
    let links = links(&parse(&html), url, encoding);
    Page { html, links }
}

/// The encoding that a content type names, for example `text/html; charset=iso-8859-1`.
fn charset(content_type: &str) -> Option<&'static Encoding> {
    let content_type = content_type.to_lowercase();
    let (_, value) = content_type.split_once("charset=")?;
    let value = value.split(';').next()?;
    let label = value.trim_matches(['"', '\'', ' ']);
    Encoding::for_label(label.as_bytes())
}

/// The encoding that `<meta charset=..>` or `<meta http-equiv=content-type ..>` names.
fn meta_charset(body: &[u8]) -> Option<&'static Encoding> {
    let (text, _) = WINDOWS_1252.decode_without_bom_handling(body);
    let html = parse(&text);
    for meta in html.select(&selector("meta[charset], meta[http-equiv=content-type i]")) {
        let encoding = match meta.attr("charset") {
            Some(label) => Encoding::for_label(label.as_bytes()),
            None => charset(meta.attr("content").unwrap_or_default()),
        };
        if let Some(encoding) = encoding {
            // This text was not in UTF-16, or there would be no such element.
            return Some(encoding.output_encoding());
        }
    }
    None
}

/// Parses as a browser without JavaScript does, which shows what stands in `<noscript>`.
fn parse(text: &str) -> Html {
    let mut options = ParseOpts::default();
    options.tree_builder.scripting_enabled = false;
    let sink = HtmlTreeSink::new(Html::new_document());
    driver::parse_document(sink, options).one(text)
}

/// The links of a page, without those that are no URL.
fn links(html: &Html, url: &Url, encoding: &'static Encoding) -> Vec<Url> {
    // Links are relative to the first `<base>`, unless that is no place to be relative to.
    let base = html.select(&selector("base[href]")).next();
    let base = base.and_then(|base| url.join(base.attr("href")?).ok());
    let base = base.filter(|base| !matches!(base.scheme(), "data" | "javascript"));
    let base = base.as_ref().unwrap_or(url);
    // A query is sent in the encoding of the page.
    let encode_query: &dyn Fn(&str) -> Cow<[u8]> = &|query| encoding.encode(query).0;
    let options = Url::options().base_url(Some(base));
    let options = options.encoding_override(Some(encode_query));

    let mut links = Vec::new();
    for element in html.select(&selector("a, area")) {
        let mut attributes = element.value().attrs();
        let href = attributes.find(|(name, _)| *name == "href"); // in SVG also `xlink:href`
        let link = href.and_then(|(_, href)| options.parse(href).ok());
        if let Some(mut link) = link {
            link.set_fragment(None);
            links.push(link);
        }
    }
    links
}

fn selector(css: &str) -> Selector {
    Selector::parse(css).expect("a valid selector")
}

/// Prepares a client that allows `timeout` for a page, and leaves redirects to the crawler.
///
/// It sends a request again when its connection breaks before the answer comes. A client keeps
/// connections open, and a server may close one just when the next request is sent.
pub fn client(timeout: Duration) -> ClientBuilder {
    let send_again = retry::for_host(AnyHost)
        .no_budget()
        .max_retries_per_request(20)
        .classify_fn(|attempt| {
            let safe = attempt.method().is_idempotent();
            if safe && attempt.error().is_some_and(lost_connection) {
                attempt.retryable()
            } else {
                attempt.success()
            }
        });
    let name = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
    let client = Client::builder()
        .user_agent(name)
        .timeout(timeout)
        .redirect(redirect::Policy::none())
        .retry(send_again);
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

use axum::extract::Path;
use axum::{Router, response, routing::get};
use clap::Parser;
use tokio::net::TcpListener;

#[derive(Parser)]
struct Args {
    /// Where to start [default: a demo site in this process]
    #[arg(long, value_parser = http_url)]
    start: Option<Url>,

    /// How many links away from the start
    #[arg(long, default_value_t = 2)]
    depth: usize,

    /// How many pages in all
    #[arg(long, default_value_t = 1000)]
    pages: usize,
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
    let args = Args::parse();
    let mut client = client(Duration::from_secs(10));
    let start = match args.start {
        Some(url) => url,
        None => {
            client = client.no_proxy(); // the demo server is in this process
            serve_demo_site().await?
        }
    };
    let client = client.build()?;
    let mut read = 0;
    let mut failed = 0;
    let visit = |url: Url, depth, page: Result<Page>| match page {
        Ok(page) => {
            read += 1;
            println!("{depth} {}: {} links", url.path(), page.links.len());
        }
        Err(error) => {
            failed += 1;
            println!("{depth} {}: {}", url.path(), error.root_cause());
        }
    };
    crawl(&client, start, args.depth, args.pages, visit).await;
    println!("{read} pages, {failed} failed");
    ensure!(failed == 0, "{failed} failed");
    Ok(())
}

/// Serves 12 pages on loopback, each with a link to the first and up to three others.
async fn serve_demo_site() -> Result<Url> {
    let page = async |Path(number): Path<u32>| {
        let mut html = String::from("<a href=1>the first</a>");
        for link in 3 * number - 1..=3 * number + 1 {
            if link <= 12 {
                html += &format!("<a href={link}>page {link}</a>");
            }
        }
        response::Html(html)
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = Url::parse(&format!("http://{}/1", listener.local_addr()?))?;
    let app = Router::new().route("/{number}", get(page));
    let server = axum::serve(listener, app);
    tokio::spawn(async { server.await });
    Ok(url)
}
