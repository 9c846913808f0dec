//! Questions that move no money: registration and its end, how are you, what was the last receipt.

use super::apdu::{Apdu, command};
use super::codes;
use super::message::{StatusInformation, printed, turnover};
use super::sale::{no, yes};
use super::serial::Heard;
use crate::terminal::dialog::{Dialog, Effect, Input};
use crate::terminal::{Ending, Timing};
use shared::tender::TerminalTotals;

/// How a question ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Not yet, or never.
    None,
    /// Done.
    Done,
    /// The terminal will not, and why.
    Refused(u8),
    /// It is undoing a payment and has no time.
    Reversing,
}

/// One question.
pub struct AskDialog {
    request: Apdu,
    accept_ms: u64,
    done_ms: u64,
    is_accepted: bool,
    /// How it ended.
    pub answer: Answer,
    /// The transaction it told of.
    pub told: Option<StatusInformation>,
    /// What the open batch comes to, if that is what it told.
    pub turnover: Option<TerminalTotals>,
}

impl AskDialog {
    /// A question not asked yet.
    pub fn new(request: Apdu, timing: &Timing) -> Self {
        // Settling with the acquirer takes its time.
        let is_long = request.command == command::END_OF_DAY;
        let (accept_ms, done_ms) = (timing.accept_ms, if is_long { timing.completion_ms } else { timing.enquiry_ms });
        Self { request, accept_ms, done_ms, is_accepted: false, answer: Answer::None, told: None, turnover: None }
    }

    fn message(&mut self, apdu: &Apdu) -> Vec<Effect> {
        if !self.is_accepted {
            if let Some(code) = apdu.refusal() {
                self.answer = Answer::Refused(code);
                return vec![Effect::End(Ending::Answered)];
            }
            // What ends or tells something before ours was accepted, is about something else: the end of a payment would
            // be taken for an answer without a receipt.
            let is_other = [command::COMPLETION, command::ABORT, command::STATUS_INFORMATION].contains(&apdu.command);
            if is_other {
                return vec![yes(), Effect::Note("a message about something else")];
            }
            self.is_accepted |= apdu.is_positive();
            // Nothing follows it.
            if self.is_accepted && self.request.command == command::LOG_OFF {
                self.answer = Answer::Done;
                return vec![Effect::End(Ending::Answered)];
            }
        }
        match apdu.command {
            command::POSITIVE | command::NEGATIVE => vec![Effect::Within(self.done_ms)],
            command::COMPLETION => {
                self.answer = Answer::Done;
                vec![yes(), Effect::End(Ending::Answered)]
            }
            command::ABORT => {
                self.answer = Answer::Refused(apdu.data.first().copied().unwrap_or(0xFF));
                vec![yes(), Effect::End(Ending::Answered)]
            }
            command::STATUS_INFORMATION => {
                self.told = Some(StatusInformation::read(&apdu.data));
                if self.request.command == command::TURNOVER_TOTALS {
                    self.turnover = turnover(&apdu.data);
                }
                vec![yes(), Effect::Within(self.done_ms)]
            }
            command::INTERMEDIATE_STATUS if apdu.data.first().copied().is_some_and(codes::is_reversing) => {
                self.answer = Answer::Reversing;
                vec![yes(), Effect::End(Ending::Answered)]
            }
            command::PRINT_LINE | command::PRINT_BLOCK => {
                vec![Effect::Print(printed(apdu)), yes(), Effect::Within(self.done_ms)]
            }
            _ => vec![yes(), Effect::Within(self.done_ms)],
        }
    }
}

impl Dialog<Heard> for AskDialog {
    fn step(&mut self, input: Input<Heard>) -> Vec<Effect> {
        match input {
            Input::Start => vec![Effect::Send(self.request.encode()), Effect::Within(self.accept_ms)],
            Input::Heard(Heard::Apdu(apdu)) => self.message(&apdu),
            Input::Heard(Heard::Ack | Heard::Noise(_)) | Input::NotKept | Input::CancelWanted => Vec::new(),
            Input::NothingSent | Input::LineLost | Input::Deadline | Input::Heard(Heard::Nak | Heard::Broken(..)) => {
                vec![Effect::End(Ending::NoAnswer)]
            }
        }
    }
}

/// Hears out what comes unasked and answers it, so that the terminal can go on. A promise is taken only where a payment in
/// doubt may be meant by it; to any other the answer is no, which undoes it.
pub struct ListenDialog {
    within_ms: u64,
    is_doubtful: bool,
}

