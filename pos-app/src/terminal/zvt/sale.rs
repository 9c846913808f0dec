//! The payment: request, progress, promise, end. The only dialog that can cost a customer money.
//!
//! The terminal keeps a payment only once the till has said yes to its status information; without that it undoes it by
//! itself. So the promise is journalled before that yes, and counts as money only when the terminal says that it is done.

use shared::tender::{CardApproval, NotStartedReason, TerminalReport};

use super::apdu::{Apdu, command};
use super::codes;
use super::message::{Account, StatusInformation, number, printed};
use super::serial::Heard;
use crate::terminal::dialog::{Dialog, Effect, Input};
use crate::terminal::{Ending, Timing};

#[derive(Debug)]
enum State {
    /// The request is out; whether the terminal will do it is not known.
    Asked,
    /// The customer is at it.
    Paying,
    Promised(CardApproval),
    Refused(String),
    /// Approved, and for another amount: a person has to look.
    Mismatched,
    Done,
}

/// One payment.
pub struct SaleDialog {
    request: Apdu,
    amount_minor: i64,
    currency: u16,
    baseline: Option<String>,
    accept_ms: u64,
    reply_ms: u64,
    state: State,
}

impl SaleDialog {
    /// A payment not begun, minor units. `baseline` is the terminal's last receipt before it. `None` for an amount that no
    /// such terminal can be asked for.
    pub fn new(account: &Account, amount_minor: i64, baseline: Option<String>, timing: &Timing) -> Option<Self> {
        let request = account.authorisation(amount_minor)?;
        let (accept_ms, reply_ms) = (timing.accept_ms, timing.completion_ms);
        let currency = account.currency;
        Some(Self { request, amount_minor, currency, baseline, accept_ms, reply_ms, state: State::Asked })
    }

    fn end(&mut self, report: TerminalReport, ending: Ending) -> Vec<Effect> {
        self.state = State::Done;
        vec![Effect::Report(report), Effect::End(ending)]
    }

    fn doubt(&mut self) -> Vec<Effect> {
        self.end(TerminalReport::NoAnswer, Ending::NoAnswer)
    }

    /// The same, the terminal acknowledged.
    fn answered(&mut self, report: TerminalReport, ending: Ending) -> Vec<Effect> {
        self.state = State::Done;
        vec![Effect::Report(report), yes(), Effect::End(ending)]
    }

    /// What the terminal says again of the transaction before: answered, and nothing else.
    fn is_stale(&self, status: &StatusInformation) -> bool {
        self.baseline.is_some() && status.receipt.map(number) == self.baseline
    }

    fn message(&mut self, apdu: &Apdu) -> Vec<Effect> {
        let go_on = Effect::Within(self.reply_ms);
        if matches!(self.state, State::Asked) {
            if let Some(code) = apdu.refusal() {
                tracing::info!(code = codes::meaning(code), "the terminal refuses to begin");
                return self.end(TerminalReport::NotStarted { reason: NotStartedReason::Refused }, Ending::NotStarted);
            }
            // What ends or prints something before ours was accepted, ends or prints something else.
            if !matches!(
                apdu.command,
                command::POSITIVE | command::NEGATIVE | command::INTERMEDIATE_STATUS | command::STATUS_INFORMATION
            ) {
                return vec![yes(), Effect::Note("a message nobody asked for")];
            }
        }
        match apdu.command {
            command::POSITIVE | command::NEGATIVE => {
                self.begin();
                vec![go_on]
            }
            command::INTERMEDIATE_STATUS => {
                self.begin();
                self.progress(&apdu.data)
            }
            command::STATUS_INFORMATION => self.status(&StatusInformation::read(&apdu.data)),
            command::COMPLETION => self.completed(),
            command::ABORT => self.aborted(apdu.data.first().copied()),
            command::PRINT_LINE | command::PRINT_BLOCK => vec![Effect::Print(printed(apdu)), yes(), go_on],
            // Whatever else: an answer other than yes would undo the payment.
            _ => vec![yes(), go_on],
        }
    }

