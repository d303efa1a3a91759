//! Lost: `flatten` on a list of results throws the errors away.
//!
//! You see: three pages where there should be five, and no error.
//! Why: a `Result` is an iterator over its `Ok` value. `flatten`, and `filter_map(Result::ok)`,
//! keep what succeeded, and drop each error without a word.
//! Rule: whoever leaves out what failed says how many, and why.
//!
//! Python: `[page for page in pages if not isinstance(page, Exception)]` after `gather`
//! Caught by: no lint
//! Fixed: `lost_errors_flattened_fixed`
//! Needs: `cargo add futures@0.3`, `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin lost_errors_flattened_broken
//! ? 1
//! 3 of 5 pages, errors: []
//! ```

use std::process::ExitCode;

use futures::future::join_all;
use tokio::task;

/// Fetches the pages, all at once. Returns them, and what went wrong.
pub async fn fetch_all(numbers: &[u32]) -> (Vec<String>, Vec<String>) {
    let fetches = numbers.iter().map(|number| fetch(*number));
    let results = join_all(fetches).await;
    let pages = results.into_iter().flatten().collect(); // BROKEN: drops the errors
    let errors = Vec::new();
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
