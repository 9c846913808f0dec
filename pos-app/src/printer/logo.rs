//! The picture at the head of receipts: any small PNG, made black and white and as wide as the paper at most. Integers
//! only, so that every till draws the same dots.

use std::io::Cursor;
use std::path::Path;

use super::raster::Raster;

/// The largest file anybody needs for a few thousand dots.
const MAX_BYTES: u64 = 1_000_000;
/// The widest and highest picture that is looked at.
const MAX_SIDE: u32 = 4_096;
/// The most paper it takes: three centimetres.
const MAX_ROWS: usize = 240;
/// Lighter than this is white.
const MIDDLE: i32 = 128;

/// A picture that cannot be printed.
#[derive(Debug, thiserror::Error)]
pub enum LogoError {
    /// The file.
    #[error("{0}")]
    File(#[from] std::io::Error),
    /// Too large to be looked at.
    #[error("{bytes} bytes, and at most {MAX_BYTES} are read")]
    Bytes {
        /// How large it is.
        bytes: u64,
    },
    /// No PNG, or a broken one.
    #[error("no PNG: {0}")]
    Png(#[from] png::DecodingError),
    /// Too many dots.
    #[error("{width} × {height} dots, and at most {MAX_SIDE} × {MAX_SIDE} are read")]
    Side {
        /// Across.
        width: u32,
        /// Down.
        height: u32,
    },
    /// Nothing on it.
    #[error("it is all white")]
    Blank,
}

/// Reads a file.
pub fn load(path: &Path, paper_dots: usize) -> Result<Raster, LogoError> {
    let bytes = std::fs::metadata(path)?.len();
    if bytes > MAX_BYTES {
        return Err(LogoError::Bytes { bytes });
    }
    read(&std::fs::read(path)?, paper_dots)
}

/// Reads a PNG. What is clear is white, as the paper under it.
pub fn read(file: &[u8], paper_dots: usize) -> Result<Raster, LogoError> {
    let mut decoder = png::Decoder::new(Cursor::new(file));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info()?;
    let (width, height) = (reader.info().width, reader.info().height);
    if width > MAX_SIDE || height > MAX_SIDE {
        return Err(LogoError::Side { width, height });
    }
    let size = reader.output_buffer_size().ok_or(LogoError::Side { width, height })?;
    let mut pixels = vec![0; size];
    let frame = reader.next_frame(&mut pixels)?;
    let samples = frame.color_type.samples();
    let (width, height) = (frame.width as usize, frame.height as usize);
    let grey: Vec<i32> = pixels[..frame.buffer_size()].chunks_exact(samples).map(lightness).collect();
    let raster = dithered(shrunk(&grey, (width, height), paper_dots));
    if raster.rows().iter().flatten().all(|byte| *byte == 0) { Err(LogoError::Blank) } else { Ok(raster) }
}

/// 0 for black to 255 for white, over white paper.
fn lightness(pixel: &[u8]) -> i32 {
    let of = |at: usize| i32::from(pixel[at]);
    let (grey, alpha) = match pixel.len() {
        1 => (of(0), 255),
        2 => (of(0), of(1)),
        3 => ((of(0) * 299 + of(1) * 587 + of(2) * 114) / 1000, 255),
        _ => ((of(0) * 299 + of(1) * 587 + of(2) * 114) / 1000, of(3)),
    };
    (grey * alpha + 255 * (255 - alpha)) / 255
}

struct Grey {
    width: usize,
    height: usize,
    dots: Vec<i32>,
}

/// Fits it to the paper; a picture that fits stays as it is. Each dot is the mean of those it stands for.
fn shrunk(grey: &[i32], (width, height): (usize, usize), paper_dots: usize) -> Grey {
    // As a fraction, so that both sides shrink alike.
    let (over, under) = [(paper_dots, width), (MAX_ROWS, height), (1, 1)]
        .into_iter()
        .min_by(|one, other| (one.0 * other.1).cmp(&(other.0 * one.1)))
        .unwrap_or((1, 1));
    let (new_width, new_height) = ((width * over / under).max(1), (height * over / under).max(1));
    let span = |at: usize, new: usize, old: usize| at * old / new..((at + 1) * old / new).max(at * old / new + 1);
    let mean = |x: usize, y: usize| {
        let cells =
            span(y, new_height, height).flat_map(|y| span(x, new_width, width).map(move |x| grey[y * width + x]));
        let (sum, count) = cells.fold((0_i64, 0_i64), |(sum, count), grey| (sum + i64::from(grey), count + 1));
        i32::try_from(sum / count.max(1)).unwrap_or(255)
    };
    let dots = (0..new_height).flat_map(|y| (0..new_width).map(move |x| (x, y))).map(|(x, y)| mean(x, y)).collect();
    Grey { width: new_width, height: new_height, dots }
}

/// Floyd and Steinberg: what a dot is too dark or too light, its neighbours make up for.
fn dithered(Grey { width, height, mut dots }: Grey) -> Raster {
    let mut dark = vec![false; dots.len()];
    for y in 0..height {
        for x in 0..width {
            let at = y * width + x;
            let is_dark = dots[at] < MIDDLE;
            dark[at] = is_dark;
            let rest = dots[at] - if is_dark { 0 } else { 255 };
            let mut pass = |x: Option<usize>, y: usize, sixteenths: i32| {
                if let Some(x) = x.filter(|x| *x < width && y < height) {
                    dots[y * width + x] += rest * sixteenths / 16;
                }
            };
            pass(Some(x + 1), y, 7);
            pass(x.checked_sub(1), y + 1, 3);
            pass(Some(x), y + 1, 5);
            pass(Some(x + 1), y + 1, 1);
        }
    }
    Raster::draw(width, height, |x, y| dark[y * width + x])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(width: u32, height: u32, color: png::ColorType, pixels: &[u8]) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, width, height);
        encoder.set_color(color);
        let mut writer = encoder.write_header().expect("a header");
        writer.write_image_data(pixels).expect("pixels");
        writer.finish().expect("an end");
        file
    }

