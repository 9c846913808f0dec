//! Giving back: the reversal of one payment of the open batch, by its receipt, or a refund to the card that paid it. Either
//! runs as a payment does, and what the terminal promises counts when it says that it is done.
//!
//! A refund goes to whatever card is shown. One to another card is answered with no, which undoes it.

use shared::tender::TerminalReport;

use super::apdu::{Apdu, command};
use super::codes;
use super::message::{Account, StatusInformation, number, printed};
use super::sale::{no, yes};
use super::serial::Heard;
use crate::terminal::dialog::{Dialog, Effect, Input};
use crate::terminal::{Ending, Timing};

/// Our own word: the terminal's receipts have begun anew since, so nothing was asked.
pub const NOT_IN_BATCH: &str = "not_in_batch";
/// Our own word: not a byte of the request was sent.
pub const UNREACHABLE: &str = "unreachable";
/// Our own word: the terminal answered the request itself by NAK, three times.
pub const REQUEST_REFUSED: &str = "request_refused";
/// Our own word: the card that was shown is not the one that paid.
pub const OTHER_CARD: &str = "other_card";

#[derive(Debug, PartialEq, Eq)]
enum State {
    Asked,
    Undoing,
    Promised,
    Refused(String),
    Mismatched,
    /// Another card was shown, and the terminal was told no.
    OtherCard,
    Done,
}

/// One reversal, or one refund.
pub struct VoidDialog {
    request: Apdu,
    amount_minor: i64,
    /// Last four digits of the card it must go to, where the terminal asks for one.
    card: Option<String>,
    /// The terminal's last receipt before it.
    baseline: String,
    accept_ms: u64,
    reply_ms: u64,
    state: State,
    /// The terminal's code, when it would not.
    pub refusal: Option<String>,
}

impl VoidDialog {
    /// A reversal not begun. `None` for a receipt that is none.
    pub fn new(account: &Account, receipt: &str, amount_minor: i64, baseline: String, timing: &Timing) -> Option<Self> {
        let request = account.reversal(receipt.parse().ok()?)?;
        Some(Self::begin(request, amount_minor, None, baseline, timing))
    }

    /// A refund not begun, to the card with these last digits. `None` for an amount that cannot be.
    pub fn refund(account: &Account, amount_minor: i64, card: &str, baseline: String, timing: &Timing) -> Option<Self> {
        let request = account.refund(amount_minor)?;
        Some(Self::begin(request, amount_minor, Some(card.to_owned()), baseline, timing))
    }

    fn begin(request: Apdu, amount_minor: i64, card: Option<String>, baseline: String, timing: &Timing) -> Self {
        let (accept_ms, reply_ms) = (timing.accept_ms, timing.completion_ms);
        let (state, refusal) = (State::Asked, None);
        Self { request, amount_minor, card, baseline, accept_ms, reply_ms, state, refusal }
    }

    fn end(&mut self, report: TerminalReport, ending: Ending) -> Vec<Effect> {
        self.state = State::Done;
        vec![Effect::Report(report), Effect::End(ending)]
    }

    fn refused(&mut self, code: &str) -> Vec<Effect> {
        self.refusal = Some(code.to_owned());
        self.end(TerminalReport::VoidRefused { code: code.to_owned() }, Ending::VoidRefused)
    }

    fn answered(&mut self, report: TerminalReport, ending: Ending) -> Vec<Effect> {
        self.state = State::Done;
        vec![Effect::Report(report), yes(), Effect::End(ending)]
    }

