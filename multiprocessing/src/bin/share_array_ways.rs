//! Four ways to give a large array to another process, and what each of them copies.
//!
//! Use a pipe by default: it is the simplest, and it works with every program. Where the copy costs
//! too much or does not fit into memory twice, let the other process map the array. Without a name
//! (`memfd`) it is gone with the processes; in a file it stays. A forked child has all that
//! its parent had, and the kernel copies only the pages that one of them changes.
//!
//! - The mappings need one copy to get the array into them, however many processes read it then.
//!   Create the array there from the beginning, and you save that one, too.
//! - Fork before you start a thread: `fork_inherit`.
//! - Whoever maps an array relies on others not to change it meanwhile and not to shorten it. Seal
//!   the memfd (`F_SEAL_WRITE`, `F_SEAL_SHRINK`) where the other one is not trusted.
//! - To write to it from both sides: `shared_memory_file`, `shared_memory_named`.
//! - Threads share an array by borrowing it, and copy nothing: `scoped_threads`.
//!
//! Python: an argument of `Process`, fork, `SharedMemory`, `numpy.memmap`
//! Needs: `cargo add anyhow@1 memmap2@0.9 tempfile@3`, `cargo add nix@0.31 -F fs,process`
//! Runs on: Linux
//!
//! ```console
//! $ cargo run -p multiprocessing --bin share_array_ways
//! here: checksum 999992128, 0 bytes copied
//! pipe: checksum 999992128, 8000000 bytes copied
//! fork: checksum 999992128, 0 bytes copied
//! memfd: checksum 999992128, 0 bytes copied
//! file: checksum 999992128, 0 bytes copied
//! ```

use std::env;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::process::{Command, Stdio};

use anyhow::Result;
use memmap2::Mmap;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};

const LENGTH: usize = 8_000_000;

fn main() -> Result<()> {
    match env::args().nth(1).as_deref() {
        Some("read") => read_stdin(),
        Some("map") => map_stdin(),
        _ => share(),
    }
}

fn share() -> Result<()> {
    let array: Vec<u8> = (0..LENGTH).map(|index| (index % 251) as u8).collect();
    println!("here: {}", report(&array, 0));
    println!("pipe: {}", over_a_pipe(&array)?);
    println!("fork: {}", by_fork(&array)?);

    let mut memory = File::from(memfd_create("array", MFdFlags::MFD_CLOEXEC)?);
    memory.write_all(&array)?;
    println!("memfd: {}", by_mapping(memory)?);

    let mut file = tempfile::tempfile()?; // it could as well have a name
    file.write_all(&array)?;
    println!("file: {}", by_mapping(file)?);
    Ok(())
}

/// Writes the array to a child, which reads it into memory of its own.
fn over_a_pipe(array: &[u8]) -> Result<String> {
    let mut child = Command::new(env::current_exe()?)
        .arg("read")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut pipe = child.stdin.take().expect("piped");
    pipe.write_all(array)?;
    drop(pipe); // the child reads to the end
    let output = child.wait_with_output()?;
    Ok(String::from_utf8(output.stdout)?)
}

fn read_stdin() -> Result<()> {
    let mut array = Vec::new();
    let copied = io::stdin().read_to_end(&mut array)?;
    print!("{}", report(&array, copied));
    Ok(())
}

/// Forks a child, which finds the array where it was.
fn by_fork(array: &[u8]) -> Result<String> {
    let (mut answers, mut answer) = io::pipe()?;
    // SAFETY: this process has only one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            answer.write_all(report(array, 0).as_bytes())?;
            std::process::exit(0);
        }
        ForkResult::Parent { child } => {
            drop(answer); // or the answers never end
            let mut text = String::new();
            answers.read_to_string(&mut text)?;
            waitpid(child, None)?;
            Ok(text)
        }
    }
}

/// Hands an open file to a child as its stdin. The child maps it.
fn by_mapping(file: File) -> Result<String> {
    let mut command = Command::new(env::current_exe()?);
    let output = command.arg("map").stdin(file).output()?;
    Ok(String::from_utf8(output.stdout)?)
}

fn map_stdin() -> Result<()> {
    let file = io::stdin().as_fd().try_clone_to_owned()?;
    // SAFETY: the parent changes and shortens nothing while this process runs.
    let array = unsafe { Mmap::map(&file) }?;
    print!("{}", report(&array, 0));
    Ok(())
}

fn report(array: &[u8], copied: usize) -> String {
    let sum: u64 = array.iter().map(|byte| u64::from(*byte)).sum();
    format!("checksum {sum}, {copied} bytes copied")
}
