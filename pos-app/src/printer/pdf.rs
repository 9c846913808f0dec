//! The picture of a paper as a PDF of one page, as wide as the paper and as long. A PDF reads the dots as PNG packs them,
//! so they are packed once and told in a few lines.
//!
//! Source: ISO 32000-1, sections 7.4.4 (Flate, with the predictors of PNG) and 7.5 (objects and their table).

use std::fmt::Write as _;
use std::io;

use super::simulated::Picture;

/// Dots an inch; a PDF counts seventy-two to it.
const DPI: usize = 203;
const POINTS: usize = 72;

/// A PDF file of a picture.
pub fn pdf(picture: &Picture) -> io::Result<Vec<u8>> {
    let (width, height) = (picture.width(), picture.height().max(1));
    let dots = packed(picture, width, height)?;
    let hundredths = |dots: usize| dots * POINTS * 100 / DPI;
    let points = |dots: usize| format!("{}.{:02}", hundredths(dots) / 100, hundredths(dots) % 100);
    let (across, down) = (points(width), points(height));
    let paint = format!("q {across} 0 0 {down} 0 0 cm /Paper Do Q");
    let mut file = File { bytes: b"%PDF-1.4\n%\xE2\xE3\xCF\xD3\n".to_vec(), places: Vec::new() };
    file.object("<< /Type /Catalog /Pages 2 0 R >>", None);
    file.object("<< /Type /Pages /Kids [3 0 R] /Count 1 >>", None);
    let page = format!(
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {across} {down}] /Resources << /XObject << /Paper 5 0 R >> >> \
         /Contents 4 0 R >>"
    );
    file.object(&page, None);
    file.object(&format!("<< /Length {} >>", paint.len()), Some(paint.as_bytes()));
    let image = format!(
        "<< /Type /XObject /Subtype /Image /Width {width} /Height {height} /ColorSpace /DeviceGray \
         /BitsPerComponent 1 /Filter /FlateDecode \
         /DecodeParms << /Predictor 15 /Colors 1 /BitsPerComponent 1 /Columns {width} >> /Length {} >>",
        dots.len()
    );
    file.object(&image, Some(&dots));
    Ok(file.finish())
}

/// The dots as PNG packs them: what stands in its `IDAT` chunks.
fn packed(picture: &Picture, width: usize, height: usize) -> io::Result<Vec<u8>> {
    let size = |n: usize| u32::try_from(n).map_err(io::Error::other);
    let mut rows = vec![0_u8; width.div_ceil(8) * height];
    for (y, row) in rows.chunks_mut(width.div_ceil(8)).enumerate() {
        // A one is white.
        for x in (0..width).filter(|x| !picture.is_dark(*x, y)) {
            row[x / 8] |= 0x80 >> (x % 8);
        }
    }
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, size(width)?, size(height)?);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&rows)?;
    writer.finish()?;
    Ok(chunks(&png).filter(|(name, _)| *name == b"IDAT").flat_map(|(_, data)| data.to_vec()).collect())
}

/// A PNG's chunks: a length, a name, the data, and four bytes of a checksum.
fn chunks(png: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = png.get(8..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let (name, after) = after.split_at_checked(4)?;
        let (data, after) = after.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        rest = after.get(4..)?;
        Some((name, data))
    })
}

struct File {
    bytes: Vec<u8>,
    places: Vec<usize>,
}

impl File {
    fn object(&mut self, dictionary: &str, stream: Option<&[u8]>) {
        self.places.push(self.bytes.len());
        self.bytes.extend(format!("{} 0 obj\n{dictionary}\n", self.places.len()).bytes());
        if let Some(stream) = stream {
            self.bytes.extend(b"stream\n");
            self.bytes.extend(stream);
            self.bytes.extend(b"\nendstream\n");
        }
        self.bytes.extend(b"endobj\n");
    }

    fn finish(mut self) -> Vec<u8> {
        let table = self.bytes.len();
        let mut end = format!("xref\n0 {}\n0000000000 65535 f \n", self.places.len() + 1);
        for place in &self.places {
            let _ = writeln!(end, "{place:010} 00000 n ");
        }
        let _ = write!(end, "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n", self.places.len() + 1);
        self.bytes.extend(end.bytes());
        self.bytes
    }
}
