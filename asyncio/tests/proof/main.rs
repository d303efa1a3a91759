//! What the demos do not show: edge cases, panics, cancellation. Each module compiles the very
//! file that people copy.

mod async_cleanup;
mod async_event;
mod async_lock;
mod async_producer_consumer;
mod async_semaphore;
mod async_streams;
mod async_subprocess;
mod broadcast_watch;
mod call_async_from_thread;
mod chat_server;
mod cpu_offload_rayon;
mod epoll_event_loop;
mod find_blocking_task;
mod framed_protocol;
mod future_by_hand;
mod gather_join;
mod mini_executor;
mod select_loop;
mod shield_by_spawn;
mod signal_shutdown;
mod stdin_lines;
mod task_group;
mod task_lifecycle;
mod task_local_context;
mod tcp_echo;
mod ten_thousand_connections;
mod test_with_paused_time;
mod timeouts;
