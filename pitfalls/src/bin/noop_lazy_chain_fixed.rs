//! Fixed: the stream of uploads is consumed, so all of them run.
//!
//! `for_each` takes the items out until the stream ends, with at most two uploads at a time. Where
//! the results matter, `collect` returns them, and `try_for_each` stops at the first error. It is
//! the same with iterators and with rayon: `par_iter().map(..)` does nothing either before
//! `for_each`, `collect` or `sum`.
//!
//! Python: `for _ in map(upload, names): pass`
//! Broken: `noop_lazy_chain_broken`
//! Needs: `cargo add futures@0.3`, `cargo add tokio@1 -F full`
//! Tested: `models/tests/noops.rs`
//!
//! ```console
//! $ cargo run -p pitfalls --bin noop_lazy_chain_fixed
//! uploaded 3 of 3 pictures
//! ```

use std::process::ExitCode;
use std::sync::Mutex;

use futures::stream::{self, StreamExt};
use tokio::task;

/// Uploads the pictures, at most two at a time.
pub async fn upload_all(server: &Mutex<Vec<String>>, names: &[&str]) {
    let names = stream::iter(names);
    let uploads = names.map(|name| upload(server, name)).buffer_unordered(2);
    uploads.for_each(async |()| {}).await; // FIXED: runs them
}

/// Stands for a request to a server.
async fn upload(server: &Mutex<Vec<String>>, name: &str) {
    task::yield_now().await;
    server.lock().unwrap().push(name.to_owned());
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let server = Mutex::new(Vec::new());
    upload_all(&server, &["sea.png", "sky.png", "sun.png"]).await;

    let uploaded = server.lock().unwrap().len();
    println!("uploaded {uploaded} of 3 pictures");
    if uploaded == 3 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
