fn main() -> anyhow::Result<std::process::ExitCode> {
    let features = [("smol", cfg!(feature = "smol"))];
    checks::examples(env!("CARGO_MANIFEST_DIR"), &features)
}
