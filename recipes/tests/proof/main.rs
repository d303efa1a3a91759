//! What the demos do not show: edge cases, panics, cancellation. Each module compiles the very
//! file that people copy.

mod actor;
#[cfg(feature = "actors")]
mod actors_supervised;
mod background_writer;
mod batch_writer;
mod blocking_calls_thread_pool;
#[cfg(unix)]
mod choose_model;
#[cfg(feature = "cluster")]
mod cluster_map;
mod concurrent_file_io;
#[cfg(unix)]
mod config_reload;
mod cpu_across_processes;
#[cfg(feature = "cron")]
mod cron_jobs;
#[cfg(feature = "database")]
mod db_queries;
mod download_files;
mod execution_models;
mod fanout;
mod fanout_retry;
mod fanout_stream;
mod fetch_json_in_order;
mod graceful_shutdown;
mod hash_cracker;
mod hedged_request;
mod http_client_session;
mod http_service;
mod io_bound_compare;
mod io_cpu_pipeline;
#[cfg(feature = "jobs")]
mod job_queue;
mod keyed_workers;
mod latency_table;
mod model_grid_search;
mod monitor_watchdog;
mod parallel_commands;
mod parallel_csv;
mod parallel_image;
mod pause_resume;
mod progress_report;
mod rate_limit;
mod resource_pool;
mod scheduled_tasks;
mod single_flight_cache;
#[cfg(feature = "cookies")]
mod site_status_checker;
#[cfg(feature = "database")]
mod sqlite_threads;
mod task_graph;
mod tcp_proxy;
mod triggered_tasks;
#[cfg(feature = "file_events")]
mod watch_files;
#[cfg(feature = "html")]
mod web_crawler;
#[cfg(feature = "websocket")]
mod websocket_chat;
mod word_count;
