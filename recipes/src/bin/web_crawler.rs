//! Crawl a site: follow its links, every page once, so deep and no deeper, a few at a time.
//!
//! Use it for a link checker, an archive, an index. One loop owns the queue and the set of what has
//! been seen, so nothing is locked, and the end is no riddle: it has come when the queue is empty
//! and nobody is at work. An empty queue alone is no end: the page that is on its way may bring
//! more links. A page is marked as seen when it is found, not when it is fetched, or two pages that
//! link to it would fetch it twice. Pages come breadth first, so each is reached by a shortest way,
//! as far as answers come in that order. Links are resolved against the page, or its `<base>`, and
//! lose their `#fragment`; what is elsewhere is left alone. A redirect is a link like any other.
//! A page that fails is a result; the others go on. To drop the crawl stops what is in flight.
//! `robots.txt` and a pause between requests are up to you: see `rate_limit`. Known addresses:
//! `fanout`.
//!
//! Python: workers around an `asyncio.Queue`, `task_done` for each page, and `queue.join()`, which
//! is what knows that nobody is at work.
//! Copy: `crawl` and `fetch`, `links`.
//! Needs: `cargo add anyhow@1 axum@0.8 futures@0.3 html5gum@0.9 reqwest@0.13`,
//! `cargo add clap@4 -F derive`, `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p recipes --bin web_crawler
//! /missing: HTTP status client error (404 Not Found)
//! 0 /: 7 links
//! 1 /a/: 4 links
//! 1 /b/index.html: 2 links
//! 1 /c: 3 links
//! 1 /d: 1 links
//! 2 /a/one: 2 links
//! 2 /a/three: 1 links
//! 2 /a/two: 1 links
//! 2 /base/p: 1 links
//! 2 /base/q: 1 links
//! 2 /data.txt: 0 links
//! 2 /old: 1 links
//! 12 pages, 1 failed
//! the server was asked 13 times, 0 of them for a page again
//!
//! $ cargo run -p recipes --bin web_crawler -- --depth 0
//! 0 /: 7 links
//! 1 pages, 0 failed
//! the server was asked 1 times, 0 of them for a page again
//!
//! $ cargo run -p recipes --bin web_crawler -- --start http://127.0.0.1:9/
//! ? 1
//! /: Connection refused (os error [..])
//! 0 pages, 1 failed
//!
//! $ cargo run -p recipes --bin web_crawler -- --start example.com
//! ? 2
//! error: invalid value 'example.com' for '--start <URL>': relative URL without a base
//! ```

use std::collections::{HashSet, VecDeque};
use std::sync::Mutex;
use std::{process::exit, time::Duration};

use anyhow::{Result, ensure};
use axum::response::{Html, IntoResponse, Redirect};
use axum::{Router, http::StatusCode, http::Uri, serve};
use clap::{Parser, value_parser};
use futures::{StreamExt, stream::FuturesUnordered};
use html5gum::{DefaultEmitter, Token, Tokenizer};
use reqwest::{Client, Response, Url, header, redirect::Policy};
use tokio::{net::TcpListener, select, signal::ctrl_c};

/// Fetches `start`, and what it links to on its own host, up to `depth` links away and at most
/// `pages` in all, `limit` at once. Hands `visit` each page as it comes, with its distance from
/// `start`, and its links, or its error. Dropped half-way, it drops what is in flight. `client`
/// wants a timeout, and `Policy::none()` for redirects, or they could lead elsewhere.
/// Panics if `limit` is 0.
pub async fn crawl(
    client: &Client,
    start: Url,
    (depth, pages, limit): (usize, usize, usize),
    mut visit: impl FnMut(&Url, usize, &Result<Vec<Url>>),
) {
    assert!(limit > 0, "a limit of 0 would wait forever");
    let origin = start.origin();
    let mut seen = HashSet::from([start.clone()]);
    let mut queue = VecDeque::from([(start, 0)]);
    let mut running = FuturesUnordered::new();
    loop {
        while running.len() < limit
            && let Some((url, far)) = queue.pop_front()
        {
            running.push(async move { (fetch(client, &url).await, url, far) });
        }
        // The end: nobody is at work, and so the queue is empty, since `limit` is not 0.
        let Some((links, url, far)) = running.next().await else { break };
        visit(&url, far, &links);
        for mut link in links.into_iter().flatten().filter(|_| far < depth) {
            link.set_fragment(None);
            if link.origin() == origin && seen.len() < pages && seen.insert(link.clone()) {
                queue.push_back((link, far + 1));
            }
        }
    }
}

/// Fetches a page and returns where it links to: nowhere, if it is no HTML. A status of 400 or more
/// is an error, and so is a page of more than 4 MiB.
pub async fn fetch(client: &Client, url: &Url) -> Result<Vec<Url>> {
    let response = client.get(url.clone()).send().await.and_then(Response::error_for_status);
    let mut response = response.map_err(reqwest::Error::without_url)?; // the caller has it
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    if response.status().is_redirection() {
        let to = header(header::LOCATION).and_then(|to| url.join(to).ok());
        return Ok(to.into_iter().collect());
    }
    if !header(header::CONTENT_TYPE).is_some_and(|kind| kind.starts_with("text/html")) {
        return Ok(Vec::new());
    }
    let mut html = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        ensure!(html.len() + chunk.len() <= 4 << 20, "a page of more than 4 MiB");
        html.extend_from_slice(&chunk);
    }
    Ok(links(response.url(), &html))
}

