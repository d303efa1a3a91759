//! Load each value once, however many ask for it at once, and never keep an error.
//!
//! Use it before what is slow and gives everyone the same: a configuration, a token, a page. Who
//! asks first loads, the others wait for that one load. An error goes to the one whose load it was;
//! the next in line then loads by itself, so that a second of trouble is not remembered for ever.
//! A loader that is canceled, or panics, leaves its place to the next as well: nobody waits for
//! someone who is gone. The map is locked only to find a place in it, never across an await. A
//! value stays until `remove`; for a limit in size or in time take `moka`, whose `try_get_with`
//! does so too, but gives an error to all who wait.
//!
//! Python: `functools.cache` of a coroutine is broken; `async_lru.alru_cache`. In a dict of tasks
//! any caller that is canceled cancels the load for all the others, without `asyncio.shield`.
//! Needs: `cargo add anyhow@1 axum@0.8 futures@0.3 reqwest@0.13`, `cargo add clap@4 -F derive`,
//! `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p recipes --bin single_flight_cache
//! 100 gets of 5 keys: 100 succeed, 5 loads, 5 kept
//! 20 gets of 1 keys; the first load fails: 19 succeed, 2 loads, 1 kept
//! 20 gets of 1 keys; the first loader is canceled: 19 succeed, 2 loads, 1 kept
//! 20 gets of 1 keys; the first loader panics: 19 succeed, 2 loads, 1 kept
//! 20 gets of 1 keys; all loads fail: 0 succeed, 20 loads, 0 kept
//! 1000 times more, as the threads have it: 1000 times the same
//!
//! $ cargo run -p recipes --bin single_flight_cache -- http://127.0.0.1:9/ --gets 2
//! ? 1
//! Connection refused (os error [..])
//! Connection refused (os error [..])
//! 2 gets of 1 keys: 0 succeed, 2 loads, 0 kept
//!
//! $ cargo run -p recipes --bin single_flight_cache -- --gets 0
//! ? 2
//! error: invalid value '0' for '--gets <N>': 0 is not in 1..=65535
//! ```

use std::collections::HashMap;
use std::io::{Write, stderr, stdout};
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{borrow::Borrow, future::pending, hash::Hash, mem::take, process::exit, time::Duration};

use anyhow::{Result, bail};
use axum::{Router, serve};
use clap::{Parser, value_parser};
use futures::future::{AbortHandle, Abortable};
use reqwest::{Client, Response, Url};
use tokio::sync::{OnceCell, Semaphore};
use tokio::{net::TcpListener, task::JoinSet, time::timeout};

type Map<K, V> = HashMap<K, Arc<OnceCell<V>>>;

/// Values by key, each loaded once. All who share it hold it in an `Arc`, or a reference to it.
pub struct Cache<K: Eq + Hash, V>(Mutex<Map<K, V>>);

impl<K: Eq + Hash + Clone, V: Clone> Cache<K, V> {
    /// Returns a clone of the value of `key`. Where there is none, runs `load`, or waits for the
    /// caller who does, and runs `load` once that one has failed, panicked or been dropped. An
    /// error is that of the caller's own `load`. Hangs if `load` asks for the same key.
    pub async fn get_or_load<E, F: Future<Output = Result<V, E>>>(
        &self,
        key: K,
        load: impl FnOnce() -> F,
    ) -> Result<V, E> {
        let cell = self.lock().entry(key.clone()).or_default().clone();
        let place = Place {
            cache: self,
            key,
            cell,
        };
        place.cell.get_or_try_init(load).await.cloned()
    }
}

impl<K: Eq + Hash, V> Cache<K, V> {
    /// Forgets the value of `key`: the next one who asks loads it. Who waits for a load that has
    /// begun gets what that brings. For keys that are `String`, a `&str` does.
    pub fn remove<Q: Eq + Hash + ?Sized>(&self, key: &Q)
    where
        K: Borrow<Q>,
    {
        let _value = self.lock().remove(key); // dropped after the lock
    }

    fn lock(&self) -> MutexGuard<'_, Map<K, V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner) // no step leaves the map half-done
    }
}

impl<K: Eq + Hash, V> Default for Cache<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

/// A caller's place at a value. The last one to leave one that nobody could load clears it away, or
/// every key that fails would stay in the map.
struct Place<'a, K: Eq + Hash, V> {
    cache: &'a Cache<K, V>,
    key: K,
    cell: Arc<OnceCell<V>>,
}

