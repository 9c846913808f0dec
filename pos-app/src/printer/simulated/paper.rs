//! Paper: dots, the text they were, and what else happened on the way.

use std::io;

use super::font::Glyph;
use super::interpreter::Pulse;

/// White beside the printable width: 80 mm paper prints 72 mm.
const MARGIN: usize = 32;
/// The most rows of one paper, some four metres; what comes after is lost, as at the end of a roll.
const MAX_ROWS: usize = 32_000;
const WHITE: u8 = 0xFC;
const BLACK: u8 = 0x14;

/// Dots on paper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    width: usize,
    dots: Vec<bool>,
}

impl Picture {
    /// An empty paper so many dots wide.
    pub fn new(width: usize) -> Self {
        Self { width, dots: Vec::new() }
    }

    /// Printable dots across.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows so far.
    pub fn height(&self) -> usize {
        self.dots.len() / self.width
    }

    /// Whether a dot is dark; outside nothing is.
    pub fn is_dark(&self, x: usize, y: usize) -> bool {
        x < self.width && y < self.height() && self.dots[y * self.width + x]
    }

    /// Feeds paper.
    pub(super) fn feed(&mut self, rows: usize) {
        self.grow_to(self.height() + rows);
    }

    pub(super) fn grow_to(&mut self, rows: usize) {
        let rows = rows.min(MAX_ROWS);
        if rows > self.height() {
            self.dots.resize(rows * self.width, false);
        }
    }

    /// Burns a dot; off the paper it is lost.
    pub(super) fn burn(&mut self, x: usize, y: usize) {
        if x < self.width && y < self.height() {
            self.dots[y * self.width + x] = true;
        }
    }

    /// Burns a letter, white on black when reversed.
    pub(super) fn stamp(&mut self, glyph: &Glyph, left: usize, top: usize, is_reverse: bool) {
        for y in 0..glyph.height() {
            for x in (0..glyph.width()).filter(|x| glyph.is_dark(*x, y) != is_reverse) {
                self.burn(left + x, top + y);
            }
        }
    }

    /// A PNG of it, with the paper's white edges.
    pub fn png(&self) -> io::Result<Vec<u8>> {
        let (width, height) = (self.width + 2 * MARGIN, self.height() + MARGIN);
        let size = |n: usize| u32::try_from(n).map_err(io::Error::other);
        let mut png = Vec::new();
        let mut encoder = png::Encoder::new(&mut png, size(width)?, size(height)?);
        encoder.set_color(png::ColorType::Grayscale);
        let mut pixels = Vec::with_capacity(width * height);
        for y in 0..height {
            pixels.extend((0..width).map(|x| {
                let dot = x.checked_sub(MARGIN).zip(y.checked_sub(MARGIN / 2));
                if dot.is_some_and(|(x, y)| self.is_dark(x, y)) { BLACK } else { WHITE }
            }));
        }
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&pixels)?;
        writer.finish()?;
        Ok(png)
    }

    /// What every QR code on it says, as a camera reads it, top to bottom.
    pub fn read_qr(&self) -> Vec<String> {
        let (width, height) = (self.width + 2 * MARGIN, self.height() + MARGIN);
        let mut image = rqrr::PreparedImage::prepare_from_bitmap(width, height, |x, y| {
            let dot = x.checked_sub(MARGIN).zip(y.checked_sub(MARGIN / 2));
            dot.is_some_and(|(x, y)| self.is_dark(x, y))
        });
        let mut codes: Vec<(i32, String)> = image
            .detect_grids()
            .into_iter()
            .filter_map(|grid| grid.decode().ok().map(|(_, text)| (grid.bounds[0].y, text)))
            .collect();
        codes.sort();
        codes.into_iter().map(|(_, text)| text).collect()
    }
}

/// What fell off the cutter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paper {
    /// The dots; none when only the drawer opened.
    pub picture: Option<Picture>,
    /// The text, line by line, placed as printed.
    pub text: String,
    /// Pulses to the drawer since the last paper.
    pub drawer_pulses: Vec<Pulse>,
    /// Bytes that are no command known here, in hexadecimal.
    pub unknown: Vec<String>,
}

impl Paper {
    /// Each code's text as the picture shows it, top to bottom.
    pub fn qr(&self) -> Vec<String> {
        self.picture.as_ref().map_or_else(Vec::new, Picture::read_qr)
    }

    /// What a program wants to know of it.
    pub fn to_json(&self) -> serde_json::Value {
        let pulses: Vec<_> = self
            .drawer_pulses
            .iter()
            .map(|pulse| serde_json::json!({ "pin": pulse.pin, "on_ms": pulse.on_ms, "off_ms": pulse.off_ms }))
            .collect();
        serde_json::json!({
            "qr": self.qr(),
            "drawer_pulses": pulses,
            "cuts": u8::from(self.picture.is_some()),
            "unknown": self.unknown,
            "width_dots": self.picture.as_ref().map(Picture::width),
            "height_dots": self.picture.as_ref().map(Picture::height),
        })
    }
}
