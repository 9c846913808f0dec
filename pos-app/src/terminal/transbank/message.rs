//! What a frame's data says: ASCII fields between `|`, the first of them the four-digit command.
//!
//! The account number and the voucher text are never kept: what is not decoded cannot leak.
//! Source: Transbank "POS Integrado" reference (2022-12) and its public libraries; the byte vectors below are theirs.

/// What the till asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Are you there? Answered by a bare ACK.
    Poll,
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
    use super::super::frame::{self, Heard, Receiver};
    use super::*;
    use proptest::prelude::*;

    fn hex(text: &str) -> Vec<u8> {
        text.split(' ').map(|byte| u8::from_str_radix(byte, 16).expect("a vector is hex")).collect()
    }

    fn sale(amount: i64, ticket: &str, wants_progress: bool) -> Request {
        Request::Sale { amount, ticket: ticket.into(), wants_progress }
    }

    #[test]
    fn requests_are_the_bytes_of_the_vendors_libraries() {
        let multicode = Request::MulticodeSale {
            amount: 5_000,
            ticket: "000777".into(),
            wants_progress: false,
            commerce: "597029414301".into(),
        };
        let vectors = [
            (Request::Poll, "02 30 31 30 30 03 02"),
            (Request::LoadKeys, "02 30 38 30 30 03 0b"),
            (sale(1_990, "ABCD", false), "02 30 32 30 30 7c 31 39 39 30 7c 41 42 43 44 7c 7c 7c 30 7c 03 34"),
            (
                sale(12_500, "000123", true),
                "02 30 32 30 30 7c 31 32 35 30 30 7c 30 30 30 31 32 33 7c 7c 7c 31 7c 03 06",
            ),
            (
                multicode,
                "02 30 32 37 30 7c 35 30 30 30 7c 30 30 30 37 37 37 7c 7c 7c 30 7c 35 39 37 30 32 39 34 31 34 33 30 31 7c 03 4b",
            ),
            (Request::LastSale, "02 30 32 35 30 7c 03 78"),
            (Request::MulticodeLastSale { wants_voucher: false }, "02 30 32 38 30 7c 30 03 45"),
            (Request::MulticodeLastSale { wants_voucher: true }, "02 30 32 38 30 7c 31 03 44"),
            (Request::Details, "02 30 32 36 30 7c 31 7c 03 36"),
            (Request::PrintDetails, "02 30 32 36 30 7c 30 7c 03 37"),
            (Request::Totals, "02 30 37 30 30 7c 7c 03 04"),
            (Request::Close, "02 30 35 30 30 7c 7c 03 06"),
            (Request::Refund { operation: "123".into() }, "02 31 32 30 30 7c 31 32 33 7c 03 30"),
        ];
        for (request, expected) in vectors {
            assert_eq!(frame::encode(&request.data()), hex(expected), "{request:?}");
        }
    }

    #[test]
    fn the_other_shapes_of_a_sale_have_the_checksums_of_their_libraries() {
        for (data, expected) in [
            (
                "0200|000001990|00ABCD|||0",
                "02 30 32 30 30 7c 30 30 30 30 30 31 39 39 30 7c 30 30 41 42 43 44 7c 7c 7c 30 03 78",
            ),
            ("0200|1990|ABCD||0|0|", "02 30 32 30 30 7c 31 39 39 30 7c 41 42 43 44 7c 7c 30 7c 30 7c 03 04"),
        ] {
            assert_eq!(frame::encode(data), hex(expected));
        }
        for (data, lrc) in [("0900|84", 0x7a), ("0900|83", 0x7d), ("0900|81", 0x7f), ("0900|82", 0x7c), ("0900|79|", 4)]
        {
            assert_eq!(frame::lrc(data.as_bytes()), lrc, "{data}");
        }
    }

    #[test]
    fn replies_of_the_vendors_test_data_check_and_decode() {
        let vectors = [
            ("0210|07|597029414300|75001637|00ABCD|      |0|0||0461||CR|||||||0||", 0x22),
            ("0260|00|597029414300|75001637|001234|252985|25000|0||0461|000123|CR|||  |26072023|113748|0|0||", 0x1c),
            ("0510|00|597029414300|75001637|", 0x04),
            ("1210|00|597029414300|75001637|794981|123", 0x44),
        ];
        for (data, lrc) in vectors {
            assert_eq!(frame::lrc(data.as_bytes()), lrc, "{data}");
        }
        let keys = "02 30 38 31 30 7c 30 30 7c 35 39 37 30 32 39 34 31 34 33 30 30 7c 37 35 30 30 31 36 33 37 03 75";
        assert_eq!(hear(&hex(keys)), vec![Reply::Done { asked: "0800", code: "00".into() }]);
        assert_eq!(
            hear(&hex("02 30 37 31 30 7c 30 30 7c 32 7c 32 36 35 30 30 7c 03 06")),
            vec![Reply::Totals { code: "00".into(), count: Some(2), total: Some(26_500) }]
        );

        let Reply::Sale(Asked::Now, cancelled) = decode(vectors[0].0.as_bytes()) else { panic!("a 0210 is a sale") };
        assert_eq!((cancelled.code.as_str(), cancelled.ticket.as_str()), ("07", "00ABCD"));
        assert_eq!((cancelled.amount, cancelled.authorisation.as_str()), (Some(0), ""), "blanks are nothing");

        let Reply::Sale(Asked::Last, last) = decode(vectors[1].0.as_bytes()) else { panic!("a 0260 is a sale") };
        assert_eq!(
            last,
            SaleReply {
                code: "00".into(),
                commerce: "597029414300".into(),
                terminal: "75001637".into(),
                ticket: "001234".into(),
                authorisation: "252985".into(),
                amount: Some(25_000),
                last4: "0461".into(),
                operation: "000123".into(),
                card_type: "CR".into(),
                brand: String::new(),
                date: "26072023".into(),
                time: "113748".into(),
                instalments: Some(0),
                tip: Some(0),
            }
        );
        assert_eq!(decode(vectors[2].0.as_bytes()), Reply::Done { asked: "0500", code: "00".into() });
        assert_eq!(
            decode(vectors[3].0.as_bytes()),
            Reply::Refund { code: "00".into(), authorisation: "794981".into(), operation: "123".into() }
        );
    }

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

    fn hear(bytes: &[u8]) -> Vec<Reply> {
        let mut receiver = Receiver::default();
        let heard = bytes.iter().filter_map(|byte| receiver.hear(*byte));
        heard.filter_map(|heard| if let Heard::Frame(data) = heard { Some(decode(&data)) } else { None }).collect()
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
