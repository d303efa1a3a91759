//! Make many API calls, a few at once, and get typed answers in the order asked.
//!
//! Use it when the answers belong to a list: one for each row, user or page number. `buffered(n)`
//! keeps the order: an answer that comes early waits, so that at most n are in memory, and a slow
//! one at the front holds up new calls. serde checks each answer as it arrives: a field that is
//! missing or of another type is the error of that call, with its line and column, and the others
//! still arrive. To stop at the first error collect with `try_collect`. Where the order does not
//! matter: `fanout`. With retries: `fanout_retry`.
//!
//! Python: `asyncio.gather(*calls)` keeps the order, but has no limit; `await response.json()`
//! takes JSON of any shape, and the `KeyError` comes later, elsewhere.
//! Needs: `cargo add anyhow@1 axum@0.8 bytes@1 futures@0.3 reqwest@0.13 serde_json@1`,
//! `cargo add clap@4 -F derive`, `cargo add serde@1 -F derive`, `cargo add tokio@1 -F full`,
//! `cargo add tokio-util@0.7 -F rt`
//!
//! ```console
//! $ cargo run -p recipes --bin fetch_json_in_order
//! the server answered 4 3 2 1 8 7 6 5 12 11 10 9
//! in the order asked: 1 2 3 4 5 6 error 8 9 10 11 12
//! http://127.0.0.1:[..]/users/7: invalid type: string "seven", expected u32 at line 1 column 14
//!
//! $ cargo run -p recipes --bin fetch_json_in_order -- --limit 1
//! the server answered 1 2 3 4 5 6 7 8 9 10 11 12
//! in the order asked: 1 2 3 4 5 6 error 8 9 10 11 12
//! http://127.0.0.1:[..]/users/7: invalid type: string "seven", expected u32 at line 1 column 14
//!
//! $ cargo run -p recipes --bin fetch_json_in_order -- http://127.0.0.1:9/
//! ? 1
//! in the order asked: error
//! http://127.0.0.1:9/: Connection refused (os error [..])
//!
//! $ cargo run -p recipes --bin fetch_json_in_order -- --limit 0
//! ? 2
//! error: invalid value '0' for '--limit <N>': number would be zero for non-zero type
//! ```

use std::io::{Write, stderr, stdout};
use std::time::Duration;
use std::{array, num::NonZeroU16, process::exit, sync::Arc, sync::Mutex};

use anyhow::{Context, Error, Result, ensure};
use axum::{Router, extract::Path, routing::get, serve};
use bytes::BytesMut;
use clap::Parser;
use futures::{Stream, StreamExt, stream};
use reqwest::{Client, Response, Url};
use serde::{Deserialize, de::DeserializeOwned};
use tokio::{net::TcpListener, time::sleep, time::timeout};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

/// Fetches every URL, at most `limit` at once, and yields the answers in the order asked. An error
/// stands in the place of its answer, and names the URL without its password. Dropping the stream
/// stops what is in flight. `client` wants a timeout: it has none by default, and an answer that
/// never comes holds up those behind it. Panics if `limit` is 0.
pub fn fetch_in_order<T: DeserializeOwned + Send + 'static>(
    client: Client,
    urls: impl IntoIterator<Item = Url>,
    limit: usize,
) -> impl Stream<Item = Result<T>> {
    assert!(limit > 0, "a limit of 0 would wait forever");
    stream::iter(urls)
        .map(move |mut url| {
            // A task each: it goes on while the caller is busy with another answer, on any core.
            let task = tokio::spawn(fetch_json(client.clone(), url.clone()));
            let task = AbortOnDropHandle::new(task);
            let _ = (url.set_username(""), url.set_password(None));
            async move { task.await.map_err(Error::from).flatten().context(url) }
        })
        .buffered(limit)
}

