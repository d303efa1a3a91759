//! What the demos do not show: edge cases, panics, cancellation. Each module compiles the very
//! file that people copy.

mod background_writer;
#[cfg(unix)]
mod config_reload;
#[cfg(feature = "cron")]
mod cron_jobs;
#[cfg(feature = "database")]
mod db_queries;
mod graceful_shutdown;
#[cfg(feature = "jobs")]
mod job_queue;
mod keyed_workers;
mod pause_resume;
mod rate_limit;
mod scheduled_tasks;
mod single_flight_cache;
mod triggered_tasks;
#[cfg(feature = "file_events")]
mod watch_files;
