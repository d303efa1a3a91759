fn main() -> anyhow::Result<std::process::ExitCode> {
    let features = [
        ("deadlock_detection", cfg!(feature = "deadlock_detection")),
        ("shuttle", cfg!(feature = "shuttle")),
    ];
    checks::examples(env!("CARGO_MANIFEST_DIR"), &features)
}
