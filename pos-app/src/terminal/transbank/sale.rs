//! The sale: request, ACK, progress, end. The only dialog that can cost a customer money.
//!
//! The request is sent again on an explicit NAK and never on silence: a missing ACK may be a lost ACK.

use shared::tender::{NotStartedReason, TerminalReport};

use super::codes;
use super::dialog::{Input, NAKS, SENDS, SaleKey, ack, is_followed, nak};
use super::frame::{self, Heard};
use super::message::{self, Asked, Reply, Request};
use crate::terminal::dialog::{Dialog, Effect};
use crate::terminal::{Ending, Timing};

#[derive(Debug)]
enum State {
    AwaitingAck { sent: u8, is_noisy: bool },
    AwaitingReply { naks: u8 },
    Done,
}

/// One sale.
#[derive(Debug)]
pub struct SaleDialog {
    key: SaleKey,
    request: Vec<u8>,
    ack_ms: u64,
    reply_ms: u64,
    state: State,
    /// The terminal's code, once it has refused.
    pub refusal: Option<String>,
}

impl SaleDialog {
    /// A sale not begun.
    pub fn new(key: SaleKey, timing: &Timing) -> Self {
        let (amount, ticket) = (key.amount, key.ticket.clone());
        let request = match &key.commerce {
            None => Request::Sale { amount, ticket, wants_progress: true },
            Some(commerce) => {
                Request::MulticodeSale { amount, ticket, wants_progress: true, commerce: commerce.clone() }
            }
        };
        Self {
            key,
            request: frame::encode(&request.data()),
            ack_ms: timing.ack_ms,
            reply_ms: timing.reply_ms,
            state: State::AwaitingAck { sent: 0, is_noisy: false },
            refusal: None,
        }
    }

    fn end(&mut self, report: TerminalReport, ending: Ending) -> Vec<Effect> {
        self.state = State::Done;
        vec![Effect::Report(report), Effect::End(ending)]
    }

    fn doubt(&mut self) -> Vec<Effect> {
        self.end(TerminalReport::NoAnswer, Ending::NoAnswer)
    }

    fn not_started(&mut self, reason: NotStartedReason) -> Vec<Effect> {
        self.end(TerminalReport::NotStarted { reason }, Ending::NotStarted)
    }

    fn send(&mut self, sent: u8, is_noisy: bool) -> Vec<Effect> {
        self.state = State::AwaitingAck { sent: sent + 1, is_noisy };
        vec![Effect::Send(self.request.clone()), Effect::Within(self.ack_ms)]
    }

    /// A whole frame. One that comes instead of the ACK counts as ACK.
    fn frame(&mut self, data: &[u8]) -> Vec<Effect> {
        if matches!(self.state, State::AwaitingAck { .. }) {
            self.state = State::AwaitingReply { naks: 0 };
        }
        match message::decode(data) {
            Reply::Progress { code } => {
                let mut effects = vec![ack(), Effect::Within(self.reply_ms)];
                if let Some(progress) = codes::progress(&code) {
                    effects.push(Effect::Report(TerminalReport::Progress { progress }));
                }
                effects
            }
            Reply::Sale(Asked::Now, reply) => match self.key.settle(&reply) {
                Some(effects) => {
                    self.state = State::Done;
                    if let Some(Effect::Report(TerminalReport::Declined { code })) = effects.first() {
                        self.refusal = Some(code.clone());
                    }
                    effects
                }
                None => {
                    vec![ack(), Effect::Within(self.reply_ms), Effect::Note("the end of another sale, said again")]
                }
            },
            _ => vec![ack(), Effect::Within(self.reply_ms), Effect::Note("a frame nobody asked for")],
        }
    }

    fn broken(&mut self) -> Vec<Effect> {
        let naks = match self.state {
            State::AwaitingReply { naks } => naks,
            _ => 0,
        };
        if naks == NAKS {
            return self.doubt();
        }
        self.state = State::AwaitingReply { naks: naks + 1 };
        vec![nak(), Effect::Within(self.reply_ms)]
    }
}

