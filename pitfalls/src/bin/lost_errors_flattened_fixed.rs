//! Fixed: what succeeded and what failed go into two lists, and both are returned.
//!
//! If one failure makes all of it useless, collect into a `Result<Vec<_>, _>`, which is the first
//! error. If each item matters by itself, hand over one result after the other, as `fanout` does.
//!
//! Python: two lists, or an `ExceptionGroup`
//! Broken: `lost_errors_flattened_broken`
//! Needs: `cargo add futures@0.3`, `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin lost_errors_flattened_fixed
//! 3 of 5 pages, errors: ["page 2: status 500", "page 4: status 500"]
//! ```

use std::process::ExitCode;

use futures::future::join_all;
use tokio::task;

/// Fetches the pages, all at once. Returns them, and what went wrong.
pub async fn fetch_all(numbers: &[u32]) -> (Vec<String>, Vec<String>) {
    let fetches = numbers.iter().map(|number| fetch(*number));
    let results = join_all(fetches).await;
    let mut pages = Vec::new();
    let mut errors = Vec::new();
    for result in results {
        match result {
            Ok(page) => pages.push(page),
            Err(error) => errors.push(error), // FIXED: keeps them
        }
    }
    (pages, errors)
}

/// Stands for a request: the server cannot serve even pages.
async fn fetch(number: u32) -> Result<String, String> {
    task::yield_now().await;
    if number.is_multiple_of(2) {
        return Err(format!("page {number}: status 500"));
    }
    Ok(format!("page {number}"))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let (pages, errors) = fetch_all(&[1, 2, 3, 4, 5]).await;
    let fetched = pages.len();
    println!("{fetched} of 5 pages, errors: {errors:?}");
    if fetched + errors.len() == 5 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
