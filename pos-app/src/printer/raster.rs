//! Dots that are printed as they are: codes and logos.

/// A small picture, one bit a dot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raster {
    width: usize,
    rows: Vec<Vec<u8>>,
}

impl Raster {
    /// Asks of every dot whether it is dark.
    pub fn draw(width: usize, height: usize, is_dark: impl Fn(usize, usize) -> bool) -> Self {
        let row = |y| {
            let mut row = vec![0_u8; width.div_ceil(8)];
            for x in (0..width).filter(|x| is_dark(*x, y)) {
                row[x / 8] |= 0x80 >> (x % 8);
            }
            row
        };
        Self { width, rows: (0..height).map(row).collect() }
    }

    /// Dots across.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Dots down.
    pub fn height(&self) -> usize {
        self.rows.len()
    }

    /// Row by row, eight dots to a byte, the first the highest bit.
    pub fn rows(&self) -> &[Vec<u8>] {
        &self.rows
    }

    /// Whether a dot is dark; outside nothing is.
    pub fn is_dark(&self, x: usize, y: usize) -> bool {
        x < self.width && self.rows.get(y).is_some_and(|row| row[x / 8] & (0x80 >> (x % 8)) != 0)
    }
}
