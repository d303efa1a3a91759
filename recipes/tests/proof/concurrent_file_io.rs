use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Permissions};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use walkdir::WalkDir;

#[path = "../../src/bin/concurrent_file_io.rs"]
#[allow(dead_code)]
mod program;
use program::{Copied, copy_folder};

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn failures(copied: &[Copied]) -> Vec<PathBuf> {
    let failed = copied.iter().filter(|file| file.result.is_err());
    failed.map(|file| file.from.clone()).collect()
}

/// All that is in a folder: the type and the permissions of each, and its bytes or its target.
fn tree(folder: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let mut tree = BTreeMap::new();
    for entry in WalkDir::new(folder) {
        let entry = entry.unwrap();
        let content = if entry.file_type().is_file() {
            fs::read(entry.path()).unwrap()
        } else if entry.file_type().is_symlink() {
            let target = fs::read_link(entry.path()).unwrap();
            target.into_os_string().into_encoded_bytes()
        } else {
            Vec::new()
        };
        let mode = entry.metadata().unwrap().permissions().mode();
        let path = entry.path().strip_prefix(folder).unwrap();
        tree.insert(path.to_owned(), (mode, content));
    }
    tree
}

#[test]
fn the_copy_is_the_one_that_cp_makes() {
    let folder = tempfile::tempdir().unwrap();
    let from = folder.path().join("from");
    fs::create_dir_all(from.join("private/deep/er")).unwrap();
    fs::create_dir(from.join("read only")).unwrap();
    fs::create_dir(from.join("empty")).unwrap();
    for number in 0..200 {
        let bytes = number.to_string().repeat(number * 10);
        fs::write(from.join(format!("private/deep/{number}")), bytes).unwrap();
    }
    fs::write(from.join("read only/file"), "text").unwrap();
    fs::write(from.join("big"), vec![7; 5_000_000]).unwrap();
    fs::write(from.join(OsStr::from_bytes(b"not UTF-8 \xff\r")), "").unwrap();
    for mode in [0o600, 0o444, 0o777, 0o4755, 0o2755, 0o1644] {
        let file = from.join(format!("{mode:o}"));
        fs::write(&file, "text").unwrap();
        set_mode(&file, mode);
    }
    symlink("big", from.join("link")).unwrap();
    symlink("nowhere", from.join("dangling")).unwrap();
    symlink("private", from.join("link to a folder")).unwrap();
    set_mode(&from.join("private"), 0o700);
    set_mode(&from.join("read only"), 0o555);

    let by_cp = folder.path().join("by cp");
    let mut cp = Command::new("cp");
    cp.arg("-r").arg(&from).arg(&by_cp);
    assert!(cp.status().unwrap().success());
    let to = folder.path().join("to");
    let copied = copy_folder(&from, &to, 4).unwrap();

    assert!(failures(&copied).is_empty());
    assert_eq!(copied.len(), 200 + 3 + 6 + 3);
    assert_eq!(tree(&to), tree(&by_cp));
    for root in [&from, &by_cp, &to] {
        set_mode(&root.join("read only"), 0o755); // so that it can be removed
    }
}

#[test]
fn a_reader_of_the_old_file_sees_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let from = folder.path().join("from");
    let to = folder.path().join("to");
    fs::create_dir(&from).unwrap();
    fs::create_dir(&to).unwrap();
    fs::write(from.join("file"), "new").unwrap();
    fs::write(to.join("file"), "old").unwrap();
    fs::write(to.join("another"), "mine").unwrap();
    let mut reader = File::open(to.join("file")).unwrap();

    let copied = copy_folder(&from, &to, 4).unwrap();
    assert_eq!(copied.len(), 1);
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert_eq!(text, "old");
    assert_eq!(fs::read_to_string(to.join("file")).unwrap(), "new");
    assert_eq!(fs::read_to_string(to.join("another")).unwrap(), "mine");
}

#[test]
fn when_the_disk_is_full_there_is_no_part_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("from")).unwrap();
    fs::write(folder.path().join("from/big"), vec![7; 1_000_000]).unwrap();
    fs::write(folder.path().join("from/small"), "text").unwrap();
    // No file may be larger than some blocks: a write beyond that fails, as on a full disk.
    let limit = "trap '' XFSZ; ulimit -f 100; exec $0 from to";
    let mut command = Command::new("sh");
    command
        .args(["-c", limit, env!("CARGO_BIN_EXE_concurrent_file_io")])
        .current_dir(&folder);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(output.stdout, b"1 of 2 files copied\n");
    let left = fs::read_dir(folder.path().join("to")).unwrap();
    let left = Vec::from_iter(left.map(|entry| entry.unwrap().file_name()));
    assert_eq!(left, [OsString::from("small")]);
}

#[test]
fn what_is_not_copied_is_named_and_the_others_are_copied() {
    let folder = tempfile::tempdir().unwrap();
    let from = folder.path().join("from");
    let to = folder.path().join("to");
    fs::create_dir_all(from.join("folder")).unwrap();
    fs::create_dir_all(to.join("file")).unwrap();
    fs::write(to.join("folder"), "a file where a folder has to be").unwrap();
    fs::write(from.join("file"), "a folder is where it has to be").unwrap();
    fs::write(from.join("folder/lost"), "").unwrap();
    fs::write(from.join("good"), "").unwrap();
    mkfifo(&from.join("pipe"), Mode::S_IRWXU).unwrap();
    let _socket = UnixListener::bind(from.join("socket")).unwrap();

    let (done, ended) = mpsc::channel();
    let source = from.clone();
    let target = to.clone();
    thread::spawn(move || done.send(copy_folder(&source, &target, 4)));
    let copied = ended.recv_timeout(Duration::from_secs(10));
    let copied = copied.expect("it ends").unwrap();
    let failed = ["file", "folder", "pipe", "socket"].map(|name| from.join(name));
    assert_eq!(failures(&copied), failed);
    assert_eq!(copied.len(), 5);
    assert!(to.join("good").exists());
}

#[test]
fn a_folder_is_not_copied_into_itself() {
    let folder = tempfile::tempdir().unwrap();
    let from = folder.path().join("from");
    fs::create_dir_all(from.join("inner")).unwrap();
    fs::write(from.join("file"), "").unwrap();
    symlink(&from, folder.path().join("link")).unwrap();
    assert!(copy_folder(&from, &folder.path().join("link"), 4).is_err());
    assert!(copy_folder(&from, &from.join("inner"), 4).is_err());
    assert!(copy_folder(&from.join("file"), &folder.path().join("to"), 4).is_err());
    assert!(copy_folder(&from.join("missing"), &folder.path().join("to"), 4).is_err());
    assert!(!folder.path().join("to").exists());
}
