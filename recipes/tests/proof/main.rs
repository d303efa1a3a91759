//! What the demos do not show: edge cases, panics, cancellation. Each module compiles the very
//! file that people copy.

mod background_writer;
mod cpu_across_processes;
#[cfg(feature = "database")]
mod db_queries;
mod graceful_shutdown;
mod hash_cracker;
#[cfg(feature = "jobs")]
mod job_queue;
mod model_grid_search;
mod parallel_csv;
mod parallel_image;
mod rate_limit;
mod single_flight_cache;
mod word_count;
