//! What the dialogs of this protocol share: whose a reply is, what may be repeated how often, and the poll.

use shared::tender::{CardApproval, TerminalReport};

use super::codes;
use super::frame::{self, Flaw, Heard};
use super::message::{self, Asked, Reply, Request, SaleReply};
use super::void::VoidKey;
use crate::terminal::Ending;
use crate::terminal::dialog::{Dialog, Effect};

/// How often a request is sent in all, when the terminal says NAK.
pub const SENDS: u8 = 3;
/// How often a broken answer is asked for again.
pub const NAKS: u8 = 2;

/// What happens to a dialog of this protocol.
pub type Input = crate::terminal::dialog::Input<Heard>;

/// What makes a reply ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaleKey {
    /// Six characters.
    pub ticket: String,
    /// Whole pesos.
    pub amount: i64,
    /// Whose money it is, on a terminal of several merchants.
    pub commerce: Option<String>,
}

/// What a late answer may settle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Watch {
    /// A sale in doubt.
    Sale(SaleKey),
    /// A void in doubt.
    Void(VoidKey),
}

/// What a reply says about a sale of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Money taken.
    Approved(CardApproval),
    /// Nothing taken.
    Declined(String),
    /// Another sale.
    Stale,
    /// Ours by its ticket and not by its amount, or no telling whose.
    Doubtful,
}

impl SaleKey {
    /// Tells whose a reply is and what it says. `asked` is what the reply answers: an end is an end, while the last sale
    /// in memory can only prove an approval.
    pub fn judge(&self, reply: &SaleReply, asked: Asked) -> Verdict {
        if reply.ticket.is_empty() {
            return Verdict::Doubtful;
        }
        // A shorter ticket comes back padded; ours has six characters, so this is a comparison for equality.
        if format!("{:0>6}", reply.ticket) != self.ticket {
            return Verdict::Stale;
        }
        match (reply.code.as_str(), asked) {
            (codes::APPROVED, _) if reply.amount == Some(self.amount) => Verdict::Approved(CardApproval {
                authorisation_code: reply.authorisation.clone(),
                operation_no: reply.operation.clone(),
                last4: reply.last4.clone(),
                brand: reply.brand.clone(),
                card_type: reply.card_type.clone(),
            }),
            (codes::APPROVED, _) | (_, Asked::Last) => Verdict::Doubtful,
            // A refusal needs a code: without one the frame is none we know.
            (code, Asked::Now) if code.len() == 2 => Verdict::Declined(code.to_owned()),
            (_, Asked::Now) => Verdict::Doubtful,
        }
    }

    /// The effects of an end that came for this sale, at whatever moment: journal first, then acknowledge.
    pub(super) fn settle(&self, reply: &SaleReply) -> Option<Vec<Effect>> {
        let (report, ending) = match self.judge(reply, Asked::Now) {
            Verdict::Approved(approval) => (TerminalReport::Approved { approval }, Ending::Approved),
            Verdict::Declined(code) => (TerminalReport::Declined { code }, Ending::Declined),
            Verdict::Doubtful => (TerminalReport::NoAnswer, Ending::Mismatch),
            Verdict::Stale => return None,
        };
        Some(vec![Effect::Report(report), ack(), Effect::End(ending)])
    }
}

/// ACK.
pub(super) fn ack() -> Effect {
    Effect::Send(vec![frame::ACK])
}

/// NAK.
pub(super) fn nak() -> Effect {
    Effect::Send(vec![frame::NAK])
}

/// A cut frame that a new one already follows needs no answer.
pub(super) fn is_followed(flaw: Flaw) -> bool {
    flaw == Flaw::Restarted
}

/// Is it there? Asks up to `tries` times; with none, only listens. Whatever else comes is acknowledged, and an end that
/// comes late for the sale it watches settles that sale.
#[derive(Debug)]
pub struct PollDialog {
    watch: Option<Watch>,
    tries: u8,
    is_listening: bool,
    within_ms: u64,
}

impl PollDialog {
    /// Polls.
    pub fn poll(watch: Option<Watch>, tries: u8, within_ms: u64) -> Self {
        Self { watch, tries, is_listening: false, within_ms }
    }

    /// Listens for so long.
    pub fn listen(watch: Option<Watch>, within_ms: u64) -> Self {
        Self { watch, tries: 0, is_listening: true, within_ms }
    }

    fn ask(&mut self) -> Vec<Effect> {
        self.tries = self.tries.saturating_sub(1);
        vec![Effect::Send(frame::encode(&Request::Poll.data())), Effect::Within(self.within_ms)]
    }
}