    fn begin(&mut self) {
        if matches!(self.state, State::Asked) {
            self.state = State::Paying;
        }
    }

    fn progress(&self, data: &[u8]) -> Vec<Effect> {
        let minutes = data.get(1).map_or(0, |bcd| u64::from(bcd >> 4) * 10 + u64::from(bcd & 0x0F));
        let patience = if minutes > 0 { minutes * 60_000 } else { self.reply_ms };
        let mut effects = vec![yes(), Effect::Within(patience)];
        if let Some(progress) = data.first().copied().and_then(codes::progress) {
            effects.push(Effect::Report(TerminalReport::Progress { progress }));
        }
        effects
    }

    fn status(&mut self, status: &StatusInformation) -> Vec<Effect> {
        let go_on = Effect::Within(self.reply_ms);
        if self.is_stale(status) {
            return vec![yes(), go_on, Effect::Note("the transaction before, said again")];
        }
        self.begin();
        if let Some(code) = status.refusal() {
            self.state = State::Refused(code);
            return vec![yes(), go_on];
        }
        if status.amount != Some(self.amount_minor) || status.currency.is_some_and(|said| said != self.currency) {
            self.state = State::Mismatched;
            return vec![Effect::Note("the terminal approved another amount"), yes(), go_on];
        }
        let approval = status.approval.clone();
        self.state = State::Promised(approval.clone());
        vec![Effect::Report(TerminalReport::Promised { approval }), yes(), go_on]
    }

    fn completed(&mut self) -> Vec<Effect> {
        match std::mem::replace(&mut self.state, State::Done) {
            State::Promised(approval) => self.answered(TerminalReport::Approved { approval }, Ending::Approved),
            State::Refused(code) => self.answered(TerminalReport::Declined { code }, Ending::Declined),
            State::Mismatched => self.answered(TerminalReport::NoAnswer, Ending::Mismatch),
            // Done, and not a word about what.
            State::Asked | State::Paying | State::Done => self.answered(TerminalReport::NoAnswer, Ending::NoAnswer),
        }
    }

    fn aborted(&mut self, code: Option<u8>) -> Vec<Effect> {
        match std::mem::replace(&mut self.state, State::Done) {
            // Promised, then not done: it may have been undone, or not.
            State::Promised(_) => self.answered(TerminalReport::NoAnswer, Ending::NoAnswer),
            State::Mismatched => self.answered(TerminalReport::NoAnswer, Ending::Mismatch),
            State::Refused(code) => self.answered(TerminalReport::Declined { code }, Ending::Declined),
            State::Asked | State::Paying | State::Done => {
                let code = code.map_or_else(|| "??".to_owned(), |code| format!("{code:02X}"));
                self.answered(TerminalReport::Declined { code }, Ending::Declined)
            }
        }
    }
}

/// No: what was promised is to be undone.
pub(super) fn no() -> Effect {
    Effect::Send(Apdu::negative(codes::ABORTED).encode())
}

/// Understood.
pub(super) fn yes() -> Effect {
    Effect::Send(Apdu::positive().encode())
}

