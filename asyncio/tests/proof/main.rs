//! What the demos do not show: edge cases, panics, cancellation. Each module compiles the very
//! file that people copy.

mod async_cleanup;
#[cfg(target_os = "linux")]
mod epoll_event_loop;
mod future_by_hand;
mod gather_join;
mod mini_executor;
mod shield_by_spawn;
mod task_group;
mod task_lifecycle;
#[cfg(target_os = "linux")]
mod ten_thousand_connections;
mod test_with_paused_time;
mod timeouts;
