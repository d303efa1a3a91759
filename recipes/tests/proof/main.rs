//! What the demos do not show: edge cases, panics, cancellation. Each module compiles the very
//! file that people copy.

mod background_writer;
#[cfg(feature = "database")]
mod db_queries;
mod download_files;
mod graceful_shutdown;
#[cfg(feature = "jobs")]
mod job_queue;
mod rate_limit;
mod single_flight_cache;
mod site_status_checker;
#[cfg(feature = "html")]
mod web_crawler;
