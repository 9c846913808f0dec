//! GS1 element strings: what a carton's Code 128 or a packet's Data Matrix says besides its number. Pure.
//!
//! Told from other codes by the scanner's symbology identifier or by the separator at the beginning, never by guessing. A
//! string that is not wholly understood is not understood: half a label would be half a price.
//!
//! Source: GS1 General Specifications, section 3 (application identifiers) and 7.8 (their order and separators).

use shared::catalog::barcode::Gtin;

/// Between elements of no fixed length.
const FNC1: char = '\u{1D}';
/// What scanners set up to say so put before GS1's own symbols (ISO/IEC 15424).
const IDENTIFIERS: [&str; 5] = ["]C1", "]e0", "]d2", "]Q3", "]J1"];
/// The longest lot or serial number.
const MOST_SIGNS: usize = 20;
/// The most digits of a price.
const MOST_DIGITS: usize = 15;

/// An amount as the label says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// The figure without its decimal point.
    pub figure: u64,
    /// How many of its digits stand after the point.
    pub decimals: u8,
    /// Of which currency, ISO 4217; of the shop's own where none is said.
    pub currency: Option<u16>,
}

impl Price {
    /// In smallest units of a currency with so many decimals; `None` when it does not come out even.
    pub fn minor(self, exponent: u8) -> Option<i64> {
        let scaled = if self.decimals <= exponent {
            self.figure.checked_mul(10_u64.checked_pow(u32::from(exponent - self.decimals))?)?
        } else {
            let over = 10_u64.checked_pow(u32::from(self.decimals - exponent))?;
            self.figure.is_multiple_of(over).then_some(self.figure / over)?
        };
        i64::try_from(scaled).ok()
    }
}

/// What an element string says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elements {
    /// AI 01: of what.
    pub gtin: Gtin,
    /// AI 10: which lot.
    pub lot: Option<String>,
    /// AI 17: until when, year, month, day; day 0 is the month's last.
    pub expiry: Option<(u8, u8, u8)>,
    /// AI 21: which piece.
    pub serial: Option<String>,
    /// AI 30: how many pieces.
    pub count: Option<u32>,
    /// AI 310n: net weight, grams.
    pub grams: Option<u32>,
    /// AI 392n or 393n: what it costs.
    pub price: Option<Price>,
}

/// Reads an element string. `None` when it is none, or not wholly understood.
pub fn read(raw: &str) -> Option<Elements> {
    let text = raw.trim_matches(|sign: char| sign == '\r' || sign == '\n' || sign == ' ');
    let told = IDENTIFIERS.iter().find_map(|identifier| text.strip_prefix(identifier));
    let mut rest = match told {
        Some(rest) => rest.trim_start_matches(FNC1),
        None => text.strip_prefix(FNC1)?,
    };
    let mut said = Said::default();
    while !rest.is_empty() {
        rest = said.element(rest)?;
    }
    Some(Elements {
        gtin: said.gtin?,
        lot: said.lot,
        expiry: said.expiry,
        serial: said.serial,
        count: said.count,
        grams: said.grams,
        price: said.price,
    })
}

#[derive(Default)]
struct Said {
    gtin: Option<Gtin>,
    lot: Option<String>,
    expiry: Option<(u8, u8, u8)>,
    serial: Option<String>,
    count: Option<u32>,
    grams: Option<u32>,
    price: Option<Price>,
}

impl Said {
    /// Takes one element off the beginning. Said twice, it is refused: they could differ.
    fn element<'a>(&mut self, text: &'a str) -> Option<&'a str> {
        let (identifier, rest) = text.split_at_checked(2)?;
        match identifier {
            "01" => {
                let (digits, rest) = fixed(rest, 14)?;
                put(&mut self.gtin, digits.parse().ok()?)?;
                Some(rest)
            }
            // Made, packed, best before, sell by: nothing here asks for them.
            "11" | "13" | "15" | "16" => fixed(rest, 6).map(|(_, rest)| rest),
            "17" => {
                let (digits, rest) = fixed(rest, 6)?;
                let part = |at: usize| digits[at..at + 2].parse::<u8>().ok();
                let (year, month, day) = (part(0)?, part(2)?, part(4)?);
                if !(1..=12).contains(&month) || day > 31 {
                    return None;
                }
                put(&mut self.expiry, (year, month, day))?;
                Some(rest)
            }
            "10" => {
                let (lot, rest) = open_ended(rest, MOST_SIGNS)?;
                put(&mut self.lot, lot.to_owned())?;
                Some(rest)
            }
            "21" => {
                let (serial, rest) = open_ended(rest, MOST_SIGNS)?;
                put(&mut self.serial, serial.to_owned())?;
                Some(rest)
            }
            "30" => {
                let (count, rest) = open_ended(rest, 8)?;
                put(&mut self.count, number(count)?.try_into().ok()?)?;
                Some(rest)
            }
            "31" | "39" => self.measured(text),
            _ => None,
        }
    }

    /// The identifiers of four digits, whose last says where the decimal point stands.
    fn measured<'a>(&mut self, text: &'a str) -> Option<&'a str> {
        let (identifier, rest) = text.split_at_checked(4)?;
        let decimals = identifier[3..].parse::<u8>().ok()?;
        match &identifier[..3] {
            "310" => {
                let (digits, rest) = fixed(rest, 6)?;
                let grams = Price { figure: number(digits)?, decimals, currency: None }.minor(3)?;
                put(&mut self.grams, grams.try_into().ok()?)?;
                Some(rest)
            }
            "392" => {
                let (digits, rest) = open_ended(rest, MOST_DIGITS)?;
                put(&mut self.price, Price { figure: number(digits)?, decimals, currency: None })?;
                Some(rest)
            }
            "393" => {
                let (currency, rest) = fixed(rest, 3)?;
                let (digits, rest) = open_ended(rest, MOST_DIGITS)?;
                let currency = Some(currency.parse().ok()?);
                put(&mut self.price, Price { figure: number(digits)?, decimals, currency })?;
                Some(rest)
            }
            _ => None,
        }
    }
}

