//! What a printer can do, as `till.toml` says it.

use super::codepage::CodePage;

/// How many characters of font A, twelve dots wide, stand on a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Columns {
    /// 58 mm paper, 384 dots.
    C32,
    /// 80 mm paper on printers of 180 dots per inch, 504 dots.
    C42,
    /// 80 mm paper, 576 dots.
    C48,
}

impl Columns {
    /// From a count; `None` for widths no receipt printer has.
    pub const fn from_count(count: u8) -> Option<Self> {
        match count {
            32 => Some(Self::C32),
            42 => Some(Self::C42),
            48 => Some(Self::C48),
            _ => None,
        }
    }

    /// The count.
    pub const fn count(self) -> usize {
        match self {
            Self::C32 => 32,
            Self::C42 => 42,
            Self::C48 => 48,
        }
    }

    /// Printable dots across.
    pub const fn dots(self) -> usize {
        self.count() * 12
    }

    /// Dots per QR module: 41 modules of 6 dots are 30 mm and a little.
    pub const fn qr_module(self) -> u8 {
        match self {
            Self::C32 => 5,
            Self::C42 | Self::C48 => 6,
        }
    }
}

/// Who draws the QR code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QrBy {
    /// The printer, from text: some 250 bytes.
    Printer,
    /// We, as a picture, for printers that cannot: some 8 000 bytes.
    Raster,
}

/// A printer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its width.
    pub columns: Columns,
    /// Its letters.
    pub code_page: CodePage,
    /// Its QR codes.
    pub qr: QrBy,
}

/// A `[printer]` section no printer fits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// 32, 42 or 48.
    #[error("a printer has 32, 42 or 48 columns, not {0}")]
    Columns(u8),
    /// `pc858` or `wpc1252`.
    #[error("the code page is \"pc858\" or \"wpc1252\", not \"{0}\"")]
    CodePage(String),
}

impl Profile {
    /// From columns and the code page's name.
    pub fn new(columns: u8, code_page: &str, qr: QrBy) -> Result<Self, ProfileError> {
        Ok(Self {
            columns: Columns::from_count(columns).ok_or(ProfileError::Columns(columns))?,
            code_page: CodePage::from_name(code_page).ok_or_else(|| ProfileError::CodePage(code_page.to_owned()))?,
            qr,
        })
    }
}
