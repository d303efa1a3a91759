//! Compute an image with its rows in parallel, and write it as a PNG that any program opens.
//!
//! Use it for any buffer whose parts are computed apart: `par_chunks_mut` hands out rows, each a
//! slice that nobody else can reach, so there is no lock and nothing to copy together. Rows cost
//! more or less; rayon gives the rest of them to whoever is free. The picture is the same bit for
//! bit whatever the number of threads, since each pixel depends on its place alone. A panic in a
//! pixel reaches the caller when the other parts are done. Encoding stays serial: the compressed
//! bytes of a PNG depend on those before. A slice that is changed in place, without rayon:
//! `scoped_threads`. Many files, one job for each: `rayon_map`.
//!
//! Python: a C extension with threads, `numba.prange`, or rows pickled through a `Pool`.
//! Needs: `cargo add clap@4 -F derive`, `cargo add png@0.18 rayon@1`
//!
//! ```console
//! $ cargo run -p recipes --bin parallel_image
//! 300 x 200 pixels, 2 workers met; every pixel as in turn: true
//! checksum fe393651; read back from the PNG, the same: true
//!
//! $ cargo run -p recipes --bin parallel_image -- --width 3 --workers 8 --out set.png && rm set.png
//! 3 x 2 pixels, 2 workers met; every pixel as in turn: true
//! checksum [..]; read back from the PNG, the same: true
//!
//! $ cargo run -p recipes --bin parallel_image -- --out no/such/folder.png
//! ? 2
//! ...
//! error: no/such/folder.png: No such file or directory (os error 2)
//! ```

use std::collections::BTreeSet;
use std::error::Error;
use std::io::{Cursor, Write, stdout};
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};
use std::{fs, path::PathBuf, process::ExitCode};

use clap::{Parser, value_parser};
use rayon::prelude::*;

/// The image that has `pixel(x, y)` in column x of row y, row after row: a pixel is a number, or
/// `[red, green, blue]`, whose bytes are `image.as_flattened()`. Runs on all threads of the pool.
///
/// # Panics
/// With the panic of `pixel`, when the other jobs have ended. An image that does not fit in memory
/// ends the process, as in all of Rust.
pub fn paint<P: Clone + Default + Send>(
    width: u32,
    height: u32,
    pixel: impl Fn(u32, u32) -> P + Sync,
) -> Vec<P> {
    let mut image = vec![P::default(); width as usize * height as usize];
    let rows = image.par_chunks_mut(width.max(1) as usize); // it refuses chunks of nothing
    rows.zip(0..height).for_each(|(row, y)| {
        for (place, x) in row.iter_mut().zip(0..) {
            *place = pixel(x, y);
        }
    });
    image
}

/// The bytes of a PNG file with an image, row after row, a byte for each value of a pixel: one if
/// `color` is `Grayscale`, three if it is `Rgb`, four if it is `Rgba`.
///
/// # Errors
/// The image has no pixels, or `bytes` is longer or shorter than that.
pub fn to_png(
    width: u32,
    height: u32,
    color: png::ColorType,
    bytes: &[u8],
) -> Result<Vec<u8>, png::EncodingError> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(color);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(bytes)?;
    writer.finish()?;
    Ok(file)
}

#[derive(Parser)]
struct Args {
    /// Write the image into this file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// How wide the image is, in pixels; its height is two thirds of that
    #[arg(long, value_name = "N", default_value_t = 300,
        value_parser = value_parser!(u32).range(2..=20_000))]
    width: u32,

    /// How many threads the pool has; rayon's own has as many as there are cores
    #[arg(long, value_name = "N", default_value_t = 2,
        value_parser = value_parser!(u16).range(1..=1000))]
    workers: u16,
}

fn main() -> ExitCode {
    run(Args::parse()).unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(2)
    })
}

fn run(
    Args {
        out: path,
        width,
        workers,
    }: Args,
) -> Result<ExitCode, Box<dyn Error>> {
    let (height, mut out) = (width * 2 / 3, stdout());
    let expected = usize::from(workers).min(height as usize);
    let pixel = |x, y| mandelbrot(width, x, y);
    let in_turn: Vec<_> = (0..height)
        .flat_map(|y| (0..width).map(move |x| pixel(x, y)))
        .collect();

    let (here, came, start) = (Mutex::new(BTreeSet::new()), Condvar::new(), Instant::now());
    let meet_and_paint = |x, y| {
        if x == 0 {
            let mut here = here.lock().unwrap(); // nothing panics under this lock
            here.extend(rayon::current_thread_index());
            came.notify_all(); // and nobody goes on before all are here
            let patience = Duration::from_secs(2).saturating_sub(start.elapsed());
            drop(came.wait_timeout_while(here, patience, |here| here.len() < expected));
        }
        pixel(x, y)
    };
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(workers.into())
        .build()?;
    let image = pool.install(|| paint(width, height, meet_and_paint));
    let (same, met) = (image == in_turn, here.into_inner().unwrap().len());
    writeln!(
        out,
        "{width} x {height} pixels, {met} workers met; every pixel as in turn: {same}"
    )?;

    let image = image.as_flattened();
    let file = to_png(width, height, png::ColorType::Rgb, image)?;
    let mut reader = png::Decoder::new(Cursor::new(&file)).read_info()?;
    let mut read = vec![0; image.len()];
    reader.next_frame(&mut read)?;
    let sum = image.iter().fold(0_u32, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add((*byte).into())
    });
    writeln!(
        out,
        "checksum {sum:08x}; read back from the PNG, the same: {}",
        read == image
    )?;
    if let Some(path) = path {
        fs::write(&path, file).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    let held = same && met == expected && read == image;
    Ok(if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// How long the point stays near 0: only sums and products, so the same bits everywhere.
fn mandelbrot(width: u32, x: u32, y: u32) -> [u8; 3] {
    let scale = 3.0 / f64::from(width);
    let (re, im) = (f64::from(x) * scale - 2.2, f64::from(y) * scale - 1.0);
    let (mut a, mut b, mut steps) = (0.0, 0.0, 0_u8);
    while steps < 255 && a * a + b * b < 4.0 {
        (a, b, steps) = (a * a - b * b + re, 2.0 * a * b + im, steps + 1);
    }
    if steps == 255 {
        [0; 3]
    } else {
        [steps.saturating_mul(9), steps.saturating_mul(4), 96]
    }
}