    #[test]
    fn black_stays_black_and_what_is_clear_is_paper() {
        let pixels = [0, 0, 0, 255, 0, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 255];
        let logo = read(&file(2, 2, png::ColorType::Rgba, &pixels), 384).expect("a logo");
        let dots = [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(x, y)| logo.is_dark(x, y));
        assert_eq!(dots, [true, false, false, true]);
    }

    #[test]
    fn a_wide_picture_becomes_as_wide_as_the_paper_and_grey_becomes_dots() {
        let logo = read(&file(1_000, 100, png::ColorType::Grayscale, &[128].repeat(100_000)), 384).expect("a logo");
        assert_eq!((logo.width(), logo.height()), (384, 38));
        let dark = (0..38).flat_map(|y| (0..384).map(move |x| (x, y))).filter(|(x, y)| logo.is_dark(*x, *y)).count();
        assert!((6_900..7_700).contains(&dark), "half of them: {dark}");
        let tall = read(&file(100, 1_000, png::ColorType::Grayscale, &[0].repeat(100_000)), 384).expect("a logo");
        assert_eq!((tall.width(), tall.height()), (24, 240));
    }

    #[test]
    fn what_is_no_logo_says_why() {
        let said = |file: &[u8]| read(file, 384).map_err(|error| error.to_string()).expect_err("no logo");
        assert!(said(b"GIF89a").starts_with("no PNG"), "{}", said(b"GIF89a"));
        let white = file(2, 1, png::ColorType::Grayscale, &[255, 255]);
        assert_eq!(said(&white), "it is all white");
        assert!(said(&white[..white.len() - 20]).starts_with("no PNG"));
        let wide = file(5_000, 1, png::ColorType::Grayscale, &[0; 5_000]);
        assert_eq!(said(&wide), "5000 × 1 dots, and at most 4096 × 4096 are read");
        assert!(matches!(load(Path::new("/there/is/none.png"), 384), Err(LogoError::File(_))));
    }
}
