//! What a printer says of itself, in words a cashier can act on.

use super::words::Language;

/// `DLE EOT n`: answered at once, even by a printer that cannot print.
pub const fn real_time(n: u8) -> [u8; 3] {
    [0x10, 0x04, n]
}

/// `GS r 1`: answered once everything before it is printed.
pub const PRINTED: [u8; 3] = [0x1D, 0x72, 0x01];

/// Why a printer does not print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The roll is at its end.
    PaperOut,
    /// Somebody opened it.
    CoverOpen,
    /// The cutter is stuck.
    CutterJammed,
    /// Something a person has to look at.
    Fault,
    /// Paused.
    Offline,
}

impl Trouble {
    /// What to tell the cashier.
    pub const fn words(self, language: Language) -> &'static str {
        let words = language.words();
        match self {
            Self::PaperOut => words.paper_out,
            Self::CoverOpen => words.cover_open,
            Self::CutterJammed => words.cutter_jammed,
            Self::Fault => words.printer_fault,
            Self::Offline => words.printer_offline,
        }
    }
}

/// How a printer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Why it does not print, if it does not.
    pub trouble: Option<Trouble>,
    /// It prints, for now.
    pub is_paper_low: bool,
    /// What the drawer's sensor says: `true` is a high level. Whether that is open or shut, drawers differ.
    pub is_drawer_line_high: Option<bool>,
}

/// Whether a byte can be an answer to [`real_time`]: its fixed bits are `0xx1xx10`.
pub const fn is_real_time_answer(byte: u8) -> bool {
    byte & 0x93 == 0x12
}

/// Whether a byte can be the answer to [`PRINTED`]: its fixed bits are `0xx0xxxx`.
pub const fn is_printed_answer(byte: u8) -> bool {
    byte & 0x90 == 0
}

/// Whether the answer to `DLE EOT 1` says that it prints.
pub const fn is_online(byte: u8) -> bool {
    byte & 0x08 == 0
}

impl Status {
    /// From the answers to `DLE EOT` 1 to 4; one that is missing says nothing.
    pub fn of(answers: [Option<u8>; 4]) -> Self {
        let has = |n: usize, bits: u8| answers[n - 1].is_some_and(|byte| byte & bits != 0);
        let troubles = [
            (has(2, 0x20) || has(4, 0x60), Trouble::PaperOut),
            (has(2, 0x04), Trouble::CoverOpen),
            (has(3, 0x08), Trouble::CutterJammed),
            (has(2, 0x40) || has(3, 0x60), Trouble::Fault),
            (has(1, 0x08), Trouble::Offline),
        ];
        let trouble = troubles.into_iter().find_map(|(is_so, trouble)| is_so.then_some(trouble));
        let is_drawer_line_high = answers[0].map(|byte| byte & 0x04 != 0);
        Self { trouble, is_paper_low: has(4, 0x0C), is_drawer_line_high }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes as an emulator of another hand answers them.
    #[test]
    fn four_bytes_become_one_thing_to_do() {
        let of = |bytes: [u8; 4]| Status::of(bytes.map(Some));
        let well = Status { trouble: None, is_paper_low: false, is_drawer_line_high: Some(true) };
        assert_eq!(of([0x16, 0x12, 0x12, 0x12]), well, "an open drawer is no trouble");
        assert_eq!(of([0x16, 0x12, 0x12, 0x1E]), Status { is_paper_low: true, ..well });
        assert_eq!(of([0x12, 0x12, 0x12, 0x12]), Status { is_drawer_line_high: Some(false), ..well });
        assert_eq!(Status::of([None; 4]), Status::default(), "silence says nothing of the drawer either");
        assert_eq!(of([0x1E, 0x32, 0x12, 0x7E]).trouble, Some(Trouble::PaperOut));
        assert_eq!(of([0x1E, 0x16, 0x12, 0x12]).trouble, Some(Trouble::CoverOpen));
        assert_eq!(of([0x1E, 0x12, 0x1A, 0x12]).trouble, Some(Trouble::CutterJammed));
        assert_eq!(of([0x1E, 0x12, 0x12, 0x12]).trouble, Some(Trouble::Offline));
        assert_eq!(Status::of([Some(0x1E), None, None, None]).trouble, Some(Trouble::Offline));
    }

    #[test]
    fn the_two_kinds_of_answers_are_told_apart() {
        assert!((0..=255).all(|byte| !(is_real_time_answer(byte) && is_printed_answer(byte))));
        assert!(is_real_time_answer(0x16) && is_printed_answer(0x0F) && !is_real_time_answer(b'H'));
    }
}
