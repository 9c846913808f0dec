//! Questions that move no money of a customer: the day's keys, the totals, the list of sales, the last voucher on its paper,
//! the close, and that it stand alone.
//!
//! None is sent again on silence: whoever asks decides whether to ask once more, and a close is never asked twice.

use super::codes;
use super::dialog::{Input, NAKS, SENDS, ack, is_followed, nak, overheard};
use super::frame::{self, Heard};
use super::message::{self, Asked, Reply, Request, SaleReply};
use crate::terminal::dialog::{Dialog, Effect};
use crate::terminal::{Ending, Timing};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    AwaitingAck,
    AwaitingReply,
    /// The list is closed; a second closing row may follow.
    Closed,
    Done,
}

/// One question.
#[derive(Debug)]
pub struct AskDialog {
    request: Request,
    timing: Timing,
    state: State,
    sent: u8,
    naks: u8,
    /// What the terminal said, unless that is a list.
    pub answer: Option<Reply>,
    /// The list, in the terminal's order.
    pub rows: Vec<SaleReply>,
}

impl AskDialog {
    /// A question not asked yet: [`Request::LoadKeys`], [`Request::Totals`], [`Request::Details`],
    /// [`Request::PrintDetails`], [`Request::LastSale`], [`Request::NormalMode`] or [`Request::Close`].
    pub fn new(request: Request, timing: &Timing) -> Self {
        let timing = timing.clone();
        Self { request, timing, state: State::AwaitingAck, sent: 0, naks: 0, answer: None, rows: Vec::new() }
    }

    fn ask(&mut self) -> Vec<Effect> {
        self.sent += 1;
        vec![Effect::Send(frame::encode(&self.request.data())), Effect::Within(self.timing.ack_ms)]
    }

    /// Nothing follows the ACK.
    fn is_only_acked(&self) -> bool {
        matches!(self.request, Request::NormalMode | Request::PrintDetails)
    }

    /// Keys and a close wait for the bank.
    fn patience(&self) -> u64 {
        match self.request {
            Request::Close | Request::LoadKeys => self.timing.reply_ms,
            _ => self.timing.enquiry_ms,
        }
    }

    fn end(&mut self, ending: Ending) -> Vec<Effect> {
        self.state = State::Done;
        vec![Effect::End(ending)]
    }

    fn frame(&mut self, data: &[u8]) -> Vec<Effect> {
        let reply = message::decode(data);
        match (&self.request, &reply) {
            (Request::Details, Reply::Row(row)) => self.row(row.clone()),
            // A list that is empty may be said in the words of the last sale.
            (Request::Details, Reply::Sale(Asked::Last, last)) if last.code == codes::NOTHING_STORED => {
                self.row(SaleReply::default())
            }
            (Request::Totals, Reply::Totals { .. })
            | (Request::LastSale, Reply::Sale(Asked::Last, _))
            | (Request::LoadKeys, Reply::Done { asked: "0800", .. })
            | (Request::Close, Reply::Done { asked: "0500", .. }) => {
                self.answer = Some(reply);
                self.state = State::Done;
                vec![ack(), Effect::End(Ending::Answered)]
            }
            _ => overheard(None, data),
        }
    }

    fn row(&mut self, row: SaleReply) -> Vec<Effect> {
        self.naks = 0;
        if row.authorisation.is_empty() {
            let is_first = self.state != State::Closed;
            self.state = State::Closed;
            // The second closing row must not stretch the wait for a third.
            return if is_first { vec![ack(), Effect::Within(self.timing.linger_ms)] } else { vec![ack()] };
        }
        self.rows.push(row);
        vec![ack(), Effect::Within(self.timing.enquiry_ms)]
    }
}

