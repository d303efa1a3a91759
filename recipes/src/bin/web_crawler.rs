//! Crawl a site: follow its links down to a given depth, every page once, a few at a time.
//!
//! Use it for a link checker, an archive, an index. The crawl is a stream, which owns the queue and
//! the set of what has been seen, so nothing is locked, and the end is no riddle: it has come when
//! the queue is empty and nobody is at work. An empty queue alone is no end: the page that is on
//! its way may bring more links. A page is marked as seen when it is found, not when it is fetched,
//! or two pages that link to it would fetch it twice. Pages are asked for breadth first, so depth
//! is the shortest way, unless answers overtake each other. Links are resolved against the page, or
//! its `<base>`, and lose their `#fragment`; other origins are left alone. A redirect is a link
//! like any other. A page that fails is a result; the others go on. While you are busy with a page,
//! requests already sent go on, but no new ones are sent. Dropping the crawl cancels its requests.
//! `robots.txt` and a pause between requests are up to you: see `rate_limit`. Known addresses:
//! `fanout`.
//!
//! Python: workers around an `asyncio.Queue`, `task_done` for each page, and `queue.join()`, which
//! is what knows that nobody is at work.
//! Needs: `cargo add anyhow@1 axum@0.8 futures@0.3 html5gum@0.9 reqwest@0.13`,
//! `cargo add clap@4 -F derive`, `cargo add tokio@1 -F full`
//!
//! ```console unordered
//! $ cargo run -p recipes --bin web_crawler
//! 0 /: 258 bytes, 7 links
//! 1 /a/: 75 bytes, 4 links
//! 1 /b/index.html: 49 bytes, 2 links
//! 1 /c: 68 bytes, 3 links
//! 1 /d: 18 bytes, 1 links
//! 2 /a/one: 46 bytes, 2 links
//! 2 /a/three: 18 bytes, 1 links
//! 2 /a/two: 18 bytes, 1 links
//! 2 /base/p: 18 bytes, 1 links
//! 2 /base/q: 18 bytes, 1 links
//! 2 /data.txt: 0 bytes, 0 links
//! 2 /missing: HTTP status client error (404 Not Found)
//! 2 /old: 0 bytes, 1 links
//! 12 pages, 1 failed
//! the server: 13 requests, 0 again, 0 too many at once
//! ```
//!
//! ```console
//! $ cargo run -p recipes --bin web_crawler -- --depth 0
//! 0 /: 258 bytes, 7 links
//! 1 pages, 0 failed
//! the server: 1 requests, 0 again, 0 too many at once
//!
//! $ cargo run -p recipes --bin web_crawler -- --start http://127.0.0.1:9/
//! ? 1
//! 0 /: Connection refused (os error [..])
//! 0 pages, 1 failed
//!
//! $ cargo run -p recipes --bin web_crawler -- --start example.com
//! ? 2
//! error: invalid value 'example.com' for '--start <URL>': relative URL without a base
//! ```

use std::{collections::HashSet, collections::VecDeque, io::Write, io::stdout};
use std::{num::NonZeroUsize, process::exit, sync::Mutex, task::Poll, task::ready, time::Duration};

use anyhow::{Result, ensure};
use axum::{Router, http::Uri, response::Html, response::IntoResponse, response::Redirect, serve};
use clap::Parser;
use futures::{Stream, StreamExt, stream};
use html5gum::{DefaultEmitter, Token, Tokenizer};
use reqwest::{Client, Response, StatusCode, Url, header, redirect::Policy};
use tokio::{net::TcpListener, sync::Semaphore, task::JoinSet, time::sleep};

/// How far a crawl goes.
pub struct Limits {
    /// How many links away from the start.
    pub depth: usize,
    /// How many pages in all, the start and those that fail included.
    pub pages: NonZeroUsize,
    /// How many at once.
    pub at_once: NonZeroUsize,
}

/// The HTML of a page, empty if it is something else, and where it links to.
pub struct Page {
    pub html: Vec<u8>,
    pub links: Vec<Url>,
}

/// Where it is, how many links away from the start, and the page, or why it did not come.
pub type Visit = (Url, usize, Result<Page>);

/// Fetches `start`, and what it links to on its own origin (scheme, host and port: begin with
/// `https` if the site redirects there), and yields each page as it comes. Dropping the stream
/// stops what is in flight. `client` wants a timeout, and `Policy::none()` for redirects, or they
/// could lead elsewhere.
pub fn crawl(client: Client, mut start: Url, limits: Limits) -> impl Stream<Item = Visit> + Unpin {
    start.set_fragment(None);
    let (origin, most) = (start.origin(), limits.pages.get());
    let (mut seen, mut queue) = (HashSet::from([start.clone()]), VecDeque::from([(start, 0)]));
    let mut running = JoinSet::new(); // tasks: they go on while the caller is busy with a page
    stream::poll_fn(move |context| {
        let free = queue.len().min(limits.at_once.get() - running.len());
        for (url, far) in queue.drain(..free) {
            let client = client.clone();
            running.spawn(async move { (fetch(&client, &url).await, url, far) });
        }
        // The end: nobody is at work, and so the queue is empty too, or somebody would be.
        let Some(ended) = ready!(running.poll_join_next(context)) else {
            return Poll::Ready(None);
        };
        let (page, url, far) = ended.expect("no panic in it");
        for mut link in page
            .iter()
            .flat_map(|it| it.links.clone())
            .filter(|_| far < limits.depth)
        {
            link.set_fragment(None);
            if link.origin() == origin && seen.len() < most && seen.insert(link.clone()) {
                queue.push_back((link, far + 1));
            }
        }
        Poll::Ready(Some((url, far, page)))
    })
}

