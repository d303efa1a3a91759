//! Catch the panic of a thread at `join`, and read its message.
//!
//! A panic ends its own thread only; the others go on. It is printed when it happens, and `join`
//! returns it as an `Err`. The error is a value of any type. After `panic!` it holds the message,
//! which `panic_message` takes out.
//!
//! - If nobody joins the thread, the message on stderr is all you get, and the program exits with
//!   0.
//! - `thread::scope` panics when one of its threads has panicked and was not joined explicitly.
//! - A lock that was held during the panic is poisoned: `poisoned_lock`.
//! - `panic::set_hook` replaces what is printed. With `panic = "abort"` in `Cargo.toml`, the first
//!   panic ends the process.
//! - What may fail in everyday use should return a `Result` and not panic.
//!
//! Python: `threading.excepthook`, and `Future.exception()` of a pool
//! Needs: nothing
//! Tested: `threading/tests/proof/panic_in_thread.rs`
//!
//! ```console
//! $ cargo run -p threading --bin panic_in_thread
//!
//! thread '<unnamed>' ([..]) panicked at threading/src/bin/panic_in_thread.rs:[..]
//! page 2 is missing
//! note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
//! returned: page 1
//! panicked: page 2 is missing
//! returned: page 3
//! ```

use std::any::Any;

/// Returns the message of a panic that `join` or `catch_unwind` has caught.
pub fn panic_message(panic: Box<dyn Any + Send>) -> String {
    if let Some(message) = panic.downcast_ref::<&str>() {
        return message.to_string(); // of `panic!` with a fixed text
    }
    if let Some(message) = panic.downcast_ref::<String>() {
        return message.clone(); // of `panic!` with values in the text
    }
    "a panic without a message".to_owned() // of `panic_any` or `resume_unwind`
}

// ---- Demo ----------------------------------------------------------------------------------

use std::thread;

fn main() {
    let mut threads = Vec::new();
    for number in 1..=3 {
        threads.push(thread::spawn(move || load_page(number)));
    }

    let mut results = Vec::new();
    for thread in threads {
        results.push(thread.join());
    }
    for result in results {
        match result {
            Ok(page) => println!("returned: {page}"),
            Err(panic) => println!("panicked: {}", panic_message(panic)),
        }
    }
}

fn load_page(number: u32) -> String {
    if number == 2 {
        panic!("page {number} is missing");
    }
    format!("page {number}")
}