impl Dialog<Heard> for AskDialog {
    #[expect(clippy::match_same_arms, reason = "one arm per thing that can happen, in the order it matters")]
    fn step(&mut self, input: Input) -> Vec<Effect> {
        match (self.state, input) {
            // This protocol knows no way to call off what the customer is at.
            (State::Done, _) | (_, Input::NotKept | Input::CancelWanted) => Vec::new(),
            (_, Input::Start) => self.ask(),
            (State::Closed, Input::Deadline) => self.end(Ending::Answered),
            (_, Input::LineLost | Input::NothingSent | Input::Deadline) => self.end(Ending::NoAnswer),
            (state, Input::Heard(Heard::Frame(data))) => {
                if state == State::AwaitingAck {
                    self.state = State::AwaitingReply;
                }
                self.frame(&data)
            }
            (_, Input::Heard(Heard::Broken { flaw, .. })) if is_followed(flaw) => Vec::new(),
            (_, Input::Heard(Heard::Broken { .. })) if self.naks < NAKS => {
                self.naks += 1;
                vec![nak(), Effect::Within(self.patience())]
            }
            (_, Input::Heard(Heard::Broken { .. })) => self.end(Ending::NoAnswer),
            (State::AwaitingAck, Input::Heard(Heard::Ack)) if self.is_only_acked() => self.end(Ending::Answered),
            (State::AwaitingAck, Input::Heard(Heard::Ack)) => {
                self.state = State::AwaitingReply;
                vec![Effect::Within(self.patience())]
            }
            (State::AwaitingAck, Input::Heard(Heard::Nak)) if self.sent < SENDS => self.ask(),
            (State::AwaitingAck, Input::Heard(Heard::Nak)) => self.end(Ending::NotStarted),
            (_, Input::Heard(Heard::Ack | Heard::Nak | Heard::Noise(_))) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = "0261|00|597029414300|75001637|000007|252985|1990|0461|000123|CR|||VI|21112026|233000|0|0|0|0";
    const CLOSING: &str = "0261|00|597029414300|75001637||      |0|||||||||||";

    fn asked(request: Request) -> AskDialog {
        let expected = frame::encode(&request.data());
        let mut dialog = AskDialog::new(request, &Timing::default());
        assert_eq!(dialog.step(Input::Start)[0], Effect::Send(expected));
        dialog.step(Input::Heard(Heard::Ack));
        dialog
    }

    fn say(dialog: &mut AskDialog, data: &str) -> Vec<Effect> {
        dialog.step(Input::Heard(Heard::Frame(data.as_bytes().to_vec())))
    }

    #[test]
    fn a_list_is_read_row_by_row_until_it_is_closed_once_or_twice() {
        let mut dialog = asked(Request::Details);
        assert_eq!(say(&mut dialog, ROW)[0], ack());
        assert_eq!(say(&mut dialog, &ROW.replace("|1990|", "|-1990|"))[0], ack());
        assert_eq!(say(&mut dialog, CLOSING), vec![ack(), Effect::Within(1_000)]);
        assert_eq!(say(&mut dialog, CLOSING), vec![ack()]);
        assert_eq!(dialog.step(Input::Deadline), vec![Effect::End(Ending::Answered)]);
        let amounts: Vec<_> = dialog.rows.iter().map(|row| row.amount).collect();
        assert_eq!(amounts, [Some(1_990), Some(-1_990)]);
    }

    #[test]
    fn a_list_that_breaks_off_is_no_list() {
        let mut dialog = asked(Request::Details);
        say(&mut dialog, ROW);
        assert_eq!(dialog.step(Input::Deadline), vec![Effect::End(Ending::NoAnswer)]);
    }

    #[test]
    fn totals_are_told_apart_from_what_else_is_said() {
        let mut dialog = asked(Request::Totals);
        assert_eq!(say(&mut dialog, "0510|00|597029414300|75001637|")[0], ack());
        assert_eq!(say(&mut dialog, "0710|00|2|26500|"), vec![ack(), Effect::End(Ending::Answered)]);
        let totals = Reply::Totals { code: "00".into(), count: Some(2), total: Some(26_500) };
        assert_eq!(dialog.answer, Some(totals));
    }

    #[test]
    fn what_is_only_acknowledged_ends_with_that() {
        for request in [Request::NormalMode, Request::PrintDetails] {
            let bytes = Effect::Send(frame::encode(&request.data()));
            let mut dialog = AskDialog::new(request, &Timing::default());
            assert_eq!(dialog.step(Input::Start)[0], bytes);
            assert_eq!(dialog.step(Input::Heard(Heard::Nak))[0], bytes, "it came broken");
            assert_eq!(dialog.step(Input::Heard(Heard::Ack)), vec![Effect::End(Ending::Answered)]);
        }
        let mut silent = AskDialog::new(Request::NormalMode, &Timing::default());
        silent.step(Input::Start);
        assert_eq!(silent.step(Input::Deadline), vec![Effect::End(Ending::NoAnswer)], "and is not sent again");
    }

    #[test]
    fn a_close_is_sent_again_on_nak_and_never_on_silence() {
        let mut dialog = AskDialog::new(Request::Close, &Timing::default());
        dialog.step(Input::Start);
        assert_eq!(dialog.step(Input::Heard(Heard::Nak))[0], Effect::Send(frame::encode("0500||")));
        assert_eq!(dialog.step(Input::Deadline), vec![Effect::End(Ending::NoAnswer)]);
    }
}
