//! Refused: a thread changes an environment variable.
//!
//! The environment belongs to the whole process, and C code in any thread reads it without a lock
//! (`getenv`, `localtime`): a use after free. Since edition 2024 `set_var` is `unsafe`.
//!
//! Python: `os.environ["TZ"] = "UTC"` in a thread; a C library that reads the environment at that
//! moment may crash the interpreter.
//! Error: ``error[E0133]: call to unsafe function `set_var` is unsafe and requires unsafe block``
//! Instead: `Command::new("date").env("TZ", "UTC")` for a child; for this process an argument or a
//! `OnceLock`, see `once_init`.
//! Needs: nothing

use std::env;
use std::thread;

fn main() {
    let worker = thread::spawn(|| {
        env::set_var("TZ", "UTC"); // REFUSED: E0133
    });
    worker.join().unwrap();
}
