//! What the demos do not show: edge cases, panics, cancellation. Each module compiles the very
//! file that people copy.

mod background_writer;
#[cfg(all(feature = "cluster", target_os = "linux"))]
mod cluster_map;
#[cfg(feature = "database")]
mod db_queries;
mod execution_models;
mod graceful_shutdown;
mod io_bound_compare;
#[cfg(feature = "jobs")]
mod job_queue;
mod rate_limit;
mod single_flight_cache;
mod task_graph;
