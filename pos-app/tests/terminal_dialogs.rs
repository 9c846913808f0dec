//! The dialogs about money without a port and without a clock: whatever is heard, in whatever order, repeated and cut, the
//! request leaves once unless the terminal says that it came broken, nothing is acknowledged before it is written down,
//! and no end but the terminal's own word about this very payment is certain.

use pos_app::terminal::dialog::{Dialog, Effect, Input};
use pos_app::terminal::getnet::frame as getnet_frame;
use pos_app::terminal::transbank::frame as transbank_frame;
use pos_app::terminal::zvt::apdu::{Apdu, command};
use pos_app::terminal::zvt::link::Link;
use pos_app::terminal::zvt::message::Account;
use pos_app::terminal::zvt::serial;
use pos_app::terminal::{Timing, getnet, transbank, zvt};
use proptest::prelude::*;
use serde_json::{Value, json};
use shared::tender::TerminalReport;

/// What a play has shown so far.
#[derive(Default)]
struct Seen {
    requests: usize,
    /// Times the terminal said that the request came broken, while it was being asked.
    refusals: usize,
    is_over: bool,
    end: Option<TerminalReport>,
}

impl Seen {
    /// Takes in what a dialog wants done.
    fn take(&mut self, effects: &[Effect], is_request: impl Fn(&[u8]) -> bool) -> Result<(), TestCaseError> {
        for effect in effects {
            prop_assert!(!self.is_over, "nothing follows an end: {effect:?}");
            match effect {
                Effect::Send(bytes) if is_request(bytes) => self.requests += 1,
                Effect::Report(report) => match report {
                    TerminalReport::Asked { .. } => {
                        prop_assert_eq!(self.requests, 0, "written down before the first byte");
                    }
                    TerminalReport::Approved { .. }
                    | TerminalReport::Declined { .. }
                    | TerminalReport::NotStarted { .. }
                    | TerminalReport::NoAnswer => {
                        prop_assert!(self.end.is_none(), "ended twice");
                        self.end = Some(report.clone());
                    }
                    _ => {}
                },
                Effect::End(_) => {
                    prop_assert!(self.end.is_some(), "an end that nobody wrote down");
                    self.is_over = true;
                }
                _ => {}
            }
        }
        prop_assert!(self.requests <= 1 + self.refusals, "asked again and nobody said that it came broken");
        Ok(())
    }

    /// Approved only if an approval of ours was heard, refused only if a refusal of ours was.
    fn judge(&self, heard_approval: bool, heard_refusal: bool, nothing_sent: bool) -> Result<(), TestCaseError> {
        match &self.end {
            Some(TerminalReport::Approved { .. }) => prop_assert!(heard_approval),
            Some(TerminalReport::Declined { .. }) => prop_assert!(heard_refusal),
            Some(TerminalReport::NotStarted { .. }) => prop_assert!(nothing_sent || self.refusals > 0),
            _ => {}
        }
        Ok(())
    }
}

/// Anything that can happen, in the words of all three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Happening {
    Ack,
    Nak,
    Noise,
    Broken,
    Progress,
    Approval,
    /// Of another amount.
    OtherAmount,
    /// Of the sale before.
    Stale,
    Refusal,
    /// ZVT: the terminal begins, ends, gives up, prints.
    Begun,
    Done,
    GivenUp,
    Line,
    /// An error that answers nothing.
    Nothing,
    Deadline,
    LineLost,
    NothingSent,
    CancelWanted,
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    use Happening as H;
    let one = prop::sample::select(vec![
        H::Ack,
        H::Nak,
        H::Noise,
        H::Broken,
        H::Progress,
        H::Approval,
        H::OtherAmount,
        H::Stale,
        H::Refusal,
        H::Begun,
        H::Done,
        H::GivenUp,
        H::Line,
        H::Nothing,
        H::Deadline,
        H::LineLost,
        H::CancelWanted,
    ]);
    // That nothing was sent can only be said of the first request.
    (any::<bool>(), prop::collection::vec(one, 0..14)).prop_map(|(is_sent, mut all)| {
        if !is_sent {
            all.insert(0, H::NothingSent);
        }
        all
    })
}