    fn message(&mut self, apdu: &Apdu) -> Vec<Effect> {
        let go_on = Effect::Within(self.reply_ms);
        if self.state == State::Asked {
            if let Some(code) = apdu.refusal() {
                return self.refused(&format!("{code:02X}"));
            }
            if matches!(apdu.command, command::POSITIVE | command::NEGATIVE | command::INTERMEDIATE_STATUS) {
                self.state = State::Undoing;
            } else if apdu.command != command::STATUS_INFORMATION {
                return vec![yes(), Effect::Note("a message nobody asked for")];
            }
        }
        match apdu.command {
            command::POSITIVE | command::NEGATIVE => vec![go_on],
            command::STATUS_INFORMATION => {
                let status = StatusInformation::read(&apdu.data);
                if self.state == State::Asked && status.receipt.map(number).as_ref() == Some(&self.baseline) {
                    return vec![yes(), go_on, Effect::Note("the transaction before, said again")];
                }
                let is_other = |card: &String| {
                    let shown = &status.approval.last4;
                    !card.is_empty() && !shown.is_empty() && shown != card
                };
                if status.refusal().is_none() && self.card.as_ref().is_some_and(is_other) {
                    self.state = State::OtherCard;
                    return vec![no(), go_on, Effect::Note("money was about to go to another card")];
                }
                if self.state == State::OtherCard {
                    return vec![yes(), go_on];
                }
                self.state = match status.refusal() {
                    Some(code) => State::Refused(code),
                    None if status.amount.is_some_and(|amount| amount != self.amount_minor) => State::Mismatched,
                    None => State::Promised,
                };
                vec![yes(), go_on]
            }
            command::COMPLETION | command::ABORT => self.done(apdu),
            command::PRINT_LINE | command::PRINT_BLOCK => vec![Effect::Print(printed(apdu)), yes(), go_on],
            _ => vec![yes(), go_on],
        }
    }

    fn done(&mut self, apdu: &Apdu) -> Vec<Effect> {
        let is_done = apdu.command == command::COMPLETION;
        let reversed = format!("{:02X}", codes::REVERSED);
        let code = match std::mem::replace(&mut self.state, State::Done) {
            State::Promised if is_done => return self.answered(TerminalReport::Voided, Ending::Voided),
            State::Refused(code) => code,
            // Undone, as it was told to; had it gone on all the same, that is a doubt.
            State::OtherCard if !is_done => OTHER_CARD.to_owned(),
            State::Undoing if !is_done => format!("{:02X}", apdu.data.first().copied().unwrap_or(0xFF)),
            State::Mismatched => return self.answered(TerminalReport::NoAnswer, Ending::Mismatch),
            _ => return self.answered(TerminalReport::NoAnswer, Ending::NoAnswer),
        };
        if code == reversed {
            return self.answered(TerminalReport::Voided, Ending::Voided);
        }
        self.refusal = Some(code.clone());
        self.answered(TerminalReport::VoidRefused { code }, Ending::VoidRefused)
    }
}