impl ListenDialog {
    /// Listens for so long.
    pub fn new(within_ms: u64, is_doubtful: bool) -> Self {
        Self { within_ms, is_doubtful }
    }
}

impl Dialog<Heard> for ListenDialog {
    fn step(&mut self, input: Input<Heard>) -> Vec<Effect> {
        match input {
            Input::Start => vec![Effect::Within(self.within_ms)],
            // An answer is to be answered by nobody.
            Input::Heard(Heard::Apdu(apdu)) if apdu.is_positive() || apdu.refusal().is_some() => Vec::new(),
            Input::Heard(Heard::Apdu(apdu)) if apdu.command == command::STATUS_INFORMATION && !self.is_doubtful => {
                vec![no(), Effect::Note("a promise nobody asked for")]
            }
            Input::Heard(Heard::Apdu(_)) => vec![yes(), Effect::Note("a message nobody asked for")],
            Input::Heard(_) | Input::NotKept | Input::CancelWanted => Vec::new(),
            Input::NothingSent | Input::LineLost | Input::Deadline => vec![Effect::End(Ending::NoAnswer)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::Account;
    use super::*;

    fn asked() -> AskDialog {
        let account = Account { password: 0, currency: 978 };
        let mut dialog = AskDialog::new(account.repeat_receipt(), &Timing::default());
        assert_eq!(dialog.step(Input::Start)[0], Effect::Send(account.repeat_receipt().encode()));
        dialog
    }

    fn say(dialog: &mut AskDialog, command: u16, data: &[u8]) -> Vec<Effect> {
        dialog.step(Input::Heard(Heard::Apdu(Apdu::new(command, data.to_vec()))))
    }

    #[test]
    fn the_last_receipt_is_told_and_then_all_is_done() {
        let mut dialog = asked();
        say(&mut dialog, command::POSITIVE, &[]);
        assert_eq!(say(&mut dialog, command::STATUS_INFORMATION, &[0x27, 0, 0x87, 0, 0x16])[0], yes());
        assert_eq!(say(&mut dialog, command::COMPLETION, &[]), vec![yes(), Effect::End(Ending::Answered)]);
        assert_eq!(dialog.answer, Answer::Done);
        assert_eq!(dialog.told.and_then(|told| told.receipt), Some(16));
    }

    #[test]
    fn the_end_of_a_registration_is_only_accepted() {
        let mut dialog = AskDialog::new(Apdu::new(command::LOG_OFF, Vec::new()), &Timing::default());
        assert_eq!(dialog.step(Input::Start)[0], Effect::Send(vec![0x06, 0x02, 0]));
        assert_eq!(say(&mut dialog, command::POSITIVE, &[]), vec![Effect::End(Ending::Answered)]);
        assert_eq!(dialog.answer, Answer::Done);
    }

    #[test]
    fn a_promise_nobody_asked_for_is_taken_only_in_doubt() {
        let promise = || Input::Heard(Heard::Apdu(Apdu::new(command::STATUS_INFORMATION, vec![0x27, 0])));
        assert_eq!(ListenDialog::new(0, false).step(promise())[0], no());
        assert_eq!(ListenDialog::new(0, true).step(promise())[0], yes());
        let line = || Input::Heard(Heard::Apdu(Apdu::new(command::PRINT_LINE, vec![0])));
        assert_eq!(ListenDialog::new(0, false).step(line())[0], yes());
    }

    #[test]
    fn the_end_of_a_payment_is_no_answer_to_a_question() {
        let mut dialog = asked();
        assert_eq!(say(&mut dialog, command::STATUS_INFORMATION, &[0x27, 0, 0x87, 0, 0x17])[0], yes());
        assert_eq!(say(&mut dialog, command::COMPLETION, &[])[0], yes());
        assert_eq!((&dialog.answer, &dialog.told), (&Answer::None, &None));
        assert_eq!(say(&mut dialog, 0x8483, &[]), vec![Effect::End(Ending::Answered)]);
        assert_eq!(dialog.answer, Answer::Refused(0x83));
    }

    #[test]
    fn a_refusal_a_reversal_and_silence_are_told_apart() {
        let mut dialog = asked();
        say(&mut dialog, 0x8483, &[]);
        assert_eq!(dialog.answer, Answer::Refused(0x83));
        let mut dialog = asked();
        say(&mut dialog, command::INTERMEDIATE_STATUS, &[0x05]);
        assert_eq!(dialog.answer, Answer::Reversing);
        let mut dialog = asked();
        assert_eq!(dialog.step(Input::Deadline), vec![Effect::End(Ending::NoAnswer)]);
        assert_eq!(dialog.answer, Answer::None);
    }
}