impl<K: Eq + Hash, V> Drop for Place<'_, K, V> {
    fn drop(&mut self) {
        let _value; // a value that has been removed meanwhile: dropped after the lock
        let mut map = self.cache.lock(); // no count goes up, and none down without being seen
        _value = Arc::into_inner(take(&mut self.cell));
        let nobody = |cell: &Arc<OnceCell<V>>| Arc::strong_count(cell) == 1 && !cell.initialized();
        if map.get(&self.key).is_some_and(nobody) {
            map.remove(&self.key);
        }
    }
}

/// Gets pages through a cache.
#[derive(Parser)]
struct Args {
    /// What to get, each in its turn; with no URL, 5 pages of a demo server in this process
    urls: Vec<Url>,
    /// How many callers ask at once
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = value_parser!(u16).range(1..))]
    gets: u16,
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
    let client = Client::builder().timeout(Duration::from_secs(10));
    let good = match args.urls.is_empty() {
        // Whatever http_proxy says: the server is in this process.
        true => demo(client.no_proxy().build()?, args.gets).await?,
        false => {
            let [got, ..] = get(&client.build()?, &args.urls, args.gets, "", true).await;
            got == usize::from(args.gets)
        }
    };
    exit(i32::from(!good)) // to return would wait for a name lookup that hangs
}

async fn demo(client: Client, gets: u16) -> Result<bool> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = Url::parse(&format!("http://{}/", listener.local_addr()?))?;
    tokio::spawn(async { serve(listener, Router::new().fallback(async || "a page")).await });
    let pages: Vec<_> = (1..=5)
        .map(|n| url.join(&n.to_string()))
        .collect::<Result<_, _>>()?;
    let counts = get(&client, &pages, gets, "", true).await;
    let (mut good, mut same) = (
        counts == [gets, gets.min(5), gets.min(5)].map(usize::from),
        0,
    );
    let troubles = [
        "; the first load fails",
        "; the first loader is canceled",
        "; the first loader panics",
        "; all loads fail",
    ];
    let expected = |how, n| {
        if how == troubles[3] {
            [0, n, 0]
        } else {
            [n - 1, 2, 1]
        }
    };
    for how in troubles {
        good &= get(&client, &pages[..1], 20, how, true).await == expected(how, 20);
    }
    for (how, n) in troubles
        .into_iter()
        .cycle()
        .zip((2..=20).cycle())
        .take(1000)
    {
        let counts = get(&client, &pages[..1], n, how, false).await;
        same += usize::from(counts == expected(how, n.into()));
    }
    let _ = writeln!(
        stdout(),
        "1000 times more, as the threads have it: {same} times the same"
    );
    Ok(good && same == 1000)
}

/// How many got a page, how many loads there were, how many places are in the map after it.
type Counts = [usize; 3];

/// Gets `urls` in turn, `gets` times, each in a task, all at once. No load ends before half of them
/// have asked, or all, where it is `forced`: then it prints what came of it.
async fn get(client: &Client, urls: &[Url], gets: u16, how: &'static str, forced: bool) -> Counts {
    let shared = Arc::new((Cache::default(), AtomicUsize::new(0), Semaphore::new(0)));
    let mut callers = JoinSet::new();
    for url in urls.iter().cycle().take(gets.into()) {
        let (shared, client, url) = (shared.clone(), client.clone(), url.clone());
        callers.spawn(async move {
            let (cache, loads, asked) = &*shared;
            let (abort, aborted) = AbortHandle::new_pair();
            let load = async || {
                let first = loads.fetch_add(1, Relaxed) == 0;
                let enough = asked.acquire_many(u32::from(if forced { gets } else { gets / 2 }));
                let _ = timeout(Duration::from_secs(2), enough).await;
                match how {
                    "; the first loader is canceled" if first => (abort.abort(), pending().await).1,
                    "; the first loader panics" if first => resume_unwind(Box::new("unheard")),
                    "; the first load fails" if first => bail!("the first load"),
                    "; all loads fail" => bail!("a load"),
                    _ => {
                        let page = client.get(url.clone()).send().await;
                        Ok(page.and_then(Response::error_for_status)?.bytes().await?)
                    }
                }
            };
            asked.add_permits(1);
            Abortable::new(cache.get_or_load(url.clone(), load), aborted).await
        });
    }
    let mut got = 0;
    while let Some(page) = callers.join_next().await {
        match page {
            Ok(Ok(Ok(_))) => got += 1,
            Ok(Ok(Err(e))) if how.is_empty() => _ = writeln!(stderr(), "{}", e.root_cause()),
            _ => {} // as it should be
        }
    }
    let (keys, loads, kept) = (urls.len(), shared.1.load(Relaxed), shared.0.lock().len());
    if forced {
        let counts = format!("{got} succeed, {loads} loads, {kept} kept");
        let _ = writeln!(stdout(), "{gets} gets of {keys} keys{how}: {counts}");
    }
    [got, loads, kept]
}
