//! Giving back: one sale of the open batch by the terminal's own number for it, or one of a closed batch by the bank's code.
//! Sent again when the terminal says that it came broken, and never on silence.

use shared::tender::TerminalReport;

use super::frame::{Flaw, Heard, encode, receipt};
use super::message::{Reply, Request, command};
use super::sale::{REASKS, SENDS};
use crate::terminal::dialog::{Dialog, Effect, Input};
use crate::terminal::{Ending, Timing};

/// Our own word: the terminal's numbers have begun anew since, so nothing was asked.
pub const NOT_IN_BATCH: &str = "not_in_batch";
/// Our own word: not a byte of the request was sent.
pub const UNREACHABLE: &str = "unreachable";
/// Our own word: the request itself came broken, three times.
pub const REQUEST_REFUSED: &str = "request_refused";

#[derive(Debug)]
enum State {
    Sent { times: u8 },
    Undoing,
    Done,
}

/// One void, or one return.
pub struct VoidDialog {
    request: Vec<u8>,
    /// The command that answers it.
    function: i64,
    /// What is to be given back, whole pesos.
    amount: i64,
    /// The terminal's last number before it.
    before: i64,
    ack_ms: u64,
    reply_ms: u64,
    reasked: u8,
    state: State,
}

impl VoidDialog {
    /// Not begun. `asked` is [`Request::Refund`] or [`Request::Return`], `amount` what comes of it, `before` the terminal's
    /// last number, and `date_time` is now.
    pub fn new(asked: &Request, amount: i64, before: i64, date_time: &str, timing: &Timing) -> Self {
        let (request, function) = (encode(&asked.serialize(date_time)), asked.command());
        let (ack_ms, reply_ms) = (timing.ack_ms, timing.reply_ms);
        Self { request, function, amount, before, ack_ms, reply_ms, reasked: 0, state: State::Sent { times: 1 } }
    }

    fn end(&mut self, report: TerminalReport, ending: Ending) -> Vec<Effect> {
        self.state = State::Done;
        vec![Effect::Report(report), Effect::End(ending)]
    }

    fn refused(&mut self, code: &str) -> Vec<Effect> {
        self.end(TerminalReport::VoidRefused { code: code.to_owned() }, Ending::VoidRefused)
    }

    fn reply(&mut self, reply: &Reply) -> Vec<Effect> {
        let heard = Effect::Send(receipt(true));
        let (report, ending) = match (reply.function, reply.code) {
            // It gave something else back: a person has to look.
            (Some(function), Some(0))
                if function == self.function && reply.amount.is_some_and(|back| back.abs() != self.amount) =>
            {
                (TerminalReport::NoAnswer, Ending::Mismatch)
            }
            (Some(function), Some(0)) if function == self.function => (TerminalReport::Voided, Ending::Voided),
            (Some(function), Some(code)) if function == self.function => {
                (TerminalReport::VoidRefused { code: code.to_string() }, Ending::VoidRefused)
            }
            (Some(command::MESSAGE), _) => {
                self.state = State::Undoing;
                return vec![heard, Effect::Within(self.reply_ms)];
            }
            (Some(0) | None, _) => (TerminalReport::NoAnswer, Ending::NoAnswer),
            (Some(function), None) if function == self.function => (TerminalReport::NoAnswer, Ending::NoAnswer),
            _ => return vec![heard, Effect::Note("a message nobody asked for")],
        };
        self.state = State::Done;
        vec![Effect::Report(report), heard, Effect::End(ending)]
    }
}

