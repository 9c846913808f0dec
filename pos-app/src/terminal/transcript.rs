//! Every byte of the line, both ways, for the day somebody asks; card numbers never whole.
//!
//! A card number shows at most its first six and last four digits. Where a frame broke off, so that a number may be
//! cut in two, no digit of the pieces shows.

use std::collections::VecDeque;
use std::fmt::Write as _;

/// How many lines are kept.
const KEPT: usize = 512;
/// The shortest run of digits that may be a card number.
const SHORTEST_CARD: usize = 13;

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To the terminal.
    Out,
    /// From the terminal.
    In,
}

/// One thing said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Milliseconds of this run.
    pub at_ms: u64,
    /// Which way.
    pub way: Way,
    /// As text, masked: `<STX>0100<ETX><02>`.
    pub text: String,
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let arrow = if self.way == Way::Out { ">" } else { "<" };
        write!(f, "{:>10} {arrow} {}", self.at_ms, self.text)
    }
}

/// The latest lines of a terminal's talk.
#[derive(Debug, Default)]
pub struct Transcript {
    lines: VecDeque<Said>,
}

impl Transcript {
    /// Writes one thing down. `text` is masked by now.
    pub fn note(&mut self, at_ms: u64, way: Way, text: String) {
        tracing::debug!(target: "pos_app::terminal::line", at_ms, ?way, %text, "terminal line");
        if self.lines.len() == KEPT {
            self.lines.pop_front();
        }
        self.lines.push_back(Said { at_ms, way, text });
    }

    /// All that is kept, oldest first.
    pub fn lines(&self) -> Vec<Said> {
        self.lines.iter().cloned().collect()
    }
}

/// The data of a whole frame. `account` is the place of the account field, counted from 0.
pub fn mask_frame(data: &[u8], account: Option<usize>) -> String {
    let text: String = data.iter().map(|byte| char::from(*byte)).collect();
    let fields = text.split('|').enumerate().map(|(index, field)| {
        if Some(index) == account { mask_digits(field, 0) } else { mask_digits(field, SHORTEST_CARD) }
    });
    printable(&fields.collect::<Vec<_>>().join("|"))
}

/// A line of text, for a printer.
pub fn mask_text(text: &str) -> String {
    // First what does not print: digits on both sides of it stand together on paper.
    let text: String = text.chars().filter(|character| !character.is_control()).collect();
    mask_digits(&text, SHORTEST_CARD)
}

/// Bytes of no whole frame: no digit of them shows.
pub fn mask_piece(data: &[u8]) -> String {
    let text: String = data.iter().map(|byte| if byte.is_ascii_digit() { '*' } else { char::from(*byte) }).collect();
    printable(&text)
}

/// Masks every number of at least `shortest` digits, with or without single blanks or dashes between them.
fn mask_digits(text: &str, shortest: usize) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut masked = characters.clone();
    let mut at = 0;
    while at < characters.len() {
        if !characters[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let mut places = vec![at];
        let mut next = at + 1;
        while next < characters.len() {
            if characters[next].is_ascii_digit() {
                places.push(next);
                next += 1;
            } else if matches!(characters[next], ' ' | '-')
                && characters.get(next + 1).is_some_and(char::is_ascii_digit)
            {
                next += 1;
            } else {
                break;
            }
        }
        if places.len() >= shortest {
            // Short numbers keep their end only: six and four would be all of them.
            let first = if places.len() >= SHORTEST_CARD { 6 } else { 0 };
            let last = places.len().saturating_sub(4).max(first);
            for place in &places[first..last] {
                masked[*place] = '*';
            }
        }
        at = next;
    }
    masked.into_iter().collect()
}

fn printable(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, character| {
        match character {
            ' '..='~' => out.push(character),
            other => drop(write!(out, "<{:02x}>", u32::from(other))),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_card_number_shows_its_first_six_and_last_four_at_most() {
        let data = b"0210|00|597029414300|75001637|000001|252985|1990|0||0461|000123|CR||4111111111111111|VI";
        let masked = mask_frame(data, Some(13));
        assert!(masked.contains("|411111******1111|"), "{masked}");
        assert!(masked.contains("597029414300"), "the merchant's number is no card");
        assert_eq!(mask_frame(b"x|4111 1111 1111 1111", None), "x|4111 11** **** 1111");
        assert_eq!(mask_frame(b"x|12345678", Some(1)), "x|****5678", "an account field is masked however short");
    }

    #[test]
    fn pieces_show_no_digit() {
        assert_eq!(mask_piece(b"|CR||41111111"), "|CR||********");
        assert_eq!(mask_piece(&[0x31, 0xFF]), "*<ff>");
    }

    proptest! {
        /// Wherever a card number stands, and wherever the line is cut, it cannot be read from the transcript.
        #[test]
        fn no_card_number_can_be_read(pan in "[0-9]{13,19}", before in "[A-Z|]{0,9}", after in "[A-Z|]{0,9}", cut in 0_usize..40) {
            let data = format!("{before}{pan}{after}");
            let whole = mask_frame(data.as_bytes(), None);
            prop_assert!(whole.chars().filter(char::is_ascii_digit).count() <= 10 && whole.matches('*').count() == pan.len() - 10);
            let (one, two) = data.as_bytes().split_at(cut.min(data.len()));
            let pieces = mask_piece(one) + &mask_piece(two);
            prop_assert!(!pieces.chars().any(|character| character.is_ascii_digit()));
        }
    }
}
