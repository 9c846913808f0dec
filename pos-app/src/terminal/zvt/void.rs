//! The reversal: undoes one payment of the open batch, by its receipt. It runs as a payment does, and what the terminal
//! promises counts when it says that it is done.

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

#[derive(Debug, PartialEq, Eq)]
enum State {
    Asked,
    Undoing,
    Promised,
    Refused(String),
    Mismatched,
    Done,
}

/// One reversal.
pub struct VoidDialog {
    request: Apdu,
    amount_minor: i64,
    /// The terminal's last receipt before it.
    baseline: String,
    accept_ms: u64,
    reply_ms: u64,
    state: State,
}

impl VoidDialog {
    /// A reversal not begun. `None` for a receipt that is none.
    pub fn new(account: &Account, receipt: &str, amount_minor: i64, baseline: String, timing: &Timing) -> Option<Self> {
        let request = account.reversal(receipt.parse().ok()?)?;
        let (accept_ms, reply_ms) = (timing.accept_ms, timing.completion_ms);
        Some(Self { request, amount_minor, baseline, accept_ms, reply_ms, state: State::Asked })
    }

    fn end(&mut self, report: TerminalReport, ending: Ending) -> Vec<Effect> {
        self.state = State::Done;
        vec![Effect::Report(report), Effect::End(ending)]
    }

    fn refused(&mut self, code: &str) -> Vec<Effect> {
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
            State::Undoing if !is_done => format!("{:02X}", apdu.data.first().copied().unwrap_or(0xFF)),
            State::Mismatched => return self.answered(TerminalReport::NoAnswer, Ending::Mismatch),
            _ => return self.answered(TerminalReport::NoAnswer, Ending::NoAnswer),
        };
        if code == reversed {
            return self.answered(TerminalReport::Voided, Ending::Voided);
        }
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
