fn main() -> anyhow::Result<std::process::ExitCode> {
    checks::examples(
        env!("CARGO_MANIFEST_DIR"),
        &[
            ("actors", cfg!(feature = "actors")),
            ("cluster", cfg!(feature = "cluster")),
            ("cookies", cfg!(feature = "cookies")),
            ("cron", cfg!(feature = "cron")),
            ("database", cfg!(feature = "database")),
            ("file_events", cfg!(feature = "file_events")),
            ("html", cfg!(feature = "html")),
            ("jobs", cfg!(feature = "jobs")),
            ("websocket", cfg!(feature = "websocket")),
        ],
    )
}
