//! The void: undoes one sale of the open batch, by the terminal's own number for it.
//!
//! That number starts again with each batch, so the list is read first: what is not in it is not undone, because another
//! sale may bear its number by now. Like a sale, a void is sent again on an explicit NAK and never on silence.

use shared::tender::{CardApproval, TerminalReport};

use super::codes;
use super::dialog::{Input, NAKS, SENDS, SaleKey, ack, is_followed, nak};
use super::frame::{self, Heard};
use super::message::{self, Reply, Request, SaleReply};
use crate::terminal::dialog::{Dialog, Effect};
use crate::terminal::{Ending, Timing};

/// What makes an answer that of our void.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoidKey {
    /// The terminal's number for the sale.
    pub operation: String,
}

impl VoidKey {
    /// For an approval; `None` when it has no number.
    pub fn of(approval: &CardApproval) -> Option<Self> {
        let operation = approval.operation_no.clone();
        let is_number = (1..=6).contains(&operation.len()) && operation.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then_some(Self { operation })
    }

    fn is_ours(&self, operation: &str) -> bool {
        operation.trim_start_matches('0') == self.operation.trim_start_matches('0')
    }

    /// What an answer says of our void; `None` when it is of another one. Journal first, then acknowledge.
    pub(super) fn settle(&self, code: &str, operation: &str) -> Option<Vec<Effect>> {
        let is_done = matches!(code, codes::APPROVED | codes::ALREADY_VOIDED);
        // A refusal may lack the number; money given back may not.
        if !(self.is_ours(operation) || (operation.is_empty() && !is_done)) {
            return None;
        }
        let (report, ending) = match code {
            _ if is_done => (TerminalReport::Voided, Ending::Voided),
            code if code.len() == 2 => (TerminalReport::VoidRefused { code: code.to_owned() }, Ending::VoidRefused),
            _ => (TerminalReport::NoAnswer, Ending::NoAnswer),
        };
        Some(vec![Effect::Report(report), ack(), Effect::End(ending)])
    }
}

/// What the list says of a sale that is to be undone, or may have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    /// As it was sold.
    Stands,
    /// Undone.
    Undone,
    /// Not at all, or not as we know it.
    Unknown,
}

/// Looks for a sale in the list of the open batch.
pub fn find(rows: &[SaleReply], key: &SaleKey, void: &VoidKey) -> Listed {
    let is_ticket = |row: &SaleReply| !row.ticket.is_empty() && format!("{:0>6}", row.ticket) == key.ticket;
    let sold = rows.iter().any(|row| is_ticket(row) && void.is_ours(&row.operation) && row.amount == Some(key.amount));
    // What was given back has a number of its own on some terminals, and no ticket on others.
    let undone = rows.iter().any(|row| {
        let is_ours = is_ticket(row) || (row.ticket.is_empty() && void.is_ours(&row.operation));
        is_ours && row.amount == Some(-key.amount)
    });
    match (sold, undone) {
        (_, true) => Listed::Undone,
        (true, false) => Listed::Stands,
        (false, false) => Listed::Unknown,
    }
}

#[derive(Debug)]
enum State {
    AwaitingAck { sent: u8, is_noisy: bool },
    AwaitingReply { naks: u8 },
    Done,
}

/// One void.
#[derive(Debug)]
pub struct VoidDialog {
    key: VoidKey,
    request: Vec<u8>,
    ack_ms: u64,
    reply_ms: u64,
    state: State,
}

impl VoidDialog {
    /// A void not begun.
    pub fn new(key: VoidKey, timing: &Timing) -> Self {
        let request = frame::encode(&Request::Refund { operation: key.operation.clone() }.data());
        let state = State::AwaitingAck { sent: 0, is_noisy: false };
        Self { key, request, ack_ms: timing.ack_ms, reply_ms: timing.reply_ms, state }
    }

    fn end(&mut self, report: TerminalReport, ending: Ending) -> Vec<Effect> {
        self.state = State::Done;
        vec![Effect::Report(report), Effect::End(ending)]
    }

    fn doubt(&mut self) -> Vec<Effect> {
        self.end(TerminalReport::NoAnswer, Ending::NoAnswer)
    }

    fn refused(&mut self, code: &str) -> Vec<Effect> {
        self.end(TerminalReport::VoidRefused { code: code.to_owned() }, Ending::VoidRefused)
    }

    fn send(&mut self, sent: u8) -> Vec<Effect> {
        self.state = State::AwaitingAck { sent: sent + 1, is_noisy: false };
        vec![Effect::Send(self.request.clone()), Effect::Within(self.ack_ms)]
    }

    fn frame(&mut self, data: &[u8]) -> Vec<Effect> {
        if matches!(self.state, State::AwaitingAck { .. }) {
            self.state = State::AwaitingReply { naks: 0 };
        }
        let settled = match message::decode(data) {
            Reply::Refund { code, operation, .. } => self.key.settle(&code, &operation),
            _ => None,
        };
        if let Some(effects) = settled {
            self.state = State::Done;
            return effects;
        }
        vec![ack(), Effect::Within(self.reply_ms), Effect::Note("a frame nobody asked for")]
    }
}