fn put<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

fn number(digits: &str) -> Option<u64> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

/// So many digits; a separator after them is allowed, and says nothing.
fn fixed(text: &str, digits: usize) -> Option<(&str, &str)> {
    let (taken, rest) = text.split_at_checked(digits)?;
    let rest = rest.strip_prefix(FNC1).unwrap_or(rest);
    taken.bytes().all(|byte| byte.is_ascii_digit()).then_some((taken, rest))
}

/// Up to the separator, or to the end.
fn open_ended(text: &str, most: usize) -> Option<(&str, &str)> {
    let (taken, rest) = text.split_once(FNC1).unwrap_or((text, ""));
    let is_text = (1..=most).contains(&taken.len()) && taken.bytes().all(|byte| byte.is_ascii_graphic());
    is_text.then_some((taken, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bare(gtin: &str) -> Elements {
        Elements {
            gtin: gtin.parse().expect("a GTIN"),
            lot: None,
            expiry: None,
            serial: None,
            count: None,
            grams: None,
            price: None,
        }
    }

    #[test]
    fn a_label_is_read_element_by_element() {
        let gtin = "04006381333931";
        assert_eq!(read("]C10104006381333931\r"), Some(bare(gtin)));
        let whole = "]C1010400638133393117261231310300125010L-7/A\u{1D}21S9\u{1D}3024";
        let expected = Elements {
            lot: Some("L-7/A".into()),
            expiry: Some((26, 12, 31)),
            serial: Some("S9".into()),
            count: Some(24),
            grams: Some(1_250),
            ..bare(gtin)
        };
        assert_eq!(read(whole), Some(expected.clone()));
        assert_eq!(read(&whole.replace("]C1", "\u{1D}")), Some(expected), "some scanners send the sign itself");
        let price =
            |figure, decimals, currency| Elements { price: Some(Price { figure, decimals, currency }), ..bare(gtin) };
        assert_eq!(read("]e001040063813339313920004990"), Some(price(4_990, 0, None)));
        assert_eq!(read("]d20104006381333931393215200499050"), Some(price(499_050, 2, Some(152))));
    }

    #[test]
    fn what_is_not_wholly_understood_is_not_understood() {
        for text in [
            "",
            "]C1",
            "]C110LOT",
            "0104006381333931",
            "]C10104006381333932",
            "]C1010400638133393",
            "]C1010400638133393199XX",
            "]C1010400638133393117261331",
            "]C10104006381333931310400125\u{1D}",
            "]C10104006381333931310400125710",
            "]C10104006381333931310900125",
            "]C101040063813339310104006381333931",
            "]C1010400638133393110",
            "]C1010400638133393110ABCDEFGHIJKLMNOPQRSTU",
            "]C1010400638133393110a\u{1B}@",
            "]C10104006381333931393X1525",
            "]E04006381333931",
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_price_comes_out_even_or_not_at_all() {
        let of = |figure, decimals| Price { figure, decimals, currency: None };
        assert_eq!(of(4_990, 0).minor(0), Some(4_990));
        assert_eq!(of(499_000, 2).minor(0), Some(4_990));
        assert_eq!(of(499_050, 2).minor(0), None, "no half pesos");
        assert_eq!(of(1_999, 2).minor(2), Some(1_999));
        assert_eq!(of(199, 1).minor(2), Some(1_990));
        assert_eq!(of(u64::MAX, 0).minor(2), None);
    }

    proptest! {
        /// Whatever comes, it answers; and what was put in comes out.
        #[test]
        fn any_text_is_read_or_refused(text in "(\\]C1|\u{1D})?[0-9A-Za-z\u{1D}\u{1B}ñ]{0,60}|.*") {
            let _ = read(&text);
        }

        #[test]
        fn a_weight_comes_back(grams in 0_u32..1_000_000, lot in "[!-~]{1,20}") {
            let read = read(&format!("]C101040063813339313103{grams:06}10{lot}"));
            prop_assert_eq!(read.map(|read| (read.grams, read.lot)), Some((Some(grams), Some(lot))));
        }
    }
}