impl Dialog<Heard> for SaleDialog {
    #[expect(clippy::match_same_arms, reason = "one arm per thing that can happen, in the order it matters")]
    fn step(&mut self, input: Input) -> Vec<Effect> {
        match (&self.state, input) {
            // This protocol knows no way to call off what the customer is at.
            (State::Done, _) | (_, Input::NotKept | Input::CancelWanted) => Vec::new(),
            (_, Input::Start) => {
                let mut effects = vec![Effect::Report(TerminalReport::Asked { baseline: None })];
                effects.extend(self.send(0, false));
                effects
            }
            (_, Input::NothingSent) => self.not_started(NotStartedReason::Unreachable),
            (_, Input::LineLost | Input::Deadline) => self.doubt(),
            (_, Input::Heard(Heard::Frame(data))) => self.frame(&data),
            (_, Input::Heard(Heard::Broken { flaw, .. })) if is_followed(flaw) => Vec::new(),
            (_, Input::Heard(Heard::Broken { .. })) => self.broken(),
            (State::AwaitingAck { .. }, Input::Heard(Heard::Ack)) => {
                self.state = State::AwaitingReply { naks: 0 };
                vec![Effect::Within(self.reply_ms)]
            }
            // On a line that crackles, this byte may be no NAK at all: sending again could charge twice.
            (State::AwaitingAck { is_noisy: true, .. }, Input::Heard(Heard::Nak)) => self.doubt(),
            (State::AwaitingAck { sent, .. }, Input::Heard(Heard::Nak)) if *sent < SENDS => {
                let sent = *sent;
                self.send(sent, false)
            }
            (State::AwaitingAck { .. }, Input::Heard(Heard::Nak)) => self.not_started(NotStartedReason::Refused),
            (State::AwaitingAck { sent, .. }, Input::Heard(Heard::Noise(_))) => {
                self.state = State::AwaitingAck { sent: *sent, is_noisy: true };
                Vec::new()
            }
            // Once acknowledged, ACK and NAK mean nothing: above all, no reason to send a sale again.
            (State::AwaitingReply { .. }, Input::Heard(Heard::Ack | Heard::Nak | Heard::Noise(_))) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APPROVED: &str =
        "0210|00|597029414300|75001637|000001|252985|1990|0||0461|000123|CR|||VI|21112026|233000|0|0||";

    fn started() -> SaleDialog {
        let mut dialog =
            SaleDialog::new(SaleKey { ticket: "000001".into(), amount: 1_990, commerce: None }, &Timing::default());
        let effects = dialog.step(Input::Start);
        let asked = TerminalReport::Asked { baseline: None };
        assert_eq!(effects[0], Effect::Report(asked), "journalled before the first byte");
        assert_eq!(effects[1], Effect::Send(frame::encode("0200|1990|000001|||1|")));
        dialog
    }

    fn say(dialog: &mut SaleDialog, data: &str) -> Vec<Effect> {
        dialog.step(Input::Heard(Heard::Frame(data.as_bytes().to_vec())))
    }

    fn sends_request(effects: &[Effect]) -> bool {
        effects.iter().any(|effect| matches!(effect, Effect::Send(bytes) if bytes.len() > 1))
    }

    fn ending(effects: &[Effect]) -> Option<Ending> {
        effects.iter().find_map(|effect| if let Effect::End(ending) = effect { Some(*ending) } else { None })
    }

    #[test]
    fn an_approval_is_journalled_before_it_is_acknowledged() {
        let mut dialog = started();
        assert_eq!(dialog.step(Input::Heard(Heard::Ack)), vec![Effect::Within(150_000)]);
        let progress = say(&mut dialog, "0900|81|");
        assert_eq!(progress[..2], [ack(), Effect::Within(150_000)]);
        let effects = say(&mut dialog, APPROVED);
        assert!(
            matches!(&effects[0], Effect::Report(TerminalReport::Approved { approval }) if approval.last4 == "0461")
        );
        assert_eq!(effects[1..], [ack(), Effect::End(Ending::Approved)]);
        assert_eq!(dialog.step(Input::LineLost), vec![], "what is certain stays certain");
    }

    #[test]
    fn the_request_is_sent_again_on_nak_and_given_up_after_the_third() {
        let mut dialog = started();
        assert!(sends_request(&dialog.step(Input::Heard(Heard::Nak))));
        assert!(sends_request(&dialog.step(Input::Heard(Heard::Nak))));
        let refused = TerminalReport::NotStarted { reason: NotStartedReason::Refused };
        assert_eq!(
            dialog.step(Input::Heard(Heard::Nak)),
            vec![Effect::Report(refused), Effect::End(Ending::NotStarted)]
        );
    }

    #[test]
    fn silence_is_a_doubt_and_never_a_second_request() {
        let mut dialog = started();
        let effects = dialog.step(Input::Deadline);
        assert!(!sends_request(&effects));
        assert_eq!(effects, vec![Effect::Report(TerminalReport::NoAnswer), Effect::End(Ending::NoAnswer)]);
    }

    #[test]
    fn a_nak_after_the_ack_or_on_a_crackling_line_sends_nothing_again() {
        let mut dialog = started();
        dialog.step(Input::Heard(Heard::Ack));
        assert_eq!(dialog.step(Input::Heard(Heard::Nak)), vec![]);
        let mut dialog = started();
        dialog.step(Input::Heard(Heard::Noise(0x7F)));
        let effects = dialog.step(Input::Heard(Heard::Nak));
        assert!(!sends_request(&effects) && ending(&effects) == Some(Ending::NoAnswer));
    }

    #[test]
    fn an_end_instead_of_the_ack_counts_as_both() {
        assert_eq!(ending(&say(&mut started(), APPROVED)), Some(Ending::Approved));
    }

    #[test]
    fn the_end_of_an_earlier_sale_pays_nothing() {
        let mut dialog = started();
        let stale = say(&mut dialog, &APPROVED.replace("000001", "000000"));
        assert_eq!((stale[0].clone(), ending(&stale)), (ack(), None));
        assert_eq!(ending(&say(&mut dialog, APPROVED)), Some(Ending::Approved));
    }

    #[test]
    fn another_amount_is_a_doubt() {
        let effects = say(&mut started(), &APPROVED.replace("|1990|", "|1909|"));
        assert_eq!(effects, vec![Effect::Report(TerminalReport::NoAnswer), ack(), Effect::End(Ending::Mismatch)]);
    }

    #[test]
    fn a_broken_end_is_asked_for_twice() {
        let mut dialog = started();
        let broken = || Input::Heard(Heard::Broken { data: vec![], flaw: frame::Flaw::Lrc { got: 1 } });
        assert_eq!(dialog.step(broken())[0], nak());
        assert_eq!(dialog.step(broken())[0], nak());
        assert_eq!(ending(&dialog.step(broken())), Some(Ending::NoAnswer));
    }

    #[test]
    fn a_terminal_of_several_merchants_is_asked_for_one_of_them() {
        let key = SaleKey { ticket: "000777".into(), amount: 5_000, commerce: Some("597029414301".into()) };
        let mut dialog = SaleDialog::new(key, &Timing::default());
        let effects = dialog.step(Input::Start);
        assert_eq!(effects[1], Effect::Send(frame::encode("0270|5000|000777|||1|597029414301|")));
        let reply = APPROVED.replace("0210", "0271").replace("000001", "000777").replace("|1990|", "|5000|");
        assert_eq!(ending(&say(&mut dialog, &reply)), Some(Ending::Approved));
    }

    #[test]
    fn a_request_that_could_not_be_written_is_not_started() {
        let effects = started().step(Input::NothingSent);
        let unreachable = TerminalReport::NotStarted { reason: NotStartedReason::Unreachable };
        assert_eq!(effects, vec![Effect::Report(unreachable), Effect::End(Ending::NotStarted)]);
    }
}
