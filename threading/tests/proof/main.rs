//! What the demos do not show: edge cases, panics, cancellation. Each module compiles the very
//! file that people copy.

mod barrier_phases;
mod event_set_wait;
mod park_unpark;
mod producer_consumer;
mod rayon_join;
mod select_channels;
mod semaphore_limit;
mod tcp_echo_threads;
mod thread_pool;
mod thread_pool_first_error;
mod thread_pool_imap;
mod thread_pool_map;
mod timer_cancel;
