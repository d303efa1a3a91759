use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::time::sleep;

#[path = "../../src/bin/call_async_from_thread.rs"]
#[allow(dead_code)]
mod program;
use program::block_on_timeout;

const MILLISECOND: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_secs(10);

/// The message that `call` panics with.
fn panic_of<T>(call: impl FnOnce() -> T) -> String {
    let panic = catch_unwind(AssertUnwindSafe(call)).err().expect("a panic");
    match panic.downcast::<String>() {
        Ok(message) => *message,
        Err(panic) => panic.downcast_ref::<&str>().unwrap().to_string(),
    }
}

#[test]
fn a_late_future_is_dropped() {
    let runtime = Runtime::new().unwrap();
    let alive = Arc::new(());
    let held = alive.clone();
    let late = block_on_timeout(runtime.handle(), MILLISECOND, async move {
        let _held = held;
        pending::<()>().await;
    });
    assert!(late.is_err());
    assert_eq!(Arc::strong_count(&alive), 1);
}

#[test]
fn a_timer_made_outside_of_the_runtime_panics_and_one_made_inside_does_not() {
    let runtime = Runtime::new().unwrap();
    let handle = runtime.handle();
    let message = panic_of(|| handle.block_on(sleep(MILLISECOND)));
    assert_eq!(
        message,
        "there is no reactor running, must be called from the context of a Tokio 1.x runtime"
    );
    assert_eq!(panic_of(|| tokio::spawn(async {})), message);

    handle.block_on(async { sleep(MILLISECOND).await });
    let in_time = block_on_timeout(handle, LONG, async { sleep(MILLISECOND).await });
    assert!(in_time.is_ok());
    let _guard = handle.enter();
    handle.block_on(sleep(MILLISECOND));
}

#[tokio::test]
async fn in_async_code_it_panics() {
    let message = panic_of(|| block_on_timeout(&Handle::current(), LONG, async {}));
    assert!(message.starts_with("Cannot start a runtime from within a runtime"));
}

#[test]
fn on_a_current_thread_runtime_that_does_not_run_not_even_the_timeout_comes() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let handle = runtime.handle().clone();
    let (report, reports) = mpsc::channel();
    let caller = thread::spawn(move || {
        let late = block_on_timeout(&handle, MILLISECOND, pending::<()>());
        report.send(late.is_err()).unwrap();
    });
    let without_runtime = reports.recv_timeout(Duration::from_millis(200));
    assert_eq!(without_runtime, Err(mpsc::RecvTimeoutError::Timeout));

    let with_runtime = runtime.block_on(async {
        let wait = move || reports.recv_timeout(LONG);
        tokio::task::spawn_blocking(wait).await.unwrap()
    });
    assert_eq!(with_runtime, Ok(true));
    caller.join().unwrap();
}

#[test]
fn on_a_runtime_that_is_gone_a_timer_panics() {
    let runtime = Runtime::new().unwrap();
    let handle = runtime.handle().clone();
    drop(runtime);
    let message = panic_of(|| block_on_timeout(&handle, LONG, pending::<()>()));
    assert!(message.contains("is being shutdown"), "{message}");
}
