//! What a frame's data says: ASCII fields between `|`, the first of them the four-digit command.
//!
//! The account number and the voucher text are never kept: what is not decoded cannot leak.
//! Source: Transbank "POS Integrado" reference (2022-12) and its public libraries; the byte vectors below are theirs.

/// What the till asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Are you there? Answered by a bare ACK.
    Poll,
    /// From here on it takes payments at its own keypad only, until a person sets it back there. Answered by a bare ACK.
    NormalMode,
    /// Load the day's keys.
    LoadKeys,
    /// Take money.
    Sale {
        /// Whole pesos.
        amount: i64,
        /// The correlation key, six characters; a shorter one comes back zero-padded.
        ticket: String,
        /// Asks for 0900 frames on the way.
        wants_progress: bool,
    },
    /// Take money for one of several merchants on one terminal.
    MulticodeSale {
        /// Whole pesos.
        amount: i64,
        /// The correlation key.
        ticket: String,
        /// Asks for 0900 frames on the way.
        wants_progress: bool,
        /// Whose money it is; may be empty.
        commerce: String,
    },
    /// The last sale in the terminal's memory. Reprints its voucher.
    LastSale,
    /// The same for several merchants.
    MulticodeLastSale {
        /// Asks for the voucher's text.
        wants_voucher: bool,
    },
    /// Every sale in the terminal's memory, one frame each.
    Details,
    /// The same on the terminal's own paper. Answered by a bare ACK.
    PrintDetails,
    /// Count and sum of what is in memory. Prints.
    Totals,
    /// Undo a sale, by the terminal's operation number.
    Refund {
        /// As the approval said.
        operation: String,
    },
    /// Settle with the acquirer and empty the memory. Never while a sale is in doubt.
    Close,
}

impl Request {
    /// The frame's data.
    pub fn data(&self) -> String {
        match self {
            Self::Poll => "0100".into(),
            Self::NormalMode => "0300".into(),
            Self::LoadKeys => "0800".into(),
            Self::Sale { amount, ticket, wants_progress } => {
                format!("0200|{amount}|{ticket}|||{}|", u8::from(*wants_progress))
            }
            Self::MulticodeSale { amount, ticket, wants_progress, commerce } => {
                format!("0270|{amount}|{ticket}|||{}|{commerce}|", u8::from(*wants_progress))
            }
            Self::LastSale => "0250|".into(),
            Self::MulticodeLastSale { wants_voucher } => format!("0280|{}", u8::from(*wants_voucher)),
            Self::Details => "0260|1|".into(),
            Self::PrintDetails => "0260|0|".into(),
            Self::Totals => "0700||".into(),
            Self::Refund { operation } => format!("1200|{operation}|"),
            Self::Close => "0500||".into(),
        }
    }
}

/// Which question a sale's reply answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// 0200 or 0270: this sale.
    Now,
    /// 0250 or 0280: the last one.
    Last,
}

/// A sale as the terminal tells it: 0210, 0260, 0271, 0281, and a row of 0261.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SaleReply {
    /// Two digits; only `00` is an approval.
    pub code: String,
    /// The merchant's number.
    pub commerce: String,
    /// The terminal's.
    pub terminal: String,
    /// As sent, zero-padded to six.
    pub ticket: String,
    /// The bank's code; empty on refusal.
    pub authorisation: String,
    /// Whole pesos; negative is a refund row.
    pub amount: Option<i64>,
    /// Never more than four digits.
    pub last4: String,
    /// The terminal's number for it.
    pub operation: String,
    /// `CR` or `DB`.
    pub card_type: String,
    /// Two letters; newer firmware sends one.
    pub brand: String,
    /// `DDMMYYYY`, the terminal's calendar.
    pub date: String,
    /// `HHMMSS`, the terminal's clock.
    pub time: String,
    /// How many instalments.
    pub instalments: Option<i64>,
    /// Whole pesos.
    pub tip: Option<i64>,
}

/// What the terminal says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A sale's end, or the last sale.
    Sale(Asked, SaleReply),
    /// A row of the sales in memory; a blank authorisation closes the list.
    Row(SaleReply),
    /// 0900: what it waits for.
    Progress {
        /// Two digits.
        code: String,
    },
    /// 0710.
    Totals {
        /// Two digits.
        code: String,
        /// How many sales.
        count: Option<i64>,
        /// Whole pesos.
        total: Option<i64>,
    },
    /// 0810, 0510: done or not.
    Done {
        /// The question's command.
        asked: &'static str,
        /// Two digits.
        code: String,
    },
    /// 1210.
    Refund {
        /// Two digits.
        code: String,
        /// The bank's code.
        authorisation: String,
        /// The terminal's number for it.
        operation: String,
    },
    /// A command we do not know.
    Unknown {
        /// Its first field.
        command: String,
    },
}

