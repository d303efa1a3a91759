fn main() -> anyhow::Result<std::process::ExitCode> {
    checks::examples(
        env!("CARGO_MANIFEST_DIR"),
        &[
            ("database", cfg!(feature = "database")),
            ("http", cfg!(feature = "http")),
        ],
    )
}
