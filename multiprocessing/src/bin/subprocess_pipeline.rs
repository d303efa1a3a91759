//! Connect two programs as a shell does, `producer | consumer`, without a shell.
//!
//! Use it for data of any size: it goes from one program to the other through a pipe, and this
//! program never sees it. The consumer is started first, so that it ends by itself if the producer
//! cannot be started. Then both ends of the pipe are closed here.
//!
//! - A `Command` holds the end that it was given until you drop the `Command`. If you keep the
//!   writer, the consumer waits for more forever. If you keep the reader, the producer is not told
//!   that the consumer has ended, and waits forever to write.
//! - A producer whose consumer has ended early dies of SIGPIPE. That is no failure: `yes | head`.
//! - As in a shell, the pipeline has ended when both have. For a timeout: `subprocess_timeout`.
//! - For three programs, make a second pipe in the same way.
//!
//! Python: `Popen(a, stdout=PIPE)`, `Popen(b, stdin=p.stdout)`, and `p.stdout.close()`
//! Needs: nothing
//! Runs on: Linux, macOS
//! Tested: `multiprocessing/tests/proof/subprocess_pipeline.rs`
//!
//! ```console
//! $ cargo run -p multiprocessing --bin subprocess_pipeline
//! seq 100000 | grep -c 7: 40951
//! seq: exit status: 0, grep: exit status: 0
//! yes | head -n 1: y
//! yes: signal: 13 (SIGPIPE), head: exit status: 0
//! ```

use std::io;
use std::process::{Command, ExitStatus, Output, Stdio};

/// How a pipeline has ended.
pub struct Finished {
    /// The status of the producer.
    pub producer: ExitStatus,
    /// The status of the consumer, and what it wrote to stdout.
    pub consumer: Output,
}

/// Runs `producer | consumer`, waits for both, and captures the output of the consumer. What they
/// write to stderr is not captured.
///
/// # Errors
/// If one of the commands does not start, or the output is not readable.
pub fn pipeline(mut producer: Command, mut consumer: Command) -> io::Result<Finished> {
    let (reader, writer) = io::pipe()?;
    consumer.stdin(reader).stdout(Stdio::piped());
    producer.stdout(writer);
    let consumer_process = consumer.spawn()?;
    let producer_process = producer.spawn();
    // Close both ends here: otherwise the consumer never reads an end, and the producer never
    // learns that nobody reads any more.
    drop(producer);
    drop(consumer);

    let consumer = consumer_process.wait_with_output()?;
    let producer = producer_process?.wait()?;
    Ok(Finished { producer, consumer })
}

// ---- Demo ----------------------------------------------------------------------------------

fn main() -> io::Result<()> {
    let mut seq = Command::new("seq");
    seq.arg("100000");
    let mut grep = Command::new("grep");
    grep.args(["-c", "7"]);
    let finished = pipeline(seq, grep)?;
    let count = String::from_utf8_lossy(&finished.consumer.stdout);
    println!("seq 100000 | grep -c 7: {}", count.trim_end());
    println!(
        "seq: {}, grep: {}",
        finished.producer, finished.consumer.status
    );

    let yes = Command::new("yes");
    let mut head = Command::new("head");
    head.args(["-n", "1"]);
    let finished = pipeline(yes, head)?;
    let line = String::from_utf8_lossy(&finished.consumer.stdout);
    println!("yes | head -n 1: {}", line.trim_end());
    println!(
        "yes: {}, head: {}",
        finished.producer, finished.consumer.status
    );
    Ok(())
}