impl Dialog<Heard> for PollDialog {
    fn step(&mut self, input: Input) -> Vec<Effect> {
        match input {
            Input::Start if self.is_listening => vec![Effect::Within(self.within_ms)],
            Input::Start => self.ask(),
            // Listeners only end by their deadline; to whoever polls, ACK is the answer, and a NAK asks for it again.
            Input::Heard(Heard::Ack) if !self.is_listening => vec![Effect::End(Ending::Answered)],
            Input::Heard(Heard::Nak) | Input::Deadline if self.tries > 0 => self.ask(),
            Input::Deadline | Input::LineLost | Input::NothingSent => vec![Effect::End(Ending::NoAnswer)],
            Input::Heard(Heard::Frame(data)) => overheard(self.watch.as_ref(), &data),
            Input::Heard(Heard::Ack | Heard::Nak | Heard::Noise(_) | Heard::Broken { .. })
            | Input::NotKept
            | Input::CancelWanted => Vec::new(),
        }
    }
}

/// A frame nobody waits for: settles what is watched when it is its end, and is acknowledged in any case.
pub(super) fn overheard(watch: Option<&Watch>, data: &[u8]) -> Vec<Effect> {
    let settled = match (message::decode(data), watch) {
        (Reply::Sale(Asked::Now, reply), Some(Watch::Sale(key)))
            if key.judge(&reply, Asked::Now) != Verdict::Doubtful =>
        {
            key.settle(&reply)
        }
        (Reply::Refund { code, operation, .. }, Some(Watch::Void(key))) if !operation.is_empty() => {
            key.settle(&code, &operation)
        }
        _ => None,
    };
    settled.unwrap_or_else(|| vec![ack(), Effect::Note("a frame nobody asked for")])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SaleKey {
        SaleKey { ticket: "000001".into(), amount: 1_990, commerce: None }
    }

    fn reply(code: &str, ticket: &str, amount: i64) -> SaleReply {
        SaleReply { code: code.into(), ticket: ticket.into(), amount: Some(amount), ..SaleReply::default() }
    }

    #[test]
    fn only_code_00_with_our_ticket_and_our_amount_is_an_approval() {
        assert!(matches!(key().judge(&reply("00", "000001", 1_990), Asked::Now), Verdict::Approved(_)));
        assert!(matches!(key().judge(&reply("00", "1", 1_990), Asked::Now), Verdict::Approved(_)), "padded by us");
        assert_eq!(key().judge(&reply("00", "000001", 1_909), Asked::Now), Verdict::Doubtful, "digits swapped");
        assert_eq!(key().judge(&reply("00", "000002", 1_990), Asked::Now), Verdict::Stale);
        assert_eq!(key().judge(&reply("0", "000001", 1_990), Asked::Now), Verdict::Doubtful);
        assert_eq!(key().judge(&reply("00", "", 1_990), Asked::Now), Verdict::Doubtful, "whose is it?");
    }

    #[test]
    fn a_refusal_ends_a_sale_and_proves_nothing_about_the_last_one() {
        assert_eq!(key().judge(&reply("07", "000001", 0), Asked::Now), Verdict::Declined("07".into()));
        assert_eq!(key().judge(&reply("07", "000001", 0), Asked::Last), Verdict::Doubtful);
    }

    #[test]
    fn a_poll_is_repeated_twice_and_then_given_up() {
        let mut poll = PollDialog::poll(None, 3, 2_000);
        let asked = vec![Effect::Send(frame::encode("0100")), Effect::Within(2_000)];
        assert_eq!(poll.step(Input::Start), asked);
        assert_eq!(poll.step(Input::Deadline), asked);
        assert_eq!(poll.step(Input::Heard(Heard::Nak)), asked);
        assert_eq!(poll.step(Input::Deadline), vec![Effect::End(Ending::NoAnswer)]);
    }

    #[test]
    fn an_end_that_comes_late_settles_the_sale_in_doubt_and_no_other() {
        let late = b"0210|00|597029414300|75001637|000001|252985|1990|0||0461|000123|CR||".to_vec();
        let mut listener = PollDialog::listen(Some(Watch::Sale(key())), 0);
        listener.step(Input::Start);
        let effects = listener.step(Input::Heard(Heard::Frame(late.clone())));
        assert!(matches!(&effects[0], Effect::Report(TerminalReport::Approved { .. })), "journal first");
        assert_eq!(effects[1..], [ack(), Effect::End(Ending::Approved)]);
        let mut other = PollDialog::listen(Some(Watch::Sale(SaleKey { ticket: "000002".into(), ..key() })), 0);
        assert_eq!(other.step(Input::Heard(Heard::Frame(late)))[0], ack(), "acknowledged, and nothing else");
    }
}