/// Fetches a page. A status from 400 to 599 is an error, and so is a page of more than 4 MiB. A
/// redirect is an empty page with one link.
pub async fn fetch(client: &Client, url: &Url) -> Result<Page> {
    let response = client
        .get(url.clone())
        .send()
        .await
        .and_then(Response::error_for_status);
    let mut response = response.map_err(reqwest::Error::without_url)?; // the caller has it
    let header = |name| {
        response
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let mut html = Vec::new();
    if response.status().is_redirection() {
        let to = header(header::LOCATION).and_then(|to| url.join(to).ok());
        return Ok(Page {
            html,
            links: to.into_iter().collect(),
        });
    }
    if header(header::CONTENT_TYPE).is_some_and(|it| it.to_lowercase().starts_with("text/html")) {
        while let Some(chunk) = response.chunk().await? {
            ensure!(
                html.len() + chunk.len() <= 4 << 20,
                "a page of more than 4 MiB"
            );
            html.extend_from_slice(&chunk);
        }
    }
    Ok(Page {
        links: links(response.url(), &html),
        html,
    })
}

/// The links of a page at `url`, resolved, in the order of the page. What cannot be resolved is
/// left out.
pub fn links(url: &Url, html: &[u8]) -> Vec<Url> {
    let (mut base, mut links) = (url.clone(), Vec::new());
    let mut emitter = DefaultEmitter::<()>::default();
    emitter.naively_switch_states(true); // what stands in a script, say, is no tag
    for token in Tokenizer::new_with_emitter(html, emitter) {
        let Ok(Token::StartTag(tag)) = token else {
            continue;
        };
        let href = tag
            .attributes
            .get(&b"href"[..])
            .map(|href| String::from_utf8_lossy(href));
        let to = href.and_then(|href| base.join(&href).ok());
        match (&tag.name[..], to) {
            (b"a" | b"area", to) => links.extend(to),
            (b"base", Some(to)) => base = to,
            _ => {}
        }
    }
    links
}

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
    #[arg(long, value_name = "N", default_value = "1000")]
    pages: NonZeroUsize,
    /// How many at once
    #[arg(long, value_name = "N", default_value = "4")]
    limit: NonZeroUsize,
}

#[tokio::main]
async fn main() -> Result<()> {
    let Args {
        start,
        depth,
        pages: most,
        limit,
    } = Args::try_parse().unwrap_or_else(|wrong| match wrong.to_string().lines().next() {
        Some(line) if wrong.use_stderr() => {
            eprintln!("{line}"); // without the usage
            exit(2)
        }
        _ => wrong.exit(), // --help
    });
    let (mut all, mut found, demo) = (0, 0, start.is_none());
    let start = if let Some(url) = start {
        url
    } else {
        demo_site().await?
    };
    let client = Client::builder()
        .timeout(Duration::from_secs(10))
        .redirect(Policy::none());
    // In the demo, whatever http_proxy says: the server is in this process.
    let client = if demo { client.no_proxy() } else { client };
    let mut pages = crawl(
        client.build()?,
        start,
        Limits {
            depth,
            pages: most,
            at_once: limit,
        },
    );
    while let Some((url, far, page)) = pages.next().await {
        (all, found) = (all + 1, found + usize::from(page.is_ok()));
        let what = match page {
            Ok(page) => format!("{} bytes, {} links", page.html.len(), page.links.len()),
            Err(error) => error.root_cause().to_string(),
        };
        writeln!(stdout(), "{far} {}: {what}", url.path())?;
    }
    writeln!(stdout(), "{found} pages, {} failed", all - found)?;
    let mut good = found == all;
    if demo {
        let asked = ASKED.lock().expect("no panic in the server");
        let n = asked.len();
        let again = n - asked
            .iter()
            .map(|(page, _)| page)
            .collect::<HashSet<_>>()
            .len();
        let many = asked
            .iter()
            .filter(|(_, at_once)| *at_once > limit.get())
            .count();
        writeln!(
            stdout(),
            "the server: {n} requests, {again} again, {many} too many at once"
        )?;
        let expected = most.get().min(*[1, 5, 13, 14].get(depth).unwrap_or(&14));
        good = (again + many, all, n) == (0, expected, expected);
    }
    exit(i32::from(!good)) // to return would wait for a name lookup that hangs
}

static SEATS: Semaphore = Semaphore::const_new(Semaphore::MAX_PERMITS);
static ASKED: Mutex<Vec<(String, usize)>> = Mutex::new(Vec::new());

const HOME: &str = "<a href=a/>A</a> <A HREF='b/index.html'>B</A> <a href=c?x=1&amp;y=2>C</a>
    <a href=d>D</a> <a href=./d#part>D</a> <a href=http://example.com/>away</a> <a href=mailto:me>
    </a> <!-- <a href=comment>none</a> --> <script>'<a href=script>none</a>'</script>";

/// Serves a site of 12 pages on loopback, one link that leads nowhere and one page too deep, and
/// returns its address. What it is asked for stands in `ASKED`, with how many at once.
async fn demo_site() -> Result<Url> {
    let page = async |uri: Uri| {
        let _seat = SEATS.acquire().await;
        let at_once = Semaphore::MAX_PERMITS - SEATS.available_permits();
        ASKED
            .lock()
            .expect("no panic in it")
            .push((uri.to_string(), at_once));
        sleep(Duration::from_millis(20)).await; // one too many would be seen
        let html = match uri.to_string().as_str() {
            "/" => HOME,
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
