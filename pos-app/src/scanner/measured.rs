//! Codes that a scale or a counter made inside the shop: a number, and what was weighed or what it costs. Pure.
//!
//! Their layout is the shop's own (GS1 leaves 02 and 20 to 29 to it), so it comes from `till.toml`.

use shared::catalog::barcode::{Gtin, check_digit};

/// A layout of thirteen signs, such as `21IIIIIWWWWWC`: digits stand for themselves, `I` for the item's number, `W` for
/// grams, `P` for a price in the currency's smallest unit, `V` for a digit that vouches for the value and is not looked
/// at, `C` for the check digit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern([u8; 13]);

/// A layout that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Not thirteen signs, or others than digits, `I`, `W`, `P`, `V` and `C`.
    #[error("a pattern has thirteen signs: digits, I, W or P, V, and C at its end")]
    Signs,
    /// Another prefix than those left to shops.
    #[error("a pattern begins with 02 or with 20 to 29")]
    Prefix,
    /// No item, or neither weight nor price, or both, or in pieces.
    #[error("a pattern has one run of I and one of W or P")]
    Fields,
}

/// What a measured code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    /// The item's number in the shop.
    pub item: u32,
    /// The same code with nothing weighed: what a product may have among its barcodes.
    pub base: Gtin,
    /// What was weighed, or what it costs.
    pub value: Value,
}

/// What was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// Grams.
    Grams(u32),
    /// Smallest units of the currency, with tax.
    PriceMinor(u32),
}

impl std::str::FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let signs: [u8; 13] = text.as_bytes().try_into().map_err(|_| PatternError::Signs)?;
        let is_sign = |sign: &u8| sign.is_ascii_digit() || matches!(sign, b'I' | b'W' | b'P' | b'V');
        if signs[12] != b'C' || !signs[..12].iter().all(is_sign) {
            return Err(PatternError::Signs);
        }
        if !matches!(&signs[..2], [b'0', b'2'] | [b'2', b'0'..=b'9']) {
            return Err(PatternError::Prefix);
        }
        let is_run = |wanted: u8| {
            let first = signs.iter().position(|sign| *sign == wanted)?;
            let last = signs.iter().rposition(|sign| *sign == wanted)?;
            Some(signs[first..=last].iter().all(|sign| *sign == wanted))
        };
        match (is_run(b'I'), is_run(b'W'), is_run(b'P')) {
            (Some(true), Some(true), None) | (Some(true), None, Some(true)) => Ok(Self(signs)),
            _ => Err(PatternError::Fields),
        }
    }
}

impl Pattern {
    /// Reads a number with this layout; `None` when it has another.
    pub fn read(&self, code: Gtin) -> Option<Measured> {
        let text = code.to_string();
        let digits: &[u8] = text.strip_prefix('0')?.as_bytes();
        let fits = |(sign, digit): (&u8, &u8)| !sign.is_ascii_digit() || sign == digit;
        if !self.0.iter().zip(digits).all(fits) {
            return None;
        }
        let number = |wanted: u8| {
            let of = self.0.iter().zip(digits).filter(|(sign, _)| **sign == wanted);
            of.fold(0_u32, |sum, (_, digit)| sum * 10 + u32::from(digit - b'0'))
        };
        let is_weighed = self.0.contains(&b'W');
        let value = if is_weighed { Value::Grams(number(b'W')) } else { Value::PriceMinor(number(b'P')) };
        let kept = |(sign, digit): (&u8, &u8)| if matches!(sign, b'W' | b'P' | b'V') { 0 } else { digit - b'0' };
        let unmeasured: Vec<u8> = self.0[..12].iter().zip(digits).map(kept).collect();
        let check = check_digit(&unmeasured);
        let base: String = unmeasured.iter().chain([&check]).map(|digit| char::from(b'0' + digit)).collect();
        Some(Measured { item: number(b'I'), base: base.parse().ok()?, value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pattern(text: &str) -> Pattern {
        text.parse().expect("a pattern")
    }

    fn gtin(text: &str) -> Gtin {
        text.parse().expect("a number")
    }

    #[test]
    fn weight_and_price_are_read_off_the_label() {
        let weighed = pattern("21IIIIIWWWWWC").read(gtin("2100123012503")).expect("it fits");
        assert_eq!((weighed.item, weighed.value), (123, Value::Grams(1_250)));
        assert_eq!(weighed.base, gtin("2100123000005"));
        let priced = pattern("23IIIIIPPPPPC").read(gtin("2345678049905")).expect("it fits");
        assert_eq!((priced.item, priced.value), (45_678, Value::PriceMinor(4_990)));
        assert_eq!(pattern("21IIIIIWWWWWC").read(gtin("2345678049905")), None, "of the other layout");
        assert_eq!(pattern("21IIIIIWWWWWC").read(gtin("4006381333931")), None);
        // UPC-A of number system 2 is the same, longer.
        let upc = pattern("02IIIIIPPPPPC").read(gtin("212345004999")).expect("it fits");
        assert_eq!((upc.item, upc.value), (12_345, Value::PriceMinor(499)));
    }

    #[test]
    fn a_layout_that_says_nothing_is_refused() {
        for (text, error) in [
            ("21IIIIIWWWWW", PatternError::Signs),
            ("21IIIIIWWWWWW", PatternError::Signs),
            ("21iiiiiwwwwwC", PatternError::Signs),
            ("40IIIIIWWWWWC", PatternError::Prefix),
            ("21IIIIIIIIIIC", PatternError::Fields),
            ("21IIWWWIIPPPC", PatternError::Fields),
            ("21IIWWWIIWWWC", PatternError::Fields),
        ] {
            assert_eq!(text.parse::<Pattern>(), Err(error), "{text}");
        }
    }

    proptest! {
        /// What a scale would print is what is read, and the code's base is the same for every weight.
        #[test]
        fn what_was_weighed_is_what_is_read(item in 0..100_000_u32, grams in 0..100_000_u32, prefix in 20..30_u8) {
            let layout = pattern(&format!("{prefix}IIIIIWWWWWC"));
            let label = |grams: u32| {
                let digits: Vec<u8> =
                    format!("{prefix}{item:05}{grams:05}").bytes().map(|byte| byte - b'0').collect();
                gtin(&digits.iter().chain([&check_digit(&digits)]).map(|d| char::from(b'0' + d)).collect::<String>())
            };
            let read = layout.read(label(grams)).expect("it fits");
            prop_assert_eq!((read.item, read.value), (item, Value::Grams(grams)));
            prop_assert_eq!(read.base, label(0));
        }

        /// No layout and no number make it stumble.
        #[test]
        fn any_layout_reads_any_number(layout in "(02|2[0-9])I{1,9}[WP]{1,9}V?C", number in 0..10_000_000_000_000_u64) {
            let digits: Vec<u8> = format!("{number:013}").bytes().map(|byte| byte - b'0').collect();
            let text: String = digits.iter().chain([&check_digit(&digits)]).map(|d| char::from(b'0' + d)).collect();
            if let Ok(pattern) = layout.parse::<Pattern>() {
                let _ = pattern.read(gtin(&text));
            }
        }
    }
}
