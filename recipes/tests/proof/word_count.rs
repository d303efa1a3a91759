use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use tempfile::TempDir;

#[path = "../../src/bin/word_count.rs"]
#[allow(dead_code)]
mod program;
use program::{Counts, count_words};

fn count(folder: &TempDir) -> Counts {
    count_words(&[folder.path().to_owned()])
}

fn errors(counts: &Counts) -> Vec<String> {
    let errors = counts.errors.iter();
    errors.map(|error| format!("{error:#}")).collect()
}

#[test]
fn the_counts_are_those_of_one_map() {
    let folder = tempfile::tempdir().unwrap();
    let mut expected = HashMap::new();
    for number in 0..200 {
        let below = folder.path().join(format!("{}", number % 7));
        fs::create_dir_all(&below).unwrap();
        let mut text = String::new();
        for word in 0..number {
            let word = format!("Word{}", word * number % 50);
            *expected.entry(word.to_lowercase()).or_default() += 1_u64;
            text.push_str(&word);
            text.push_str([" ", "\r\n", "-", "; "][number % 4]);
        }
        fs::write(below.join(format!("{number}")), text).unwrap();
    }
    let counts = count(&folder);
    assert_eq!(errors(&counts), [""; 0]);
    assert_eq!(counts.words, expected);
}

#[test]
fn what_cannot_be_read_is_an_error_and_not_counted() {
    let folder = tempfile::tempdir().unwrap();
    let good = folder.path().join("good");
    let latin = folder.path().join("latin-1");
    let missing = folder.path().join("missing");
    fs::write(&good, "one two").unwrap();
    fs::write(&latin, b"one\nd\xe9j\xe0\n").unwrap();
    let counts = count_words(&[missing.clone(), latin.clone(), good]);
    assert_eq!(
        counts.words,
        HashMap::from(["one", "two"].map(|word| (word.to_owned(), 1)))
    );
    let errors = errors(&counts);
    assert_eq!(errors.len(), 2);
    assert!(
        errors
            .iter()
            .any(|error| error.contains(missing.to_str().unwrap()))
    );
    let not_utf_8 = format!("{}: stream did not contain valid UTF-8", latin.display());
    assert!(errors.contains(&not_utf_8));
}

#[test]
fn names_need_not_be_utf_8() {
    let folder = tempfile::tempdir().unwrap();
    let name = OsStr::from_bytes(b"d\xe9j\xe0\n");
    fs::create_dir(folder.path().join(name)).unwrap();
    fs::write(folder.path().join(name).join(name), "word").unwrap();
    let counts = count(&folder);
    assert_eq!(errors(&counts), [""; 0]);
    assert_eq!(counts.words["word"], 1);
}

#[test]
fn pipes_and_links_in_a_folder_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "word").unwrap();
    mkfifo(&folder.path().join("pipe"), Mode::S_IRWXU).unwrap();
    symlink("file", folder.path().join("link")).unwrap();
    symlink(".", folder.path().join("circle")).unwrap();
    let path = folder.path().to_owned();
    let (sender, counts) = mpsc::channel();
    thread::spawn(move || sender.send(count_words(&[path])));
    let counts = counts.recv_timeout(Duration::from_secs(10));
    let counts = counts.expect("it does not wait for the pipe");
    assert_eq!(errors(&counts), [""; 0]);
    assert_eq!(counts.words["word"], 1);
}

#[test]
fn pipes_and_links_that_are_named_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| -> PathBuf { folder.path().join(name) };
    fs::create_dir(path("below")).unwrap();
    fs::write(path("below/file"), "word").unwrap();
    symlink("below", path("link to folder")).unwrap();
    symlink("below/file", path("link to file")).unwrap();
    mkfifo(&path("pipe"), Mode::S_IRWXU).unwrap();
    let paths = ["link to folder", "link to file", "pipe"].map(path);
    let counts = thread::scope(|scope| {
        scope.spawn(|| {
            let mut pipe = OpenOptions::new().write(true).open(path("pipe")).unwrap();
            pipe.write_all(b"word").unwrap();
        });
        count_words(&paths)
    });
    assert_eq!(errors(&counts), [""; 0]);
    assert_eq!(counts.words["word"], 3);
}
