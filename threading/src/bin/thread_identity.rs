//! Name a thread, give it a larger stack, and find out which thread you are in.
//!
//! Use `thread::Builder` to name a thread: the name stands in panic messages, in a debugger and in
//! `top -H`. The kernel cuts it to 15 bytes, and has a number of its own for each thread. For the
//! main thread that number is the process id.
//!
//! - `ThreadId` is unique in a process forever. The kernel uses its numbers again.
//! - A spawned thread has 2 MiB of stack unless the builder or `RUST_MIN_STACK` says otherwise. The
//!   main thread has what `ulimit -s` says. An overflow is no panic: it ends the whole process.
//! - std keeps no list of threads. On Linux, `/proc/self/task` has a folder for each of them.
//! - `JoinHandle::is_finished` tells whether a thread has ended, without waiting for it.
//!
//! Python: `current_thread()`, `get_native_id()`, `main_thread()`, `threading.stack_size()`
//! Needs: `cargo add nix@0.31 -F process`
//! Runs on: Linux
//!
//! ```console
//! $ cargo run -p threading --bin thread_identity
//! named Some("main"), ThreadId([..])
//! in the kernel: [..], named "thread_identity"
//! the main thread: true
//! named Some("resize-images-of-inbox"), ThreadId([..])
//! in the kernel: [..], named "resize-images-o"
//! the main thread: false
//! 8 MiB of its 16 MiB stack were used
//! ```

use std::fs;
use std::hint::black_box;
use std::io;
use std::thread;

use nix::unistd::{getpid, gettid};

fn main() -> io::Result<()> {
    print_identity()?;

    let worker = thread::Builder::new()
        .name("resize-images-of-inbox".to_owned())
        .stack_size(16 * 1024 * 1024)
        .spawn(|| {
            use_stack(8 * 1024);
            print_identity()
        })?;
    worker.join().expect("printing does not panic")?;
    println!("8 MiB of its 16 MiB stack were used");
    Ok(())
}

/// Prints who the current thread is.
fn print_identity() -> io::Result<()> {
    let thread = thread::current();
    println!("named {:?}, {:?}", thread.name(), thread.id());

    let kernel_id = gettid();
    let kernel_name = fs::read_to_string("/proc/thread-self/comm")?;
    println!(
        "in the kernel: {kernel_id}, named {:?}",
        kernel_name.trim_end()
    );
    println!("the main thread: {}", kernel_id == getpid());
    Ok(())
}

/// Calls itself until at least so many KiB of stack are in use.
fn use_stack(kib: usize) {
    let frame = [0_u8; 1024];
    if kib > 1 {
        use_stack(kib - 1);
    }
    black_box(&frame); // after the call, so that it is on the stack until then
}
