use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use rayon::ThreadPoolBuilder;

#[path = "../../src/bin/parallel_image.rs"]
#[allow(dead_code)]
mod program;
use program::{paint, write_png};

fn pixel(x: usize, y: usize) -> [u8; 3] {
    [x as u8, y as u8, (x * y) as u8]
}

fn read_png(path: &Path) -> Vec<u8> {
    let file = BufReader::new(File::open(path).unwrap());
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut bytes).unwrap();
    bytes
}

#[test]
fn every_pixel_is_as_in_a_plain_loop_for_any_number_of_threads() {
    let mut expected = Vec::new();
    for y in 0..40 {
        for x in 0..30 {
            expected.push(pixel(x, y));
        }
    }
    for threads in [1, 2, 8] {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        let image = pool.unwrap().install(|| paint(30, 40, pixel));
        assert_eq!(image, expected);
    }
}

#[test]
fn the_file_holds_the_image_and_takes_the_place_of_an_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.png");
    fs::write(&path, "old").unwrap();
    let image = paint(30, 40, pixel);
    write_png(&path, 30, 40, &image).unwrap();
    assert_eq!(read_png(&path), image.as_flattened());

    let other = folder.path().join("other");
    File::create(&other).unwrap();
    let permissions = |path| fs::metadata(path).unwrap().permissions();
    assert_eq!(permissions(&path), permissions(&other));
}

#[test]
fn a_failed_write_leaves_the_old_file_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.png");
    fs::write(&path, "old").unwrap();
    let too_few = [[0; 3]; 5];
    assert!(write_png(&path, 2, 3, &too_few).is_err());
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
}

#[test]
fn a_pipe_is_not_replaced_by_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    mkfifo(&path, Mode::S_IRWXU).unwrap();
    assert!(write_png(&path, 1, 1, &[[0; 3]]).is_err());
    let kind = fs::metadata(&path).unwrap().file_type();
    assert!(!kind.is_file());
}
