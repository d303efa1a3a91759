//! What the demos do not show: edge cases, panics, cancellation. Each module compiles the very
//! file that people copy.

mod async_cleanup;
mod gather_join;
mod shield_by_spawn;
mod task_group;
mod task_lifecycle;
mod test_with_paused_time;
mod timeouts;