/// Fetches one answer. A status from 400 to 599 is an error, and so are more than 16 MiB, and JSON
/// that is no `T`.
pub async fn fetch_json<T: DeserializeOwned>(client: Client, url: Url) -> Result<T> {
    let response = client
        .get(url)
        .send()
        .await
        .and_then(Response::error_for_status);
    let mut response = response.map_err(reqwest::Error::without_url)?; // the caller has it
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await? {
        ensure!(
            body.len() + chunk.len() <= 16 << 20,
            "a body of more than 16 MiB"
        );
        body.extend_from_slice(&chunk);
    }
    Ok(serde_json::from_slice(&body)?)
}

/// Prints the ids of users, in the order of their URLs.
#[derive(Parser)]
struct Args {
    /// Where the users are, such as https://jsonplaceholder.typicode.com/users/1; with no URL,
    /// on a demo server in this process
    urls: Vec<Url>,
    /// How many to fetch at once
    #[arg(long, value_name = "N", default_value = "4")]
    limit: NonZeroU16,
}

#[derive(Deserialize)]
struct User {
    id: u32,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::try_parse().unwrap_or_else(|wrong| match wrong.to_string().lines().next() {
        Some(line) if wrong.use_stderr() => {
            eprintln!("{line}"); // without the usage
            exit(2)
        }
        _ => wrong.exit(), // --help, --version
    });
    let (mut urls, limit) = (args.urls, usize::from(args.limit.get()));
    let mut client = Client::builder().timeout(Duration::from_secs(10));
    let demo = urls.is_empty();
    if demo {
        urls = demo_users(limit).await?;
        client = client.no_proxy(); // whatever http_proxy says: the server is in this process
    }

    let users: Vec<Result<User>> = fetch_in_order(client.build()?, urls, limit).collect().await;

    let mut good = users.iter().all(Result::is_ok);
    if demo {
        let asked = users.iter().zip(1..);
        good = asked
            .clone()
            .all(|(user, n)| user.as_ref().map_or(n == 7, |user| user.id == n));
        let answered = ANSWERED.lock().expect("no panic in it").clone();
        good &= users.len() == 12 && answered.is_sorted() == (limit == 1);
        let _ = writeln!(stdout(), "the server answered {}", join(answered));
    }
    let id = |user: &Result<User>| {
        user.as_ref()
            .map_or("error".into(), |user| user.id.to_string())
    };
    // `println!` would panic in a broken pipe.
    good &= writeln!(
        stdout(),
        "in the order asked: {}",
        join(users.iter().map(id))
    )
    .is_ok();
    for error in users.into_iter().filter_map(Result::err) {
        let _ = writeln!(stderr(), "{error}: {}", error.root_cause());
    }
    exit(i32::from(!good)) // to return would wait for a name lookup that hangs
}

fn join(words: impl IntoIterator<Item = impl ToString>) -> String {
    words
        .into_iter()
        .map(|word| word.to_string())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The users in the order of the answers, each noted just before its answer is sent.
static ANSWERED: Mutex<Vec<usize>> = Mutex::new(Vec::new());

/// Serves 12 users on loopback. Of each `limit` the last is answered first, and each of the others
/// after the one behind it, or after 2 s. User 7 has a word where the number should be.
async fn demo_users(limit: usize) -> Result<Vec<Url>> {
    let done: Arc<[_; 13]> = Arc::new(array::from_fn(|_| CancellationToken::new()));
    let user = move |Path(id): Path<usize>| async move {
        if id < 12 && id % limit > 0 {
            let _ = timeout(Duration::from_secs(2), done[id + 1].cancelled()).await;
            sleep(Duration::from_millis(20)).await; // so that the client has that answer by now
        }
        ANSWERED.lock().expect("no panic in it").push(id);
        done[id].cancel();
        if id == 7 {
            r#"{"id": "seven"}"#.to_owned()
        } else {
            format!(r#"{{"id": {id}}}"#)
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let router = Router::new().route("/users/{id}", get(user));
    tokio::spawn(async { serve(listener, router).await });
    (1..=12)
        .map(|id| Ok(Url::parse(&format!("http://{address}/users/{id}"))?))
        .collect()
}