impl Dialog<Heard> for VoidDialog {
    #[expect(clippy::match_same_arms, reason = "one arm per thing that can happen, in the order it matters")]
    fn step(&mut self, input: Input<Heard>) -> Vec<Effect> {
        match (&self.state, input) {
            (State::Done, _) | (_, Input::NotKept | Input::CancelWanted) => Vec::new(),
            (_, Input::Start) => vec![
                Effect::Report(TerminalReport::VoidAsked { baseline: Some(self.before.to_string()) }),
                Effect::Send(self.request.clone()),
                Effect::Within(self.ack_ms),
            ],
            (_, Input::NothingSent) => self.refused(UNREACHABLE),
            (State::Sent { .. }, Input::Deadline | Input::Heard(Heard::Received(true))) => {
                self.state = State::Undoing;
                vec![Effect::Within(self.reply_ms)]
            }
            (State::Sent { times }, Input::Heard(Heard::Received(false))) if *times < SENDS => {
                self.state = State::Sent { times: times + 1 };
                vec![Effect::Send(self.request.clone()), Effect::Within(self.ack_ms)]
            }
            (State::Sent { .. }, Input::Heard(Heard::Received(false))) => self.refused(REQUEST_REFUSED),
            (_, Input::LineLost | Input::Deadline) => self.end(TerminalReport::NoAnswer, Ending::NoAnswer),
            (_, Input::Heard(Heard::Message(message))) => self.reply(&Reply::read(&message)),
            (_, Input::Heard(Heard::Broken(_, Flaw::Sign | Flaw::NoMessage | Flaw::Gap))) if self.reasked < REASKS => {
                self.reasked += 1;
                vec![Effect::Send(receipt(false)), Effect::Within(self.reply_ms)]
            }
            (_, Input::Heard(Heard::Broken(..))) => self.end(TerminalReport::NoAnswer, Ending::NoAnswer),
            (_, Input::Heard(Heard::Received(_) | Heard::Noise(_))) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const NOW: &str = "2026-07-26T11:37:48.000Z";

    fn started() -> VoidDialog {
        let mut dialog = VoidDialog::new(&Request::Refund { operation: 123 }, 1_990, 130, NOW, &Timing::default());
        let effects = dialog.step(Input::Start);
        let asked = TerminalReport::VoidAsked { baseline: Some("130".into()) };
        assert_eq!(effects[0], Effect::Report(asked), "journalled before the first byte");
        dialog
    }

    fn say(dialog: &mut VoidDialog, message: Value) -> Vec<Effect> {
        let Value::Object(message) = message else { panic!("an object") };
        dialog.step(Input::Heard(Heard::Message(message)))
    }

    #[test]
    fn a_void_ends_as_the_terminal_says() {
        let done = say(&mut started(), json!({ "FunctionCode": 102, "ResponseCode": 0, "OperationId": 123 }));
        let heard = Effect::Send(receipt(true));
        assert_eq!(done, vec![Effect::Report(TerminalReport::Voided), heard, Effect::End(Ending::Voided)]);
        let refused = say(&mut started(), json!({ "FunctionCode": 102, "ResponseCode": 1006 }));
        assert_eq!(refused[0], Effect::Report(TerminalReport::VoidRefused { code: "1006".into() }));
    }

    #[test]
    fn a_return_ends_as_the_terminal_says_of_it_and_of_nothing_else() {
        let asked = Request::Return { authorisation: "252985".into(), amount: 1_990 };
        let begun = || {
            let mut dialog = VoidDialog::new(&asked, 1_990, 130, NOW, &Timing::default());
            assert!(matches!(dialog.step(Input::Start)[0], Effect::Report(TerminalReport::VoidAsked { .. })));
            dialog
        };
        let done = say(&mut begun(), json!({ "FunctionCode": 108, "ResponseCode": 0, "Amount": 1_990 }));
        assert_eq!(done[0], Effect::Report(TerminalReport::Voided));
        let other = say(&mut begun(), json!({ "FunctionCode": 102, "ResponseCode": 0, "Amount": 1_990 }));
        assert_eq!(other[1], Effect::Note("a message nobody asked for"), "the end of a void is not its end");
        let less = say(&mut begun(), json!({ "FunctionCode": 108, "ResponseCode": 0, "Amount": 1_909 }));
        assert_eq!((&less[0], &less[2]), (&Effect::Report(TerminalReport::NoAnswer), &Effect::End(Ending::Mismatch)));
        let refused = say(&mut begun(), json!({ "FunctionCode": 108, "ResponseCode": 5 }));
        assert_eq!(refused[0], Effect::Report(TerminalReport::VoidRefused { code: "5".into() }));
    }

    #[test]
    fn an_error_of_nobody_knows_what_and_silence_are_doubts() {
        let doubt = Effect::Report(TerminalReport::NoAnswer);
        assert_eq!(say(&mut started(), json!({ "FunctionCode": 0, "ResponseCode": 0 }))[0], doubt);
        let mut dialog = started();
        assert_eq!(dialog.step(Input::Deadline), vec![Effect::Within(150_000)], "some acknowledge nothing");
        assert_eq!(dialog.step(Input::Deadline)[0], doubt);
    }

    #[test]
    fn a_request_that_came_broken_is_sent_three_times() {
        let mut dialog = started();
        for _ in 0..2 {
            assert!(matches!(dialog.step(Input::Heard(Heard::Received(false)))[0], Effect::Send(_)));
        }
        let refused = dialog.step(Input::Heard(Heard::Received(false)));
        assert_eq!(refused[0], Effect::Report(TerminalReport::VoidRefused { code: REQUEST_REFUSED.into() }));
    }
}
