//! The fields of a message: a byte that names each, then as many bytes as that name has, or says.
//!
//! A field nobody knows cannot be skipped, because nobody knows its length: what stands before it is kept, what follows
//! is left alone. A result must not be lost because of a field beside it.

/// Amount, six bytes of digits, minor units.
pub const AMOUNT: u8 = 0x04;
/// What a service does, bit by bit.
pub const SERVICE: u8 = 0x03;
/// TLV container.
pub const TLV: u8 = 0x06;
/// The terminal's number for the transaction.
pub const TRACE: u8 = 0x0B;
/// `HHMMSS`, the terminal's clock.
pub const TIME: u8 = 0x0C;
/// `MMDD`, the terminal's calendar.
pub const DATE: u8 = 0x0D;
/// How the customer pays, or a status.
pub const STATUS: u8 = 0x19;
/// The card's number, masked by the terminal.
pub const CARD_NUMBER: u8 = 0x22;
/// How it ended; 0 is good.
pub const RESULT: u8 = 0x27;
/// Receipts from and to, then count and sum of each kind of card.
pub const TURNOVER: u8 = 0x60;
/// The terminal's own number.
pub const TERMINAL: u8 = 0x29;
/// The bank's code for an approval.
pub const AUTHORISATION: u8 = 0x3B;
/// Currency, ISO 4217, four digits.
pub const CURRENCY: u8 = 0x49;
/// The receipt's number, two bytes of digits.
pub const RECEIPT: u8 = 0x87;
/// The card's brand, as text.
pub const CARD_NAME: u8 = 0x8B;
/// The host's result, where [`RESULT`] says 0 and means it not.
pub const HOST_RESULT: u8 = 0xA0;

/// How long a field is.
enum Length {
    Fixed(usize),
    /// In so many bytes of one digit each, `F1 F2` for twelve.
    Digits(usize),
    /// As TLV says it.
    Tlv,
}

fn length_of(name: u8) -> Option<Length> {
    Some(match name {
        0x01 | 0x02 | 0x03 | 0x05 | 0x19 | 0x27 | 0x8A | 0x8C | 0xA0 => Length::Fixed(1),
        0x0D | 0x0E | 0x17 | 0x3A | 0x49 | 0x87 => Length::Fixed(2),
        0x0B | 0x0C | 0x37 | 0x3D | 0x88 | 0xAA => Length::Fixed(3),
        0x29 => Length::Fixed(4),
        0xBA => Length::Fixed(5),
        0x04 => Length::Fixed(6),
        0x3B => Length::Fixed(8),
        0x2A => Length::Fixed(15),
        0x22 | 0x23 | 0x2D | 0x8B | 0xA7 => Length::Digits(2),
        0x24 | 0x2E | 0x3C | 0x60 | 0x9A => Length::Digits(3),
        0x06 => Length::Tlv,
        _ => return None,
    })
}

/// The fields of a message, in their order.
#[derive(Default)]
pub struct Fields<'a> {
    fields: Vec<Named<'a>>,
    /// Bytes at the end that could not be read.
    pub unread: usize,
}

impl<'a> Fields<'a> {
    /// Reads as many as can be read.
    pub fn read(data: &'a [u8]) -> Self {
        let mut fields = Vec::new();
        let mut left = data;
        while let Some((field, rest)) = next(left) {
            fields.push(field);
            left = rest;
        }
        Self { fields, unread: left.len() }
    }

    /// The first field of that name.
    pub fn find(&self, name: u8) -> Option<&'a [u8]> {
        self.fields.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// A field of one byte.
    pub fn byte(&self, name: u8) -> Option<u8> {
        self.find(name)?.first().copied()
    }

    /// A field of digits, as a number.
    pub fn number(&self, name: u8) -> Option<i64> {
        digits(self.find(name)?)?.parse().ok()
    }

    /// A field of digits, as they stand.
    pub fn digits(&self, name: u8) -> Option<String> {
        digits(self.find(name)?)
    }

    /// A field of text, without the zero byte that may end it. Bytes above 127 are Latin-1.
    pub fn text(&self, name: u8) -> Option<String> {
        let bytes = self.find(name)?;
        Some(bytes.iter().take_while(|byte| **byte != 0).map(|byte| char::from(*byte)).collect())
    }

    /// The last four digits of the card, and never more of it.
    pub fn last4(&self) -> Option<String> {
        let nibbles = self.find(CARD_NUMBER)?.iter().flat_map(|byte| [byte >> 4, byte & 0x0F]);
        let mut all: Vec<u8> = nibbles.collect();
        // A number of odd length ends with a half byte that says nothing.
        if all.last() == Some(&0x0F) {
            all.pop();
        }
        let tail = all.get(all.len().checked_sub(4)?..)?;
        tail.iter().map(|digit| char::from_digit(u32::from(*digit), 10)).collect()
    }
}

