//! What a scanned or typed code is. Pure, and whatever comes, it answers.

use shared::catalog::barcode::Gtin;
use shared::sale::ReceiptCode;
use shared::ticket::{DisplayCode, DisplayCodeError, TICKET_PREFIX};

use super::gs1::{self, Elements};

/// The longest code anyone reads; longer ones are not ours, and maybe not meant well.
pub const MAX_BYTES: usize = 512;
/// How much of an unknown code is worth showing.
const SHOWN_SIGNS: usize = 64;
/// The shortest text that can be a damaged ticket rather than some short code that begins the same.
const SHORTEST_TICKET: usize = 32;

/// A code, by its looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scan {
    /// Looks like one of our codes, of whatever kind, maybe damaged or mistyped; not yet read, not yet believed. Upper
    /// case.
    Ticket(String),
    /// A code read out or typed: `BMB 11725-K`.
    DisplayCode(DisplayCode),
    /// What a GS1 label says: a number, and a weight, a price, a lot with it.
    Elements(Elements),
    /// A receipt's number, off its bars.
    Receipt(ReceiptCode),
    /// A trade item number with a right check digit.
    Gtin(Gtin),
    /// Nothing we know: what can be shown of it.
    Unknown(String),
}

/// Says what a code is.
///
/// Control characters are dropped: a barcode can carry them, and some programs obey. A leading symbology identifier
/// (`]C1`) is the scanner's, not the code's. Codes over [`MAX_BYTES`] are unknown, unread.
pub fn parse(raw: &str) -> Scan {
    if raw.len() > MAX_BYTES {
        return Scan::Unknown(raw.chars().filter(|sign| !sign.is_control()).take(SHOWN_SIGNS).collect());
    }
    // Before anything is dropped: its separators are control characters.
    if let Some(elements) = gs1::read(raw) {
        return Scan::Elements(elements);
    }
    let text: String = raw.chars().filter(|sign| !sign.is_control()).collect();
    let text = without_symbology(text.trim());
    if let Some(ticket) = as_ticket(text) {
        return Scan::Ticket(ticket);
    }
    if let Ok(gtin) = text.parse::<Gtin>() {
        return Scan::Gtin(gtin);
    }
    if let Ok(receipt) = text.parse::<ReceiptCode>() {
        return Scan::Receipt(receipt);
    }
    match text.parse::<DisplayCode>() {
        Ok(code) => Scan::DisplayCode(code),
        // Mistyped, so that the bar hears that it was.
        Err(DisplayCodeError::CheckLetter) => Scan::Ticket(text.to_ascii_uppercase()),
        Err(DisplayCodeError::Shape) => Scan::Unknown(text.chars().take(SHOWN_SIGNS).collect()),
    }
}

/// `]` and two signs, put before the code by scanners set up to (ISO/IEC 15424).
fn without_symbology(text: &str) -> &str {
    let mut signs = text.chars();
    let is_identifier = signs.next() == Some(']')
        && signs.next().is_some_and(|sign| sign.is_ascii_alphabetic())
        && signs.next().is_some_and(|sign| sign.is_ascii_alphanumeric());
    if is_identifier { signs.as_str() } else { text }
}

fn as_ticket(text: &str) -> Option<String> {
    let begins = text.get(..TICKET_PREFIX.len())?.eq_ignore_ascii_case(TICKET_PREFIX);
    let is_ours = begins && text.len() >= SHORTEST_TICKET && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_ours.then(|| text.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ticket() -> String {
        format!("T1{}", "A7".repeat(64))
    }

    #[test]
    fn each_kind_is_known_by_its_looks() {
        assert_eq!(parse(&ticket()), Scan::Ticket(ticket()));
        assert_eq!(parse(&format!("{}\r\n", ticket().to_lowercase())), Scan::Ticket(ticket()), "caps lock or not");
        assert_eq!(parse("4006381333931"), Scan::Gtin("4006381333931".parse().expect("a GTIN")));
        assert_eq!(parse("]E04006381333931\r"), Scan::Gtin("4006381333931".parse().expect("a GTIN")));
        assert_eq!(parse(" 036000291452 "), Scan::Gtin("00036000291452".parse().expect("the same, longer")));
        let code = DisplayCode { register_code: "BMB".into(), number: 11_725 };
        assert_eq!(parse(&code.to_string().to_lowercase()), Scan::DisplayCode(code));
        let receipt = ReceiptCode { register_code: "BMB".into(), receipt_no: 88_214 };
        assert_eq!(parse("]C0rbmb088214\r"), Scan::Receipt(receipt));
    }

    #[test]
    fn a_label_keeps_what_its_separators_say() {
        let Scan::Elements(label) = parse("]C1010400638133393110L7\u{1D}3103001250\r") else { panic!("a label") };
        assert_eq!((label.lot.as_deref(), label.grams), (Some("L7"), Some(1_250)));
        assert!(matches!(parse("]C10104006381333931"), Scan::Elements(_)));
        assert!(matches!(parse("]C101040063813339319XX"), Scan::Unknown(_)), "not half a label");
    }

    #[test]
    fn a_damaged_ticket_is_still_a_ticket_and_a_misread_number_is_not_a_product() {
        assert!(matches!(parse(&ticket()[..90]), Scan::Ticket(_)), "so that the bar hears why");
        assert_eq!(parse("bmb 11725-z"), Scan::Ticket("BMB 11725-Z".into()), "Z is no check letter: mistyped");
        assert_eq!(parse("4006381333932"), Scan::Unknown("4006381333932".into()));
        assert_eq!(parse("T1"), Scan::Unknown("T1".into()));
        assert_eq!(parse(""), Scan::Unknown(String::new()));
    }

    #[test]
    fn control_characters_do_not_get_through() {
        assert_eq!(parse("\u{10}40063\u{1B}81333931\u{3}"), Scan::Gtin("4006381333931".parse().expect("a GTIN")));
        assert_eq!(parse("\u{1}r\u{0}m"), Scan::Unknown("rm".into()));
    }

    #[test]
    fn a_code_too_long_is_refused_unread() {
        let long = format!("T1{}", "A".repeat(MAX_BYTES));
        assert_eq!(parse(&long), Scan::Unknown(long[..SHOWN_SIGNS].to_owned()));
    }

    proptest! {
        /// Whatever a scanner sends, it is something, and nothing it shows is a control.
        #[test]
        fn any_text_is_some_scan(raw in "\\PC*|.*|(?i)t1[a-z2-7]{0,600}|[a-z]{3} ?[0-9]{5}-?[a-z]|\\][A-Z][0-9].{0,20}") {
            if let Scan::Unknown(shown) = parse(&raw) {
                prop_assert!(shown.chars().count() <= SHOWN_SIGNS);
                prop_assert!(!shown.chars().any(char::is_control));
            }
        }
    }
}
