//! What a scanner types: a code, half a code, somebody's web address.

use crate::scanner_framer::Framer;
use crate::scanner_measured::{Pattern, Value};
use crate::scanner_parse::{Scan, parse};

/// The first byte is how many bytes come at once, the second how many milliseconds lie between.
///
/// Holds: nothing that obeys (a control character) comes through; what is unknown is shown short; a code read twice is
/// the same code.
pub fn target(bytes: &[u8]) {
    let [at_once, pause, rest @ ..] = bytes else { return };
    let mut framer = Framer::default();
    let mut now_ms = 0;
    for chunk in rest.chunks(usize::from(*at_once).max(1)) {
        framer.push(chunk, now_ms).iter().for_each(|code| look(code));
        now_ms += u64::from(*pause);
    }
    if let Some(code) = framer.silence(now_ms + 1_000) {
        look(&code);
    }
}

fn look(code: &str) {
    match parse(code) {
        Scan::Unknown(shown) => assert!(shown.chars().count() <= 64 && !shown.chars().any(char::is_control)),
        Scan::Ticket(text) => {
            assert!(!text.chars().any(|sign| sign.is_control() || sign.is_ascii_lowercase()));
            assert_eq!(parse(&text), Scan::Ticket(text));
        }
        Scan::Gtin(gtin) => {
            assert_eq!(parse(code.trim()), Scan::Gtin(gtin));
            for layout in ["21IIIIIWWWWWC", "23IIIIPPPPPVC", "02IIIIIPPPPPC"] {
                let pattern: Pattern = layout.parse().expect("a layout");
                let Some(label) = pattern.read(gtin) else { continue };
                let (Value::Grams(most) | Value::PriceMinor(most)) = label.value;
                assert!(label.item < 100_000 && most < 100_000);
                assert_eq!(
                    pattern.read(label.base).map(|bare| bare.base),
                    Some(label.base),
                    "bare of what was measured"
                );
            }
        }
        Scan::Elements(label) => {
            let texts = label.lot.iter().chain(&label.serial);
            assert!(texts.into_iter().all(|text| text.len() <= 20 && !text.chars().any(char::is_control)));
            assert!(label.grams.is_none_or(|grams| grams <= 999_999_000));
        }
        Scan::Receipt(receipt) => assert_eq!(parse(&receipt.to_string()), Scan::Receipt(receipt)),
        Scan::DisplayCode(display) => assert_eq!(parse(&display.to_string()), Scan::DisplayCode(display)),
    }
}
