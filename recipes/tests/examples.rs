fn main() -> anyhow::Result<std::process::ExitCode> {
    checks::examples(env!("CARGO_MANIFEST_DIR"), &[("websocket", cfg!(feature = "websocket"))])
}
