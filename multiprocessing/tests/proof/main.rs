//! What the demos do not show: edge cases, panics, cancellation. Each module compiles the very
//! file that people copy.

mod child_dies_with_parent;
mod child_lifecycle;
mod crash_isolation;
mod listener_client_auth;
mod manager_server;
mod pass_fd;
mod pickle_args;
mod pipe_duplex;
mod poll_many_pipes;
mod process_queue;
mod receive_signals;
mod signal_child;
mod spawn_self;
mod subprocess_capture;
mod subprocess_live_output;
mod subprocess_pipeline;
mod subprocess_timeout;