impl Dialog<Heard> for SaleDialog {
    #[expect(clippy::match_same_arms, reason = "one arm per thing that can happen, in the order it matters")]
    fn step(&mut self, input: Input<Heard>) -> Vec<Effect> {
        match (&self.state, input) {
            (_, Input::NotKept) => vec![no()],
            (State::Done, _) => Vec::new(),
            // Terminals may refuse this; then the customer goes on.
            (State::Paying, Input::CancelWanted) => {
                vec![
                    Effect::Send(Apdu::new(command::ABORT_BY_TILL, Vec::new()).encode()),
                    Effect::Within(self.reply_ms),
                ]
            }
            (_, Input::CancelWanted) => Vec::new(),
            (_, Input::Start) => vec![
                Effect::Report(TerminalReport::Asked { baseline: self.baseline.clone() }),
                Effect::Send(self.request.encode()),
                Effect::Within(self.accept_ms),
            ],
            (_, Input::NothingSent) => {
                self.end(TerminalReport::NotStarted { reason: NotStartedReason::Unreachable }, Ending::NotStarted)
            }
            (State::Asked, Input::Heard(Heard::Nak)) => {
                self.end(TerminalReport::NotStarted { reason: NotStartedReason::Refused }, Ending::NotStarted)
            }
            (_, Input::Heard(Heard::Apdu(apdu))) => self.message(&apdu),
            (_, Input::LineLost | Input::Deadline | Input::Heard(Heard::Nak | Heard::Broken(..))) => self.doubt(),
            (_, Input::Heard(Heard::Ack | Heard::Noise(_))) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::bmp::packed;
    use super::*;
    use shared::tender::CardProgress;

    fn started() -> SaleDialog {
        let account = Account { password: 0, currency: 978 };
        let request = account.authorisation(1_990).expect("an amount");
        let dialog = SaleDialog::new(&account, 1_990, Some("0015".into()), &Timing::default());
        let mut dialog = dialog.expect("an amount");
        let effects = dialog.step(Input::Start);
        let asked = TerminalReport::Asked { baseline: Some("0015".into()) };
        assert_eq!(
            effects[..2],
            [Effect::Report(asked), Effect::Send(request.encode())],
            "journalled before the first byte"
        );
        dialog
    }

    fn say(dialog: &mut SaleDialog, command: u16, data: &[u8]) -> Vec<Effect> {
        dialog.step(Input::Heard(Heard::Apdu(Apdu::new(command, data.to_vec()))))
    }

    fn status(result: u8, amount: i64) -> Vec<u8> {
        let amount = packed(amount, 6).expect("an amount");
        [vec![0x27, result, 0x04], amount, vec![0x87, 0, 0x16, 0x22, 0xF0, 0xF2, 0x04, 0x61]].concat()
    }

    fn ending(effects: &[Effect]) -> Option<Ending> {
        effects.iter().find_map(|effect| if let Effect::End(ending) = effect { Some(*ending) } else { None })
    }

    fn paying() -> SaleDialog {
        let mut dialog = started();
        assert_eq!(say(&mut dialog, command::POSITIVE, &[]), vec![Effect::Within(180_000)]);
        dialog
    }

    #[test]
    fn a_promise_is_journalled_before_the_yes_that_makes_it_money() {
        let mut dialog = paying();
        let progress = say(&mut dialog, command::INTERMEDIATE_STATUS, &[0x0A]);
        assert_eq!(progress[2], Effect::Report(TerminalReport::Progress { progress: CardProgress::PresentCard }));
        let promise = say(&mut dialog, command::STATUS_INFORMATION, &status(0, 1_990));
        assert!(
            matches!(&promise[0], Effect::Report(TerminalReport::Promised { approval }) if approval.operation_no == "0016")
        );
        assert_eq!(promise[1], yes());
        assert_eq!(say(&mut dialog, command::PRINT_LINE, b"\0GRACIAS")[1], yes(), "paper never undoes a payment");
        let done = say(&mut dialog, command::COMPLETION, &[]);
        assert!(matches!(&done[0], Effect::Report(TerminalReport::Approved { approval }) if approval.last4 == "0461"));
        assert_eq!(done[1..], [yes(), Effect::End(Ending::Approved)]);
    }

    #[test]
    fn a_promise_that_is_not_kept_is_a_doubt() {
        for command in [command::ABORT, 0] {
            let mut dialog = paying();
            say(&mut dialog, command::STATUS_INFORMATION, &status(0, 1_990));
            let effects = if command == 0 { dialog.step(Input::Deadline) } else { say(&mut dialog, command, &[0x6C]) };
            assert_eq!(effects[0], Effect::Report(TerminalReport::NoAnswer));
            assert_eq!(ending(&effects), Some(Ending::NoAnswer));
        }
    }

    #[test]
    fn a_repeated_promise_is_answered_again_and_counted_once() {
        let mut dialog = paying();
        let first = say(&mut dialog, command::STATUS_INFORMATION, &status(0, 1_990));
        assert_eq!(say(&mut dialog, command::STATUS_INFORMATION, &status(0, 1_990)), first);
    }

    #[test]
    fn a_refusal_is_one_with_or_without_status_information() {
        let mut dialog = paying();
        say(&mut dialog, command::STATUS_INFORMATION, &status(0x6C, 0));
        let refused = Effect::Report(TerminalReport::Declined { code: "6C".into() });
        assert_eq!(say(&mut dialog, command::ABORT, &[0x6C])[0], refused);
        assert_eq!(say(&mut paying(), command::ABORT, &[0x6C])[0], refused);
    }

    #[test]
    fn another_amount_is_for_a_person() {
        let mut dialog = paying();
        let effects = say(&mut dialog, command::STATUS_INFORMATION, &status(0, 1_909));
        assert!(!effects.iter().any(|effect| matches!(effect, Effect::Report(_))));
        assert_eq!(ending(&say(&mut dialog, command::COMPLETION, &[])), Some(Ending::Mismatch));
    }

    #[test]
    fn another_currency_is_for_a_person() {
        let mut dialog = paying();
        let pounds = [status(0, 1_990), vec![0x49, 0x08, 0x26]].concat();
        assert!(!say(&mut dialog, command::STATUS_INFORMATION, &pounds).iter().any(is_report));
        assert_eq!(ending(&say(&mut dialog, command::COMPLETION, &[])), Some(Ending::Mismatch));
    }

    fn is_report(effect: &Effect) -> bool {
        matches!(effect, Effect::Report(_))
    }

    #[test]
    fn the_transaction_before_pays_nothing_however_late_it_is_said_again() {
        let mut before = status(0, 1_990);
        let receipt = before.iter().position(|byte| *byte == 0x87).expect("a receipt");
        before[receipt + 2] = 0x15;
        for mut dialog in [started(), paying()] {
            let effects = say(&mut dialog, command::STATUS_INFORMATION, &before);
            assert_eq!((effects[0].clone(), effects.iter().any(is_report)), (yes(), false));
        }
        // Its end as well, before ours was accepted.
        let mut dialog = started();
        let effects = say(&mut dialog, command::COMPLETION, &[]);
        assert_eq!((effects[0].clone(), ending(&effects)), (yes(), None));
        say(&mut dialog, command::POSITIVE, &[]);
        say(&mut dialog, command::STATUS_INFORMATION, &status(0, 1_990));
        assert_eq!(ending(&say(&mut dialog, command::COMPLETION, &[])), Some(Ending::Approved));
    }

    #[test]
    fn a_promise_that_is_not_kept_on_disk_is_answered_with_no() {
        let mut dialog = paying();
        say(&mut dialog, command::STATUS_INFORMATION, &status(0, 1_990));
        assert_eq!(dialog.step(Input::NotKept), vec![no()]);
    }

    #[test]
    fn a_customer_may_be_called_off_and_the_terminal_decides() {
        let mut dialog = paying();
        let abort = Apdu::new(command::ABORT_BY_TILL, vec![]).encode();
        assert_eq!(dialog.step(Input::CancelWanted)[0], Effect::Send(abort));
        assert_eq!(ending(&say(&mut dialog, command::ABORT, &[0x6C])), Some(Ending::Declined));
    }

    #[test]
    fn what_the_terminal_refuses_to_begin_is_not_started() {
        let effects = say(&mut started(), 0x8483, &[]);
        assert_eq!(effects[0], Effect::Report(TerminalReport::NotStarted { reason: NotStartedReason::Refused }));
        assert_eq!(ending(&started().step(Input::Heard(Heard::Nak))), Some(Ending::NotStarted));
    }

    #[test]
    fn silence_is_a_doubt_and_sends_nothing() {
        for mut dialog in [started(), paying()] {
            let effects = dialog.step(Input::Deadline);
            assert_eq!(effects, vec![Effect::Report(TerminalReport::NoAnswer), Effect::End(Ending::NoAnswer)]);
        }
    }

    #[test]
    fn done_without_a_word_about_what_is_a_doubt() {
        assert_eq!(ending(&say(&mut paying(), command::COMPLETION, &[])), Some(Ending::NoAnswer));
    }
}