/// The links of a page at `url`, resolved, in the order of the page. What cannot be resolved is
/// left out.
pub fn links(url: &Url, html: &[u8]) -> Vec<Url> {
    let (mut base, mut links) = (url.clone(), Vec::new());
    let mut emitter = DefaultEmitter::<()>::default();
    emitter.naively_switch_states(true); // what stands in a script, say, is no tag
    for token in Tokenizer::new_with_emitter(html, emitter) {
        let Ok(Token::StartTag(tag)) = token else { continue };
        let href = tag.attributes.get(&b"href"[..]).map(|href| String::from_utf8_lossy(href));
        let to = href.and_then(|href| base.join(&href).ok());
        match (&tag.name[..], to) {
            (b"a" | b"area", to) => links.extend(to),
            (b"base", Some(to)) => base = to,
            _ => {}
        }
    }
    links
}

// Only for the demo from here on.

/// Crawls a site and lists its pages.
#[derive(Parser)]
struct Args {
    /// Where to start [default: a demo site in this process]
    #[arg(long, value_name = "URL")]
    start: Option<Url>,
    /// How many links away from the start
    #[arg(long, value_name = "N", default_value_t = 2)]
    depth: usize,
    /// How many pages in all
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pages: usize,
    /// How many at once
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = value_parser!(u16).range(1..))]
    limit: u16,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::try_parse().unwrap_or_else(|wrong| match wrong.to_string().lines().next() {
        Some(line) if wrong.use_stderr() => {
            eprintln!("{line}"); // without the usage
            exit(2)
        }
        _ => wrong.exit(), // --help
    });
    let client = Client::builder().timeout(Duration::from_secs(10)).redirect(Policy::none());
    let (start, client, demo) = match args.start {
        Some(url) => (url, client, false),
        // Whatever http_proxy says: the server is in this process.
        None => (demo_site().await?, client.no_proxy(), true),
    };
    let (mut found, mut failed) = (Vec::new(), 0);
    let (client, limits) = (client.build()?, (args.depth, args.pages, args.limit.into()));
    let crawl = crawl(&client, start, limits, |url, far, links| match links {
        Ok(links) => found.push(format!("{far} {}: {} links", url.path(), links.len())),
        Err(error) => {
            failed += 1;
            eprintln!("{}: {}", url.path(), error.root_cause());
        }
    });
    let how = select! { () = crawl => "", _ = ctrl_c() => "interrupted: " };
    found.sort(); // they come as they end
    found.iter().for_each(|page| println!("{page}"));
    let pages = found.len();
    println!("{how}{pages} pages, {failed} failed");
    let mut good = failed == 0 && how.is_empty();
    if demo {
        let asked = ASKED.lock().expect("no panic in the server");
        let requests = asked.len();
        let again = requests - asked.iter().collect::<HashSet<_>>().len();
        println!("the server was asked {requests} times, {again} of them for a page again");
        let expected = [1, 5, 12, 13].get(args.depth).unwrap_or(&13);
        good = again == 0 && pages == *expected.min(&args.pages) && requests == pages + failed;
    }
    exit(i32::from(!good)) // to return would wait for a name lookup that hangs
}

static ASKED: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Serves a site of 12 pages on loopback, one link that leads nowhere and one page too deep, and
/// returns its address. What it is asked for stands in `ASKED`.
async fn demo_site() -> Result<Url> {
    let page = async |uri: Uri| {
        ASKED.lock().expect("no panic in it").push(uri.to_string());
        let html = match uri.to_string().as_str() {
            "/" => {
                "<a href=a/>A</a> <A HREF='b/index.html'>B</A> <a href=c?x=1&amp;y=2>C</a>
                <a href=d>D</a> <a href=./d#part>D again</a> <a href=http://example.com/>away</a>
                <a href=mailto:a@example.com>mail</a> <!-- <a href=comment>none</a> -->
                <script>'<a href=script>none</a>'</script>"
            }
            "/a/" => "<a href=..>back</a> <a href=one>1</a> <a href=two>2</a> <a href=three>3</a>",
            "/a/one" => "<a href=/too/deep>deeper</a> <a href=two>2</a>",
            "/b/index.html" => "<base href=/base/><a href=p>P</a> <a href=q>Q</a>",
            "/c?x=1&y=2" => "<a href=old>old</a> <a href=missing>no</a> <a href=data.txt>data</a>",
            "/data.txt" => return "<a href=none>not HTML</a>".into_response(),
            "/old" => return Redirect::to("/a/one").into_response(),
            "/missing" => return StatusCode::NOT_FOUND.into_response(),
            _ => "<a href=/>home</a>",
        };
        Html(html).into_response()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = Url::parse(&format!("http://{}/", listener.local_addr()?))?;
    tokio::spawn(async move { serve(listener, Router::new().fallback(page)).await });
    Ok(url)
}
