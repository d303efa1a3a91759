//! Refused: an `async fn` is called without `.await`, where that lint is an error.
//!
//! The call builds a future, and a future that nobody polls does nothing. rustc warns of it
//! (`unused_must_use`); one line makes the warning an error.
//!
//! Python: `save(row)` without `await`; nothing is saved, and "coroutine 'save' was never awaited"
//! is a line on stderr.
//! Error: ``error: unused implementer of `Future` that must be used``
//! Instead: `save().await;`. For a whole package, in its Cargo.toml: `[lints.rust]` and
//! `unused_must_use = "deny"`. What the lint does not see: `noop_future_never_polled_broken`.
//! Needs: `cargo add tokio@1 -F full`

#![deny(unused_must_use)]

async fn save() {
    println!("saved");
}

#[tokio::main]
async fn main() {
    save(); // REFUSED: unused_must_use
}
