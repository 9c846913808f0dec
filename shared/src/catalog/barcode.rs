//! GS1 numbers: EAN-13, EAN-8, UPC-A and GTIN-14, with their check digit.

use serde::{Deserialize, Serialize};

/// A trade item number, normalised to fourteen digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gtin([u8; 14]);

/// Why a code is no trade item number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum GtinError {
    /// Other characters than digits.
    #[error("a trade item number is digits only")]
    NotDigits,
    /// Not 8, 12, 13 or 14 digits.
    #[error("a trade item number has 8, 12, 13 or 14 digits, this has {0}")]
    Length(usize),
    /// Misread or mistyped.
    #[error("the check digit is wrong")]
    CheckDigit,
}

/// The GS1 check digit of the digits before it: weights 3 and 1 from the right.
pub fn check_digit(digits: &[u8]) -> u8 {
    let sum: u32 = digits.iter().rev().enumerate().map(|(i, d)| u32::from(*d) * if i % 2 == 0 { 3 } else { 1 }).sum();
    u8::try_from((10 - sum % 10) % 10).expect("one digit")
}

impl std::str::FromStr for Gtin {
    type Err = GtinError;

    fn from_str(code: &str) -> Result<Self, GtinError> {
        if !code.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(GtinError::NotDigits);
        }
        if !matches!(code.len(), 8 | 12 | 13 | 14) {
            return Err(GtinError::Length(code.len()));
        }
        let mut digits = [0; 14];
        for (place, byte) in digits[14 - code.len()..].iter_mut().zip(code.bytes()) {
            *place = byte - b'0';
        }
        if check_digit(&digits[..13]) == digits[13] { Ok(Self(digits)) } else { Err(GtinError::CheckDigit) }
    }
}

impl std::fmt::Display for Gtin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|digit| write!(f, "{digit}"))
    }
}

impl std::fmt::Debug for Gtin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Gtin({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_lengths_become_fourteen_digits() {
        assert_eq!("4006381333931".parse::<Gtin>().map(|g| g.to_string()), Ok("04006381333931".to_owned()));
        assert_eq!("036000291452".parse::<Gtin>().map(|g| g.to_string()), Ok("00036000291452".to_owned()));
        assert_eq!("96385074".parse::<Gtin>().map(|g| g.to_string()), Ok("00000096385074".to_owned()));
        assert_eq!("2100123012503".parse::<Gtin>().map(|g| g.to_string()), Ok("02100123012503".to_owned()));
    }

    #[test]
    fn a_misread_code_is_refused() {
        assert_eq!("4006381333932".parse::<Gtin>(), Err(GtinError::CheckDigit));
        assert_eq!("12345".parse::<Gtin>(), Err(GtinError::Length(5)));
        assert_eq!("40063813339x1".parse::<Gtin>(), Err(GtinError::NotDigits));
    }
}
