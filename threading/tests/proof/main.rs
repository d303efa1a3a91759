//! What the demos do not show: edge cases, panics, cancellation. Each module compiles the very
//! file that people copy.

mod barrier_phases;
mod ctrl_c_threads;
mod event_set_wait;
mod panic_in_thread;
mod park_unpark;
mod poisoned_lock;
mod producer_consumer;
mod rayon_join;
mod scoped_threads;
mod select_channels;
mod semaphore_limit;
mod stop_a_thread;
mod tcp_echo_threads;
mod thread_local_state;
mod thread_pool;
mod thread_pool_first_error;
mod thread_pool_imap;
mod thread_pool_map;
mod timer_cancel;
mod worker_stops_on_drop;
