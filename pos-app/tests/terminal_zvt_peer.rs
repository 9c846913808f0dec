//! Our reading and writing of ZVT against the crate `zvt`, written by other people: what it writes we read, and what we
//! write it reads.

use pos_app::terminal::zvt::apdu::{Apdu, command};
use pos_app::terminal::zvt::bmp::{self, Fields};
use pos_app::terminal::zvt::message::{Account, StatusInformation, number, turnover};
use proptest::prelude::*;
use shared::tender::TerminalTotals;
use zvt::{ZvtSerializer as _, packets};

fn hex(text: &str) -> Vec<u8> {
    text.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).expect("a vector is hex")).collect()
}

#[test]
fn a_status_information_says_the_same_to_both() {
    let bytes = hex(
        "04 0f 40 27 00 04 00 00 00 00 19 90 0b 00 00 16 0c 11 37 48 0d 07 26 0e 28 12 17 00 01 19 70 22 f0 f8 ee ee ee
         ee ee ee 04 61 29 75 00 16 37 49 09 78 87 00 16 88 00 00 16 8a 06 8b f0 f5 56 49 53 41 00",
    );
    let (theirs, _) = packets::StatusInformation::zvt_deserialize(&bytes).expect("they read it");
    let apdu = Apdu::decode(&bytes).expect("we read it");
    assert_eq!(apdu.command, command::STATUS_INFORMATION);
    let ours = StatusInformation::read(&apdu.data);
    assert_eq!((ours.result, theirs.result_code), (Some(0), Some(0)));
    assert_eq!((ours.amount, theirs.amount), (Some(1_990), Some(1_990)));
    assert_eq!((ours.receipt, theirs.receipt_no), (Some(16), Some(16)));
    assert_eq!((ours.currency, theirs.currency), (Some(978), Some(978)));
    assert_eq!(theirs.terminal_id, Some(75_001_637));
    assert_eq!(Fields::read(&apdu.data).digits(bmp::TERMINAL).as_deref(), Some("75001637"));
    // They stop at the turnover number, which they do not know; we read on.
    assert_eq!(ours.approval.brand, "VISA");
}

#[test]
fn registration_and_completion_are_byte_for_byte_the_same() {
    let account = Account { password: 123_456, currency: 978 };
    let theirs = packets::Registration { password: 123_456, config_byte: 0xBE, currency: Some(978), tlv: None };
    assert_eq!(account.registration().encode(), theirs.zvt_serialize());
    let bytes = hex("06 0f 0a 19 00 29 75 00 16 37 49 09 78");
    let completion = packets::CompletionData {
        result_code: None,
        status_byte: Some(0),
        terminal_id: Some(75_001_637),
        currency: Some(978),
    };
    assert_eq!(completion.zvt_serialize(), bytes);
    let ours = Apdu::decode(&bytes).expect("we read it");
    assert_eq!((ours.command, Fields::read(&ours.data).number(bmp::CURRENCY)), (command::COMPLETION, Some(978)));
    assert_eq!(ours.encode(), bytes);
}

/// The turnover of a batch: the total, receipts from and to, then count and sum of each kind of card.
fn told(kinds: &[(u8, i64)]) -> Vec<u8> {
    let number = |number: i64, width| bmp::packed(number, width).expect("it fits");
    let kind = |(num, total): &(u8, i64)| [vec![*num], number(*total, 6)].concat();
    let kinds_said: Vec<u8> = kinds.iter().flat_map(kind).collect();
    let total = number(kinds.iter().map(|(_, total)| total).sum(), 6);
    let receipts = [number(233, 2), number(234, 2)].concat();
    let named = [vec![bmp::RESULT, 0, bmp::AMOUNT], total, vec![bmp::TURNOVER, 0xF0, 0xF5, 0xF3], receipts, kinds_said];
    Apdu::new(command::STATUS_INFORMATION, named.concat()).encode()
}

proptest! {
    #[test]
    fn a_turnover_is_the_same_to_both(kinds in prop::collection::vec((any::<u8>(), 0_i64..=99_999_999_999), 7)) {
        let bytes = told(&kinds);
        let (theirs, _) = packets::StatusInformation::zvt_deserialize(&bytes).expect("they read it");
        let single = theirs.single_amounts.expect("they find it");
        let by_kind = [single.girocard, single.jcb, single.eurocard, single.amex, single.visa, single.diners, single.others];
        let read: Vec<_> = by_kind.iter().map(|kind| (kind.num, i64::try_from(kind.total).expect("it fits"))).collect();
        prop_assert_eq!(&read, &kinds);
        prop_assert_eq!((single.receipt_no_start, single.receipt_no_end), (233, 234));
        let total_minor = kinds.iter().map(|(_, total)| total).sum();
        prop_assert_eq!(theirs.amount.and_then(|amount| i64::try_from(amount).ok()), Some(total_minor));
        let ours = turnover(&Apdu::decode(&bytes).expect("we read it").data);
        let count = kinds.iter().map(|(num, _)| u32::from(*num)).sum();
        prop_assert_eq!(ours, Some(TerminalTotals { count, total_minor }));
    }

    /// Whatever they write into a status information, we read.
    #[test]
    fn what_they_write_we_read(
        amount in 0_usize..=999_999_999_999,
        receipt in 0_usize..=9_999,
        trace in 0_usize..=999_999,
        result: u8,
        currency in 1_usize..=999,
    ) {
        let theirs = packets::StatusInformation {
            amount: Some(amount),
            receipt_no: Some(receipt),
            trace_number: Some(trace),
            result_code: Some(result),
            currency: Some(currency),
            ..packets::StatusInformation::default()
        };
        let apdu = Apdu::decode(&theirs.zvt_serialize()).expect("we read it");
        let ours = StatusInformation::read(&apdu.data);
        prop_assert_eq!(ours.amount, i64::try_from(amount).ok());
        prop_assert_eq!(ours.approval.operation_no, number(i64::try_from(receipt).unwrap_or_default()));
        prop_assert_eq!(ours.currency, u16::try_from(currency).ok());
        prop_assert_eq!(ours.result, Some(result));
        prop_assert_eq!(Fields::read(&apdu.data).number(bmp::TRACE), i64::try_from(trace).ok());
    }
}
