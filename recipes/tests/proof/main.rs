//! What the demos do not show: edge cases, panics, cancellation. Each module compiles the very
//! file that people copy.

mod actor;
#[cfg(feature = "actors")]
mod actors_supervised;
mod background_writer;
#[cfg(feature = "database")]
mod db_queries;
mod graceful_shutdown;
mod http_service;
#[cfg(feature = "jobs")]
mod job_queue;
mod rate_limit;
mod single_flight_cache;
mod tcp_proxy;
#[cfg(feature = "websocket")]
mod websocket_chat;
