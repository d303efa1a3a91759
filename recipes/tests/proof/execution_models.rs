use std::fs;
use std::process::Command;
use std::thread;

#[path = "../../src/bin/execution_models.rs"]
#[allow(dead_code)]
mod program;
use program::{FILES, PARTS, asynchronous, concurrent, facts, parallel, sequential, write_whole};

#[test]
fn each_run_reads_every_part_once_and_records_the_same() {
    for _ in 0..100 {
        let runs = [
            (sequential(), 9, "threads: 1, reads at once: 1"),
            (concurrent(), 9, "threads: 1, reads at once: 1"),
            (parallel().unwrap(), 3, "threads: 3, reads at once: 3"),
            (asynchronous(), 3, "threads: 1, reads at once: 3"),
        ];
        for (reads, times, expected) in runs {
            assert_eq!(facts(&reads), expected);
            for file in 0..FILES {
                let own = reads.iter().filter(|read| read.file == file);
                assert_eq!(own.count(), PARTS);
            }
            for time in 0..times {
                let at_that_time = reads.iter().filter(|read| read.time == time);
                assert_eq!(at_that_time.count(), 9 / times);
            }
        }
    }
}

#[test]
fn the_picture_is_written_whole_and_is_the_same_for_each_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("models.svg");
    let mut pictures = Vec::new();
    for _ in 0..2 {
        let mut command = Command::new(env!("CARGO_BIN_EXE_execution_models"));
        let output = command.arg("--svg").arg(&path).output().unwrap();
        assert!(output.status.success());
        pictures.push(fs::read_to_string(&path).unwrap());
    }
    assert_eq!(pictures[0], pictures[1]);
    let picture = &pictures[0];
    let blocks = picture.matches("<rect class='file").count();
    assert_eq!(blocks, 4 * FILES * PARTS + FILES); // and the legend
    assert!(picture.len() < 5000, "{} bytes", picture.len());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_picture_that_cannot_be_written_touches_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing/models.svg");
    assert!(write_whole(&missing, "new").is_err());
    assert!(write_whole(folder.path(), "new").is_err());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);

    // A name so long that the one beside it is too long: what was there stays.
    let long = folder.path().join("x".repeat(250));
    fs::write(&long, "old").unwrap();
    assert!(write_whole(&long, "new").is_err());
    assert_eq!(fs::read_to_string(&long).unwrap(), "old");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn a_pipe_stays_a_pipe() {
    use std::os::unix::fs::FileTypeExt;

    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    thread::scope(|scope| {
        let reader = scope.spawn(|| fs::read_to_string(&pipe).unwrap());
        write_whole(&pipe, "new").unwrap();
        assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
        assert_eq!(reader.join().unwrap(), "new");
    });
}
