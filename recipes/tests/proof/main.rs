//! What the demos do not show: edge cases, panics, cancellation. Each module compiles the very
//! file that people copy, or runs the very program.

mod background_writer;
mod cluster_map;
mod db_queries;
mod job_queue;
mod rate_limit;
mod triggered_tasks;