/// A field's name and its bytes.
type Named<'a> = (u8, &'a [u8]);

fn next(data: &[u8]) -> Option<(Named<'_>, &[u8])> {
    let (name, rest) = data.split_first()?;
    let (length, rest) = match length_of(*name)? {
        Length::Fixed(length) => (length, rest),
        Length::Digits(places) => {
            let digits = rest.get(..places)?.iter().try_fold(0, |sum, byte| {
                let digit = usize::from(byte & 0x0F);
                (byte >> 4 == 0x0F && digit < 10).then_some(sum * 10 + digit)
            })?;
            (digits, &rest[places..])
        }
        Length::Tlv => super::tlv::length(rest)?,
    };
    Some(((*name, rest.get(..length)?), rest.get(length..)?))
}

/// Two digits to a byte; `None` where a half byte is none.
pub fn digits(bytes: &[u8]) -> Option<String> {
    let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0F]);
    nibbles.map(|nibble| char::from_digit(u32::from(nibble), 10)).collect()
}

/// A number as `width` bytes of two digits each. `None` when it has more digits.
pub fn packed(number: i64, width: usize) -> Option<Vec<u8>> {
    let mut left = u64::try_from(number).ok()?;
    let mut bytes = vec![0; width];
    for byte in bytes.iter_mut().rev() {
        let pair = u8::try_from(left % 100).ok()?;
        *byte = pair / 10 * 16 + pair % 10;
        left /= 100;
    }
    (left == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hex(text: &str) -> Vec<u8> {
        text.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).expect("a vector is hex")).collect()
    }

    #[test]
    fn a_status_information_is_read_as_other_programs_read_it() {
        let data = hex(
            "27 00 04 00 00 00 00 19 90 0b 00 00 16 0c 11 37 48 0d 07 26 0e 28 12 17 00 01 19 70 22 f0 f8 ee ee ee ee
             ee ee 04 61 29 75 00 16 37 49 09 78 87 00 16 88 00 00 16 8a 06 8b f0 f5 56 49 53 41 00",
        );
        let fields = Fields::read(&data);
        assert_eq!(fields.unread, 0);
        assert_eq!((fields.byte(RESULT), fields.number(AMOUNT)), (Some(0), Some(1_990)));
        assert_eq!((fields.number(TRACE), fields.number(RECEIPT)), (Some(16), Some(16)));
        assert_eq!(fields.digits(TIME).as_deref(), Some("113748"));
        assert_eq!(fields.digits(TERMINAL).as_deref(), Some("75001637"));
        assert_eq!(fields.last4().as_deref(), Some("0461"));
        assert_eq!(fields.text(CARD_NAME).as_deref(), Some("VISA"));
        assert_eq!(fields.digits(CURRENCY).as_deref(), Some("0978"));
    }

    #[test]
    fn an_unknown_field_hides_only_what_follows() {
        let data = hex("27 00 04 00 00 00 00 19 90 fe 01 02 87 00 16");
        let fields = Fields::read(&data);
        assert_eq!((fields.byte(RESULT), fields.number(AMOUNT), fields.number(RECEIPT)), (Some(0), Some(1_990), None));
        assert_eq!(fields.unread, 6);
    }

    #[test]
    fn a_card_number_gives_its_last_four_digits_or_nothing() {
        let last4 = |bytes: &str| Fields::read(&hex(bytes)).last4();
        assert_eq!(last4("22 f0 f4 41 11 12 34").as_deref(), Some("1234"));
        assert_eq!(last4("22 f0 f4 e4 11 11 23").as_deref(), Some("1123"));
        assert_eq!(last4("22 f0 f4 41 11 23 4f").as_deref(), Some("1234"), "an odd number of digits");
        assert_eq!(last4("22 f0 f4 41 11 ee ee"), None, "masked to the end");
        assert_eq!(last4("22 f0 f1 41"), None);
    }

    #[test]
    fn amounts_are_packed_two_digits_to_a_byte() {
        assert_eq!(packed(1_990, 6), Some(hex("00 00 00 00 19 90")));
        assert_eq!(packed(999_999_999_999, 6), Some(vec![0x99; 6]));
        assert_eq!((packed(1_000_000_000_000, 6), packed(-1, 6)), (None, None));
    }

    proptest! {
        /// No bytes upset the reader, and none is read twice.
        #[test]
        fn any_bytes_are_read(data in prop::collection::vec(any::<u8>(), 0..200)) {
            let fields = Fields::read(&data);
            let read: usize = fields.fields.iter().map(|(_, value)| value.len() + 1).sum();
            prop_assert!(read + fields.unread <= data.len());
        }

        #[test]
        fn what_is_packed_reads_back(number in 0_i64..1_000_000_000_000) {
            let mut data = vec![AMOUNT];
            data.extend(packed(number, 6).expect("twelve digits"));
            prop_assert_eq!(Fields::read(&data).number(AMOUNT), Some(number));
        }
    }
}