/// Plays it all, until the dialog is over.
fn play<H>(
    dialog: &mut dyn Dialog<H>,
    happenings: &[Happening],
    hear: impl Fn(Happening) -> Option<Input<H>>,
    is_request: impl Fn(&[u8]) -> bool,
) -> Result<Seen, TestCaseError> {
    let mut seen = Seen::default();
    seen.take(&dialog.step(Input::Start), &is_request)?;
    let mut heard = Vec::new();
    for happening in happenings {
        let Some(input) = hear(*happening) else { continue };
        if seen.is_over {
            break;
        }
        heard.push(*happening);
        seen.refusals += usize::from(*happening == Happening::Nak);
        seen.take(&dialog.step(input), &is_request)?;
    }
    // However long nothing happens: at some time it is over.
    for _ in 0..12 {
        if seen.is_over {
            break;
        }
        seen.take(&dialog.step(Input::Deadline), &is_request)?;
    }
    prop_assert!(seen.is_over, "it never ends");
    let has = |wanted: &[Happening]| heard.iter().any(|happening| wanted.contains(happening));
    seen.judge(
        has(&[Happening::Approval]),
        has(&[Happening::Refusal, Happening::GivenUp]),
        has(&[Happening::NothingSent]),
    )?;
    Ok(seen)
}

fn common<H>(happening: Happening) -> Option<Input<H>> {
    Some(match happening {
        Happening::Deadline => Input::Deadline,
        Happening::LineLost => Input::LineLost,
        Happening::NothingSent => Input::NothingSent,
        Happening::CancelWanted => Input::CancelWanted,
        _ => return None,
    })
}

fn hear_transbank(happening: Happening) -> Option<Input<transbank_frame::Heard>> {
    use transbank_frame::{Flaw, Heard};
    let sale = |code: &str, ticket: &str, amount: i64| {
        let data =
            format!("0210|{code}|597029414300|75001637|{ticket}|252985|{amount}|0||0461|000123|CR|||VI|1|1|0|0||");
        Heard::Frame(data.into_bytes())
    };
    let heard = match happening {
        Happening::Ack => Heard::Ack,
        Happening::Nak => Heard::Nak,
        Happening::Noise => Heard::Noise(0x7F),
        Happening::Broken => Heard::Broken { data: vec![], flaw: Flaw::Lrc { got: 1 } },
        Happening::Progress => Heard::Frame(b"0900|81|".to_vec()),
        Happening::Approval => sale("00", "00000A", 1_990),
        Happening::OtherAmount => sale("00", "00000A", 1_909),
        Happening::Stale => sale("00", "000009", 1_990),
        Happening::Refusal => sale("07", "00000A", 0),
        Happening::Nothing => Heard::Frame(b"0710|00|2|26500|".to_vec()),
        other => return common(other),
    };
    Some(Input::Heard(heard))
}

fn status(result: u8, amount: [u8; 2], receipt: u8) -> Vec<u8> {
    [&[0x27, result, 0x04, 0, 0, 0, 0][..], &amount, &[0x87, 0, receipt, 0x22, 0xF0, 0xF2, 0x04, 0x61]].concat()
}

fn hear_zvt(happening: Happening) -> Option<Input<serial::Heard>> {
    use serial::{Flaw, Heard};
    let apdu = |command, data: Vec<u8>| Heard::Apdu(Apdu::new(command, data));
    let heard = match happening {
        Happening::Ack => Heard::Ack,
        Happening::Nak => Heard::Nak,
        Happening::Noise => Heard::Noise(0x7F),
        Happening::Broken => Heard::Broken(3, Flaw::Crc),
        Happening::Progress => apdu(command::INTERMEDIATE_STATUS, vec![0x0A]),
        Happening::Approval => apdu(command::STATUS_INFORMATION, status(0, [0x19, 0x90], 0x16)),
        Happening::OtherAmount => apdu(command::STATUS_INFORMATION, status(0, [0x19, 0x09], 0x16)),
        Happening::Stale => apdu(command::STATUS_INFORMATION, status(0, [0x19, 0x90], 0x15)),
        Happening::Refusal => apdu(command::STATUS_INFORMATION, status(0x6C, [0, 0], 0x16)),
        Happening::Begun => apdu(command::POSITIVE, vec![]),
        Happening::Done => apdu(command::COMPLETION, vec![]),
        Happening::GivenUp => apdu(command::ABORT, vec![0x6C]),
        Happening::Line => apdu(command::PRINT_LINE, b"\0GRACIAS".to_vec()),
        other => return common(other),
    };
    Some(Input::Heard(heard))
}

