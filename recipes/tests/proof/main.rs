//! What the demos do not show: edge cases, panics, cancellation. Each module compiles the very
//! file that people copy.

mod background_writer;
mod batch_writer;
mod concurrent_file_io;
#[cfg(feature = "database")]
mod db_queries;
mod graceful_shutdown;
#[cfg(feature = "jobs")]
mod job_queue;
mod parallel_commands;
mod rate_limit;
mod resource_pool;
mod single_flight_cache;
#[cfg(feature = "database")]
mod sqlite_threads;
