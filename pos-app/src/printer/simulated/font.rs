//! Letters of 12 × 24 dots, as receipt printers have them.
//!
//! The bitmaps are Spleen's: © 2018-2024 Frederic Cambus, BSD-2-Clause.

use std::collections::BTreeMap;

use spleen_font::FONT_12X24;

/// Dots across one letter.
pub(super) const WIDTH: usize = 12;
/// Dots down one letter.
pub(super) const HEIGHT: usize = 24;
/// Bytes of one row, two, and of one letter.
const ROW_LEN: usize = 2;
const LETTER_LEN: usize = HEIGHT * ROW_LEN;

/// One letter's dots, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Glyph {
    width: usize,
    height: usize,
    dots: Vec<bool>,
}

/// Knows where each letter's dots are.
pub(super) struct Font {
    letters: &'static [u8],
    places: BTreeMap<char, usize>,
}

impl Font {
    /// Reads the font file.
    ///
    /// Shape (PSF 2): header of eight little-endian 32-bit numbers (magic, version, header length, flags, letters,
    /// bytes per letter, height, width), the letters, then for each letter the characters it stands for in UTF-8,
    /// ended by FF. `spleen_font` has a reader too, but it takes several characters of one letter for one sequence.
    pub(super) fn new() -> Self {
        let number = |at: usize| {
            let bytes = FONT_12X24[at..at + 4].try_into().expect("four bytes");
            usize::try_from(u32::from_le_bytes(bytes)).expect("a small number")
        };
        let (start, count) = (number(8), number(16));
        let (letters, table) = FONT_12X24[start..].split_at(count * LETTER_LEN);
        let mut places = BTreeMap::new();
        for (place, characters) in table.split(|byte| *byte == 0xFF).take(count).enumerate() {
            // A sequence of several characters, begun by FE, is no single letter.
            let singles = characters.split(|byte| *byte == 0xFE).next().unwrap_or_default();
            places.extend(String::from_utf8_lossy(singles).chars().map(|sign| (sign, place)));
        }
        Self { letters, places }
    }

    /// A letter; an empty box for one the font lacks.
    pub(super) fn glyph(&self, sign: char) -> Glyph {
        let Some(place) = self.places.get(&sign) else {
            let edge = |x: usize, y: usize| (matches!(x, 2 | 9) || matches!(y, 4 | 19)) && (2..=9).contains(&x);
            return Glyph::from_dots(WIDTH, HEIGHT, |x, y| edge(x, y) && (4..=19).contains(&y));
        };
        let letter = &self.letters[place * LETTER_LEN..][..LETTER_LEN];
        Glyph::from_dots(WIDTH, HEIGHT, |x, y| letter[y * ROW_LEN + x / 8] & (0x80 >> (x % 8)) != 0)
    }
}

impl Glyph {
    fn from_dots(width: usize, height: usize, is_dark: impl Fn(usize, usize) -> bool) -> Self {
        let dots = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| is_dark(x, y)).collect();
        Self { width, height, dots }
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn height(&self) -> usize {
        self.height
    }

    /// Whether a dot is dark; outside nothing is.
    pub(super) fn is_dark(&self, x: usize, y: usize) -> bool {
        x < self.width && y < self.height && self.dots[y * self.width + x]
    }

    /// Printed twice, a dot apart.
    pub(super) fn emphasised(&self) -> Self {
        Self::from_dots(self.width, self.height, |x, y| self.is_dark(x, y) || (x > 0 && self.is_dark(x - 1, y)))
    }

    /// So many times as wide and high.
    pub(super) fn scaled(&self, across: usize, down: usize) -> Self {
        Self::from_dots(self.width * across, self.height * down, |x, y| self.is_dark(x / across, y / down))
    }

    /// Twice as wide and high, its steps smoothed: a corner takes its neighbours' shade when they agree.
    pub(super) fn doubled_smoothly(&self) -> Self {
        let near = |x: usize, y: usize, dx: isize, dy: isize| {
            let at = x.checked_add_signed(dx).zip(y.checked_add_signed(dy));
            at.is_some_and(|(x, y)| self.is_dark(x, y))
        };
        Self::from_dots(self.width * 2, self.height * 2, |px, py| {
            let (x, y) = (px / 2, py / 2);
            let (side, over) = (if px % 2 == 0 { -1 } else { 1 }, if py % 2 == 0 { -1 } else { 1 });
            let (beside, above) = (near(x, y, side, 0), near(x, y, 0, over));
            let is_corner = beside == above && beside != near(x, y, -side, 0) && above != near(x, y, 0, -over);
            if is_corner { beside } else { self.is_dark(x, y) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::printer::codepage::CodePage;

    /// What a Chilean receipt is written with.
    #[test]
    fn every_letter_a_receipt_needs_is_drawn() {
        let font = Font::new();
        let boxed = font.glyph('\u{10FFFF}');
        for sign in " áéíóúüñÁÉÍÓÚÜÑ¿¡€ªº$×°".chars().chain('!'..='~') {
            assert_ne!(font.glyph(sign), boxed, "{sign}");
        }
        assert_ne!(font.glyph('n'), font.glyph('ñ'));
        let lacking: String = (0x80..=0xFF)
            .filter_map(|byte| CodePage::Pc858.sign(byte))
            .filter(|sign| font.glyph(*sign) == boxed)
            .collect();
        assert_eq!(lacking, "ƒ‗■", "signs of the page that come out as boxes");
    }
}
