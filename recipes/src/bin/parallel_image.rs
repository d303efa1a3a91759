//! Compute an image with its rows in parallel, and write it as a PNG file.
//!
//! Use it for any large buffer whose parts are computed one by one: `par_chunks_mut` cuts it into
//! rows, and each row is a slice that no other thread can reach, so there is no lock. Some rows
//! take longer than others; rayon gives those that are left to whichever thread is free.
//!
//! - The image is the same for any number of threads, since a pixel depends on its place alone.
//! - The file is written beside `path` and renamed: there is the old image or the new one, and
//!   never half of one.
//! - Compressing a PNG is sequential. For other formats, or to read an image: the `image` crate.
//! - Many files, one for each job: `rayon_map`.
//!
//! Python: NumPy, `numba.prange`, or rows that are pickled through a `multiprocessing.Pool`
//! Needs: `cargo add anyhow@1 png@0.18 rayon@1 tempfile@3`
//! Demo needs: `cargo add clap@4 -F derive`
//! Tested: `recipes/tests/proof/parallel_image.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin parallel_image
//! wrote [..]mandelbrot.png
//! 15241 of 60000 pixels are in the Mandelbrot set
//!
//! $ cargo run -p recipes --bin parallel_image -- no/such/folder.png
//! ? 1
//! Error: no/such/folder.png
//!
//! Caused by:
//!     No such file or directory (os error 2)
//! ```

use std::fs::File;
use std::path::Path;

use anyhow::{Result, ensure};
use rayon::prelude::*;

/// Computes an image row by row, on all threads of rayon's pool. `pixel` gets a column and a row,
/// and returns red, green and blue. The result holds the pixels from left to right, row after row.
///
/// # Panics
/// If `width` is 0, or `pixel` panics.
pub fn paint(
    width: usize,
    height: usize,
    pixel: impl Fn(usize, usize) -> [u8; 3] + Sync,
) -> Vec<[u8; 3]> {
    let mut image = vec![[0; 3]; width * height];
    let rows = image.par_chunks_mut(width).enumerate();
    rows.for_each(|(y, row)| {
        for (x, place) in row.iter_mut().enumerate() {
            *place = pixel(x, y);
        }
    });
    image
}

/// Writes an image as a PNG file. `path` is replaced only when all of the new file is written.
///
/// # Errors
/// If the folder cannot be written to, or `path` is not a file but a folder or a device. If there
/// are no pixels, or not `width` times `height` of them.
pub fn write_png(path: &Path, width: u32, height: u32, image: &[[u8; 3]]) -> Result<()> {
    let replaceable = path.is_file() || !path.exists();
    ensure!(replaceable, "{} is not a regular file", path.display());
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    // With `NamedTempFile::new_in` nobody else could read the file.
    let create = |path: &Path| File::create_new(path);
    let mut file = tempfile::Builder::new().make_in(folder, create)?;

    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(image.as_flattened())?;
    writer.finish()?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

// ---- Demo ----------------------------------------------------------------------------------

use std::path::PathBuf;

use anyhow::Context;
use clap::Parser;

const WIDTH: usize = 300;
const HEIGHT: usize = 200;
const BLACK: [u8; 3] = [0; 3];

#[derive(Parser)]
struct Args {
    /// Where to write the image [default: a temporary file, which is removed at the end]
    path: Option<PathBuf>,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let demo_folder;
    let path = match args.path {
        Some(path) => path,
        None => {
            demo_folder = tempfile::tempdir()?;
            demo_folder.path().join("mandelbrot.png")
        }
    };

    let image = paint(WIDTH, HEIGHT, mandelbrot);
    let written = write_png(&path, WIDTH as u32, HEIGHT as u32, &image);
    written.with_context(|| path.display().to_string())?;
    let black = image.iter().filter(|pixel| **pixel == BLACK);
    println!("wrote {}", path.display());
    println!(
        "{} of {} pixels are in the Mandelbrot set",
        black.count(),
        image.len()
    );
    Ok(())
}

/// The color of a pixel: black if the point does not leave the circle around 0.
fn mandelbrot(x: usize, y: usize) -> [u8; 3] {
    let scale = 3.0 / WIDTH as f64;
    let re = x as f64 * scale - 2.2;
    let im = y as f64 * scale - 1.0;
    let mut a = 0.0;
    let mut b = 0.0;
    for step in 0..250 {
        if a * a + b * b > 4.0 {
            return [step, step / 2, 96];
        }
        let next_a = a * a - b * b + re;
        b = 2.0 * a * b + im;
        a = next_a;
    }
    BLACK
}