fn hear_getnet(happening: Happening) -> Option<Input<getnet_frame::Heard>> {
    use getnet_frame::{Flaw, Heard};
    let message = |value: Value| match value {
        Value::Object(message) => Heard::Message(message),
        _ => Heard::Noise(0),
    };
    let sale = |code: i64, ticket: &str, amount: i64| {
        message(
            json!({ "FunctionCode": 100, "ResponseCode": code, "Ticket": ticket, "Amount": amount, "OperationId": 16 }),
        )
    };
    let heard = match happening {
        Happening::Ack => Heard::Received(true),
        Happening::Nak => Heard::Received(false),
        Happening::Noise => Heard::Noise(0x7F),
        Happening::Broken => Heard::Broken(3, Flaw::Sign),
        Happening::Progress => message(json!({ "FunctionCode": 112, "MessageText": "INGRESE CLAVE" })),
        Happening::Approval => sale(0, "00000A", 1_990),
        Happening::OtherAmount => sale(0, "00000A", 1_909),
        Happening::Stale => sale(0, "000009", 1_990),
        Happening::Refusal => sale(1_006, "00000A", 0),
        Happening::Nothing => message(json!({ "FunctionCode": 0, "ResponseCode": 0 })),
        other => return common(other),
    };
    Some(Input::Heard(heard))
}

#[test]
fn what_is_heard_is_written_down_though_a_cancellation_before_it_is_not_acknowledged() {
    let account = Account { password: 0, currency: 978 };
    let new = || zvt::sale::SaleDialog::new(&account, 1_990, Some("0015".into()), &Timing::default());
    let (progress, called_off) = (Happening::Progress, Happening::CancelWanted);
    for (after, approved) in [(vec![Happening::Done], false), (vec![Happening::Approval, Happening::Done], true)] {
        let mut dialog = new().expect("an amount");
        let happenings = [vec![progress, called_off], after].concat();
        let seen = play(&mut Link::new(&mut dialog, 5_000), &happenings, hear_zvt, |_| false).expect("it is honest");
        assert_eq!(matches!(seen.end, Some(TerminalReport::Approved { .. })), approved, "{:?}", seen.end);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_interleaving_leaves_transbank_honest(happenings in happenings()) {
        let key = transbank::dialog::SaleKey { ticket: "00000A".into(), amount: 1_990, commerce: None };
        let mut dialog = transbank::sale::SaleDialog::new(key, &Timing::default());
        play(&mut dialog, &happenings, hear_transbank, |bytes| bytes.starts_with(b"\x020200"))?;
    }

    #[test]
    fn any_interleaving_leaves_zvt_honest(happenings in happenings(), is_framed: bool) {
        let account = Account { password: 0, currency: 978 };
        let mut dialog =
            zvt::sale::SaleDialog::new(&account, 1_990, Some("0015".into()), &Timing::default()).expect("an amount");
        let is_request = |bytes: &[u8]| bytes.starts_with(&[0x06, 0x01]) || bytes.starts_with(&[0x10, 0x02, 0x06, 0x01]);
        let seen = if is_framed {
            play(&mut Link::new(&mut dialog, 5_000), &happenings, hear_zvt, is_request)?
        } else {
            // Over TCP there is nothing that could be broken.
            let happenings: Vec<_> = happenings
                .into_iter()
                .filter(|happening| {
                    !matches!(happening, Happening::Ack | Happening::Nak | Happening::Noise | Happening::Broken)
                })
                .collect();
            play(&mut dialog, &happenings, hear_zvt, is_request)?
        };
        if matches!(seen.end, Some(TerminalReport::Approved { .. })) {
            prop_assert_eq!(seen.requests, 1 + seen.requests.saturating_sub(1).min(2));
        }
    }

    #[test]
    fn any_interleaving_leaves_getnet_honest(happenings in happenings()) {
        let key = getnet::sale::SaleKey { ticket: "00000A".into(), amount: 1_990, baseline: Some(15) };
        let mut dialog = getnet::sale::SaleDialog::new(key, "2026-07-26T11:37:48.000Z", &Timing::default());
        let is_request = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains(r#"\"Command\":100"#);
        play(&mut dialog, &happenings, hear_getnet, is_request)?;
    }
}