impl Dialog<Heard> for VoidDialog {
    #[expect(clippy::match_same_arms, reason = "one arm per thing that can happen, in the order it matters")]
    fn step(&mut self, input: Input) -> Vec<Effect> {
        match (&self.state, input) {
            // This protocol knows no way to call off what the customer is at.
            (State::Done, _) | (_, Input::NotKept | Input::CancelWanted) => Vec::new(),
            (_, Input::Start) => {
                let mut effects = vec![Effect::Report(TerminalReport::VoidAsked { baseline: None })];
                effects.extend(self.send(0));
                effects
            }
            (_, Input::NothingSent) => self.refused(codes::UNREACHABLE),
            (_, Input::LineLost | Input::Deadline) => self.doubt(),
            (_, Input::Heard(Heard::Frame(data))) => self.frame(&data),
            (_, Input::Heard(Heard::Broken { flaw, .. })) if is_followed(flaw) => Vec::new(),
            (State::AwaitingReply { naks: NAKS }, Input::Heard(Heard::Broken { .. })) => self.doubt(),
            (state, Input::Heard(Heard::Broken { .. })) => {
                let naks = if let State::AwaitingReply { naks } = state { *naks } else { 0 };
                self.state = State::AwaitingReply { naks: naks + 1 };
                vec![nak(), Effect::Within(self.reply_ms)]
            }
            (State::AwaitingAck { .. }, Input::Heard(Heard::Ack)) => {
                self.state = State::AwaitingReply { naks: 0 };
                vec![Effect::Within(self.reply_ms)]
            }
            // On a line that crackles, this byte may be no NAK at all.
            (State::AwaitingAck { is_noisy: true, .. }, Input::Heard(Heard::Nak)) => self.doubt(),
            (State::AwaitingAck { sent, .. }, Input::Heard(Heard::Nak)) if *sent < SENDS => {
                let sent = *sent;
                self.send(sent)
            }
            (State::AwaitingAck { .. }, Input::Heard(Heard::Nak)) => self.refused(codes::REQUEST_REFUSED),
            (State::AwaitingAck { sent, .. }, Input::Heard(Heard::Noise(_))) => {
                self.state = State::AwaitingAck { sent: *sent, is_noisy: true };
                Vec::new()
            }
            (State::AwaitingReply { .. }, Input::Heard(Heard::Ack | Heard::Nak | Heard::Noise(_))) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> VoidKey {
        VoidKey { operation: "000123".into() }
    }

    fn started() -> VoidDialog {
        let mut dialog = VoidDialog::new(key(), &Timing::default());
        let effects = dialog.step(Input::Start);
        let asked = TerminalReport::VoidAsked { baseline: None };
        assert_eq!(effects[0], Effect::Report(asked), "journalled before the first byte");
        assert_eq!(effects[1], Effect::Send(frame::encode("1200|000123|")));
        dialog
    }

    fn say(dialog: &mut VoidDialog, data: &str) -> Vec<Effect> {
        dialog.step(Input::Heard(Heard::Frame(data.as_bytes().to_vec())))
    }

    #[test]
    fn a_void_is_journalled_and_then_acknowledged() {
        let mut dialog = started();
        dialog.step(Input::Heard(Heard::Ack));
        let effects = say(&mut dialog, "1210|00|597029414300|75001637|794981|123");
        assert_eq!(effects, vec![Effect::Report(TerminalReport::Voided), ack(), Effect::End(Ending::Voided)]);
        let already = say(&mut started(), "1210|04|597029414300|75001637||000123");
        assert_eq!(already[0], Effect::Report(TerminalReport::Voided), "undone before is undone");
    }

    #[test]
    fn a_debit_sale_cannot_be_undone_and_stands() {
        let effects = say(&mut started(), "1210|08|597029414300|75001637||");
        assert_eq!(effects[0], Effect::Report(TerminalReport::VoidRefused { code: "08".into() }));
    }

    #[test]
    fn the_answer_to_another_void_undoes_nothing() {
        let mut dialog = started();
        let other = say(&mut dialog, "1210|00|597029414300|75001637|794981|122");
        assert_eq!(other[0], ack());
        assert!(!other.iter().any(|effect| matches!(effect, Effect::Report(_) | Effect::End(_))));
        let nobodys = say(&mut dialog, "1210|00|597029414300|75001637|794981|");
        assert!(!nobodys.iter().any(|effect| matches!(effect, Effect::Report(_))), "money back needs a number");
    }

    #[test]
    fn silence_is_a_doubt_and_never_a_second_request() {
        let effects = started().step(Input::Deadline);
        assert_eq!(effects, vec![Effect::Report(TerminalReport::NoAnswer), Effect::End(Ending::NoAnswer)]);
    }

    #[test]
    fn nothing_sent_is_nothing_undone() {
        let effects = started().step(Input::NothingSent);
        assert_eq!(effects[0], Effect::Report(TerminalReport::VoidRefused { code: codes::UNREACHABLE.into() }));
    }

    #[test]
    fn the_list_says_whether_a_sale_stands() {
        let key = SaleKey { ticket: "000007".into(), amount: 1_990, commerce: None };
        let void = VoidKey { operation: "000123".into() };
        let row = |ticket: &str, operation: &str, amount| SaleReply {
            ticket: ticket.into(),
            operation: operation.into(),
            amount: Some(amount),
            ..SaleReply::default()
        };
        let sold = row("000007", "000123", 1_990);
        assert_eq!(find(std::slice::from_ref(&sold), &key, &void), Listed::Stands);
        assert_eq!(find(&[sold.clone(), row("000007", "000124", -1_990)], &key, &void), Listed::Undone);
        assert_eq!(find(&[sold, row("", "123", -1_990)], &key, &void), Listed::Undone);
        assert_eq!(find(&[], &key, &void), Listed::Unknown, "the batch is another one");
        assert_eq!(find(&[row("000009", "000123", 1_990)], &key, &void), Listed::Unknown, "its number, another sale");
        assert_eq!(find(&[row("000007", "000123", 2_990)], &key, &void), Listed::Unknown);
    }
}
