//! No-op: a stream of uploads is built and never run, so nothing is uploaded.
//!
//! You see: no error, no warning, and no uploads.
//! Why: a stream is lazy, as a future and an iterator are. `map` and `buffer_unordered` only
//! describe the work; it runs when somebody takes the items out. rustc warns about an "unused
//! stream that must be used" where the chain is a statement of its own; a binding such as
//! `_uploads` silences that.
//! Rule: a chain ends in something that consumes it: `for_each`, `collect`, or a loop around
//! `next`.
//!
//! Python: `map(upload, names)` or a generator that nobody iterates over
//! Caught by: no lint; without a name, rustc `unused_must_use`; `models/tests/noops.rs`
//! Fixed: `noop_lazy_chain_fixed`
//! Needs: `cargo add futures@0.3`, `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin noop_lazy_chain_broken
//! ? 1
//! uploaded 0 of 3 pictures
//! ```

use std::process::ExitCode;
use std::sync::Mutex;

use futures::stream::{self, StreamExt};
use tokio::task;

/// Uploads the pictures, at most two at a time.
pub async fn upload_all(server: &Mutex<Vec<String>>, names: &[&str]) {
    let names = stream::iter(names);
    // BROKEN: never run
    let _uploads = names.map(|name| upload(server, name)).buffer_unordered(2);
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
