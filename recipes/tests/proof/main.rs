//! What the demos do not show: edge cases, panics, cancellation. Each module compiles the very
//! file that people copy.

mod background_writer;
mod blocking_calls_thread_pool;
#[cfg(unix)]
mod choose_model;
#[cfg(feature = "database")]
mod db_queries;
mod graceful_shutdown;
mod io_cpu_pipeline;
#[cfg(feature = "jobs")]
mod job_queue;
mod latency_table;
mod monitor_watchdog;
mod progress_report;
mod rate_limit;
mod single_flight_cache;
