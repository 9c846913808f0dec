//! QR codes: how large one gets, and one as dots, for printers that cannot draw them.

use qrcode::{EcLevel, QrCode};

use super::raster::Raster;

/// Modules of white a code needs around it.
pub const QUIET_MODULES: usize = 4;

/// A code's modules, row by row, without the white around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QrModules {
    size: usize,
    dark: Vec<bool>,
}

impl QrModules {
    /// The code of a text at level M, in the smallest version that holds it. `None` past the largest.
    pub fn of(text: &[u8]) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
        Some(Self {
            size: code.width(),
            dark: code.into_colors().into_iter().map(|c| c == qrcode::Color::Dark).collect(),
        })
    }

    /// Modules along one side.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Whether a module is dark.
    pub fn is_dark(&self, x: usize, y: usize) -> bool {
        x < self.size && y < self.size && self.dark[y * self.size + x]
    }

    /// The code as dots, each module `module` of them.
    pub fn raster(&self, module: usize) -> Raster {
        let dots = self.size * module;
        Raster::draw(dots, dots, |x, y| self.is_dark(x / module, y / module))
    }
}

/// The module size to print with: the wanted one, or smaller until code and quiet zone fit the paper.
/// `None` when not even one dot per module fits, or no code holds the text.
pub fn fitting_module(text: &str, wanted: u8, dots: usize) -> Option<u8> {
    let across = QrModules::of(text.as_bytes())?.size() + 2 * QUIET_MODULES;
    (1..=wanted).rev().find(|module| across * usize::from(*module) <= dots)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ticket of six lines: 95 bytes in Base32 behind `T1`.
    fn six_lines() -> String {
        format!("T1{}", "A7".repeat(76))
    }

    #[test]
    fn a_ticket_of_six_lines_has_41_modules() {
        assert_eq!(QrModules::of(six_lines().as_bytes()).map(|code| code.size()), Some(41));
    }

    #[test]
    fn a_code_too_large_for_the_paper_takes_smaller_modules() {
        assert_eq!(fitting_module(&six_lines(), 6, 576), Some(6));
        let most_lines = format!("T1{}", "A7".repeat(350));
        assert_eq!(fitting_module(&most_lines, 6, 576), Some(6));
        assert_eq!(fitting_module(&most_lines, 5, 384), Some(4));
        assert_eq!(fitting_module(&"x".repeat(9_000), 6, 576), None, "no code holds that");
    }
}