impl Dialog<Heard> for VoidDialog {
    #[expect(clippy::match_same_arms, reason = "one arm per thing that can happen, in the order it matters")]
    fn step(&mut self, input: Input<Heard>) -> Vec<Effect> {
        match (&self.state, input) {
            (_, Input::NotKept) => vec![no()],
            (State::Done, _) | (_, Input::CancelWanted) => Vec::new(),
            (_, Input::Start) => vec![
                Effect::Report(TerminalReport::VoidAsked { baseline: Some(self.baseline.clone()) }),
                Effect::Send(self.request.encode()),
                Effect::Within(self.accept_ms),
            ],
            (_, Input::NothingSent) => self.refused(UNREACHABLE),
            (State::Asked, Input::Heard(Heard::Nak)) => self.refused(REQUEST_REFUSED),
            (_, Input::Heard(Heard::Apdu(apdu))) => self.message(&apdu),
            (_, Input::LineLost | Input::Deadline | Input::Heard(Heard::Nak | Heard::Broken(..))) => {
                self.end(TerminalReport::NoAnswer, Ending::NoAnswer)
            }
            (_, Input::Heard(Heard::Ack | Heard::Noise(_))) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::bmp::packed;
    use super::*;

    fn started() -> VoidDialog {
        let account = Account { password: 0, currency: 978 };
        let dialog = VoidDialog::new(&account, "0016", 1_990, "0016".into(), &Timing::default());
        let mut dialog = dialog.expect("a receipt");
        let effects = dialog.step(Input::Start);
        let asked = TerminalReport::VoidAsked { baseline: Some("0016".into()) };
        assert_eq!(effects[0], Effect::Report(asked), "journalled before the first byte");
        let expected = [0x06, 0x30, 6, 0, 0, 0, 0x87, 0, 0x16];
        assert_eq!(effects[1], Effect::Send(expected.to_vec()));
        dialog
    }

    fn say(dialog: &mut VoidDialog, command: u16, data: &[u8]) -> Vec<Effect> {
        dialog.step(Input::Heard(Heard::Apdu(Apdu::new(command, data.to_vec()))))
    }

    fn status(result: u8, amount: i64) -> Vec<u8> {
        [vec![0x27, result, 0x04], packed(amount, 6).expect("an amount"), vec![0x87, 0, 0x17]].concat()
    }

    #[test]
    fn a_reversal_counts_when_the_terminal_says_that_it_is_done() {
        let mut dialog = started();
        say(&mut dialog, command::POSITIVE, &[]);
        assert_eq!(say(&mut dialog, command::STATUS_INFORMATION, &status(0, 1_990))[0], yes());
        let done = say(&mut dialog, command::COMPLETION, &[]);
        assert_eq!(done, vec![Effect::Report(TerminalReport::Voided), yes(), Effect::End(Ending::Voided)]);
    }

    #[test]
    fn a_refusal_leaves_the_payment_and_one_undone_before_does_not() {
        for (command, data) in [(0x84B5, &[][..]), (command::ABORT, &[0xB5][..])] {
            let mut dialog = started();
            if command == command::ABORT {
                say(&mut dialog, command::POSITIVE, &[]);
            }
            let effects = say(&mut dialog, command, data);
            assert_eq!(effects[0], Effect::Report(TerminalReport::VoidRefused { code: "B5".into() }));
        }
        let mut dialog = started();
        say(&mut dialog, command::POSITIVE, &[]);
        assert_eq!(say(&mut dialog, command::ABORT, &[0xB4])[0], Effect::Report(TerminalReport::Voided));
    }

    fn refunding() -> VoidDialog {
        let account = Account { password: 0, currency: 978 };
        let dialog = VoidDialog::refund(&account, 500, "0461", "0016".into(), &Timing::default());
        let mut dialog = dialog.expect("an amount");
        let expected = [0x06, 0x31, 0x0D, 0, 0, 0, 0x04, 0, 0, 0, 0, 0x05, 0, 0x49, 0x09, 0x78];
        assert_eq!(dialog.step(Input::Start)[1], Effect::Send(expected.to_vec()));
        say(&mut dialog, command::POSITIVE, &[]);
        dialog
    }

    #[test]
    fn a_refund_goes_to_the_card_that_paid_and_to_no_other() {
        let shown = |digits: [u8; 2]| [status(0, 500), vec![0x22, 0xF0, 0xF2], digits.to_vec()].concat();
        let mut dialog = refunding();
        assert_eq!(say(&mut dialog, command::STATUS_INFORMATION, &shown([0x04, 0x61]))[0], yes());
        assert_eq!(say(&mut dialog, command::COMPLETION, &[])[0], Effect::Report(TerminalReport::Voided));

        let mut dialog = refunding();
        assert_eq!(say(&mut dialog, command::STATUS_INFORMATION, &shown([0x12, 0x34]))[0], no());
        assert_eq!(say(&mut dialog, command::STATUS_INFORMATION, &status(0x6C, 500))[0], yes(), "it undid it");
        let refused = say(&mut dialog, command::ABORT, &[0x6C]);
        assert_eq!(refused[0], Effect::Report(TerminalReport::VoidRefused { code: OTHER_CARD.into() }));

        let mut dialog = refunding();
        say(&mut dialog, command::STATUS_INFORMATION, &shown([0x12, 0x34]));
        let doubt = Effect::Report(TerminalReport::NoAnswer);
        assert_eq!(say(&mut dialog, command::COMPLETION, &[])[0], doubt, "told no, and done all the same");
    }

    #[test]
    fn silence_and_a_promise_not_kept_are_doubts() {
        let doubt = Effect::Report(TerminalReport::NoAnswer);
        assert_eq!(started().step(Input::Deadline)[0], doubt);
        let mut dialog = started();
        say(&mut dialog, command::POSITIVE, &[]);
        say(&mut dialog, command::STATUS_INFORMATION, &status(0, 1_990));
        assert_eq!(say(&mut dialog, command::ABORT, &[0x6C])[0], doubt);
    }
}