/// Reads a frame's data. Missing tail fields are empty, blanks are trimmed; nothing in it can fail.
pub fn decode(data: &[u8]) -> Reply {
    // Vouchers may hold bytes above 127; one byte stays one character, so fields keep their lengths.
    let text: String = data.iter().map(|byte| char::from(*byte)).collect();
    let fields: Vec<&str> = text.split('|').map(str::trim).collect();
    let field = |index: usize| fields.get(index).copied().unwrap_or_default();
    let code = || field(1).to_owned();
    match field(0) {
        "0210" | "0271" => Reply::Sale(Asked::Now, sale(&field)),
        // A detail list is asked with 0260 as well, but rows come back as 0261.
        "0260" | "0281" => Reply::Sale(Asked::Last, sale(&field)),
        "0261" => Reply::Row(row(&field)),
        "0900" => Reply::Progress { code: code() },
        "0710" => Reply::Totals { code: code(), count: number(field(2)), total: number(field(3)) },
        "0810" => Reply::Done { asked: "0800", code: code() },
        "0510" => Reply::Done { asked: "0500", code: code() },
        "1210" => Reply::Refund { code: code(), authorisation: field(4).to_owned(), operation: field(5).to_owned() },
        command => Reply::Unknown { command: command.chars().take(8).collect() },
    }
}

fn sale<'a>(field: &impl Fn(usize) -> &'a str) -> SaleReply {
    SaleReply {
        instalments: number(field(7)),
        last4: last4(field(9)),
        operation: field(10).to_owned(),
        card_type: field(11).to_owned(),
        brand: field(14).to_owned(),
        date: field(15).to_owned(),
        time: field(16).to_owned(),
        tip: number(field(18)),
        ..head(field)
    }
}

fn row<'a>(field: &impl Fn(usize) -> &'a str) -> SaleReply {
    SaleReply {
        last4: last4(field(7)),
        operation: field(8).to_owned(),
        card_type: field(9).to_owned(),
        brand: field(12).to_owned(),
        date: field(13).to_owned(),
        time: field(14).to_owned(),
        tip: number(field(16)),
        instalments: number(field(18)),
        ..head(field)
    }
}

fn head<'a>(field: &impl Fn(usize) -> &'a str) -> SaleReply {
    SaleReply {
        code: field(1).to_owned(),
        commerce: field(2).to_owned(),
        terminal: field(3).to_owned(),
        ticket: field(4).to_owned(),
        authorisation: field(5).to_owned(),
        amount: number(field(6)),
        ..SaleReply::default()
    }
}

fn number(field: &str) -> Option<i64> {
    // Nine digits and a sign at most: anything longer is no amount of this protocol.
    (field.len() <= 10).then(|| field.parse().ok()).flatten()
}

/// Firmware that sends more than four digits here still gives away only four.
fn last4(field: &str) -> String {
    let digits: Vec<char> = field.chars().filter(char::is_ascii_digit).collect();
    digits[digits.len().saturating_sub(4)..].iter().collect()
}

#[cfg(test)]
mod tests {
    use super::super::frame::Receiver;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_reply_may_lack_its_tail() {
        let Reply::Sale(Asked::Now, short) = decode(b"0210|00|597029414300|75001637|000001|252985|1990") else {
            panic!("a 0210 is a sale")
        };
        assert_eq!((short.amount, short.operation.as_str(), short.last4.as_str()), (Some(1_990), "", ""));
        assert_eq!(decode(b"0900|78"), decode(b"0900|78|"), "the last separator is optional");
    }

    #[test]
    fn a_row_has_its_own_order_and_may_be_negative() {
        let row = b"0261|00|597029414300|75001637|000009|794981|-1990|0461|000124|CR|||VI|26072023|113748|0|0|0|3";
        let Reply::Row(row) = decode(row) else { panic!("a 0261 is a row") };
        assert_eq!((row.amount, row.brand.as_str(), row.instalments), (Some(-1_990), "VI", Some(3)));
        assert_eq!((row.operation.as_str(), row.card_type.as_str()), ("000124", "CR"));
    }

    proptest! {
        /// The line is a stranger: whatever it sends, reading it ends in some reply.
        #[test]
        fn any_data_decodes(data in prop::collection::vec(any::<u8>(), 0..600)) {
            let _ = decode(&data);
            let mut framed = data;
            framed.splice(0..0, *b"0210|00|");
            let _ = decode(&framed);
        }

        /// Cutting or adding nothing: however the port hands the bytes over, the same frames come out.
        #[test]
        fn any_split_gives_the_same_frames(
            bytes in prop::collection::vec(prop_oneof![Just(2_u8), Just(3), Just(6), Just(0x15), any::<u8>()], 0..300),
            cuts in prop::collection::vec(0_usize..300, 0..8),
        ) {
            let whole: Vec<_> = { let mut r = Receiver::default(); bytes.iter().filter_map(|b| r.hear(*b)).collect() };
            let mut receiver = Receiver::default();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.sort_unstable();
            let mut parts = Vec::new();
            let mut from = 0;
            for cut in cuts.into_iter().chain([bytes.len()]) {
                parts.push(&bytes[from..cut]);
                from = cut;
            }
            let split: Vec<_> = parts.into_iter().flatten().filter_map(|byte| receiver.hear(*byte)).collect();
            prop_assert_eq!(whole, split);
        }
    }
}
