//! The sale: request, progress, end. The only dialog that can cost a customer money.
//!
//! The request is sent again when the terminal says that it came broken, and never on silence.

use shared::tender::{CardApproval, CardPayment, CardProgress, NotStartedReason, TerminalReport};

use super::frame::{Flaw, Heard, encode, receipt};
use super::message::{NO_TRANSACTION, Reply, Request, command};
use crate::terminal::dialog::{Dialog, Effect, Input};
use crate::terminal::{Ending, Timing};

/// How often a request is sent in all, when it came broken.
pub(super) const SENDS: u8 = 3;
/// How often a broken answer is asked for again.
pub(super) const REASKS: u8 = 2;
/// Our own word, not the terminal's: it answered, and its last voucher proves that no such sale was taken.
pub const NOT_STORED: &str = "not_stored";

/// What makes an answer ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaleKey {
    /// As sent.
    pub ticket: String,
    /// Whole pesos.
    pub amount: i64,
    /// The terminal's number for the last transaction before it.
    pub baseline: Option<i64>,
}

impl SaleKey {
    /// Of a payment.
    pub fn of(payment: &CardPayment) -> Self {
        let baseline = payment.baseline.as_ref().and_then(|baseline| baseline.parse().ok());
        Self { ticket: payment.ticket_no.clone(), amount: payment.amount_minor, baseline }
    }

    /// Whose it is: ours or another sale's, by its ticket or, where the terminal says none, by its number. `None` when it
    /// says neither.
    fn is_ours(&self, reply: &Reply) -> Option<bool> {
        match (&reply.ticket, reply.operation, self.baseline) {
            (Some(ticket), ..) => Some(*ticket == self.ticket),
            (None, Some(operation), Some(baseline)) => Some(operation > baseline),
            (None, ..) => None,
        }
    }

    /// What the last voucher says of this sale. `is_over`: the customer cannot still be at the terminal.
    pub fn judge_last(&self, last: &Reply, is_over: bool) -> (Option<TerminalReport>, Ending) {
        let not_stored = || {
            let none = TerminalReport::Declined { code: NOT_STORED.into() };
            if is_over { (Some(none), Ending::Declined) } else { (None, Ending::NotStoredYet) }
        };
        match (last.function, last.code) {
            (_, Some(code)) if NO_TRANSACTION.contains(&code) => not_stored(),
            (_, Some(0)) if self.baseline.is_some() && last.operation == self.baseline => not_stored(),
            (Some(command::SALE | command::LAST_VOUCHER), Some(0)) => {
                // Without a ticket only the very next number is ours: further on stands a sale of somebody else's.
                let is_next = self.baseline.is_some_and(|baseline| last.operation == Some(baseline + 1));
                let is_ours = last.ticket.as_ref().map_or(is_next, |ticket| *ticket == self.ticket);
                match (is_ours, last.amount == Some(self.amount)) {
                    (true, true) => (Some(TerminalReport::Approved { approval: approval(last) }), Ending::Approved),
                    _ => (None, Ending::Mismatch),
                }
            }
            // The last thing it did was to undo or to give back: what was before that, it does not say.
            (Some(command::REFUND | command::RETURN), Some(0)) => (None, Ending::Mismatch),
            _ => (None, Ending::NoAnswer),
        }
    }
}

fn approval(reply: &Reply) -> CardApproval {
    CardApproval {
        authorisation_code: reply.authorisation.clone(),
        operation_no: reply.operation.map(|number| number.to_string()).unwrap_or_default(),
        last4: reply.last4.clone(),
        brand: reply.brand.clone(),
        card_type: reply.card_type.clone(),
    }
}

#[derive(Debug)]
enum State {
    /// Whether it came whole is not known.
    Sent {
        times: u8,
    },
    Paying,
    Done,
}

/// One sale.
pub struct SaleDialog {
    key: SaleKey,
    request: Vec<u8>,
    cancel: Vec<u8>,
    ack_ms: u64,
    reply_ms: u64,
    reasked: u8,
    state: State,
}

impl SaleDialog {
    /// A sale not begun. `date_time` is now.
    pub fn new(key: SaleKey, date_time: &str, timing: &Timing) -> Self {
        let request = Request::Sale { amount: key.amount, ticket: key.ticket.clone() };
        let request = encode(&request.serialize(date_time));
        Self {
            key,
            request,
            cancel: encode(&Request::Cancel.serialize(date_time)),
            ack_ms: timing.ack_ms,
            reply_ms: timing.reply_ms,
            reasked: 0,
            state: State::Sent { times: 1 },
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

    /// Durable, then acknowledged.
    fn settle(&mut self, report: TerminalReport, ending: Ending) -> Vec<Effect> {
        self.state = State::Done;
        vec![Effect::Report(report), Effect::Send(receipt(true)), Effect::End(ending)]
    }

    fn reply(&mut self, reply: &Reply) -> Vec<Effect> {
        let heard = Effect::Send(receipt(true));
        match (reply.function, reply.code) {
            (Some(command::MESSAGE), _) => {
                self.state = State::Paying;
                let mut effects = vec![heard, Effect::Within(self.reply_ms)];
                if let Some(progress) = reply.message_text.as_deref().and_then(progress) {
                    effects.push(Effect::Report(TerminalReport::Progress { progress }));
                }
                effects
            }
            (Some(command::SALE), Some(_)) if self.key.is_ours(reply) == Some(false) => {
                vec![heard, Effect::Note("the end of another sale, said again")]
            }
            // An approval of nobody knows what: the terminal's memory will say.
            (Some(command::SALE), Some(0)) if self.key.is_ours(reply).is_none() => {
                self.settle(TerminalReport::NoAnswer, Ending::NoAnswer)
            }
            (Some(command::SALE), Some(0)) if reply.amount == Some(self.key.amount) => {
                self.settle(TerminalReport::Approved { approval: approval(reply) }, Ending::Approved)
            }
            (Some(command::SALE), Some(0)) => self.settle(TerminalReport::NoAnswer, Ending::Mismatch),
            // A refusal that says no ticket, before ours was even acknowledged, is of the sale before.
            (Some(command::SALE), Some(_)) if reply.ticket.is_none() && matches!(self.state, State::Sent { .. }) => {
                vec![heard, Effect::Note("a refusal of nobody knows what")]
            }
            (Some(command::SALE), Some(code)) => {
                self.settle(TerminalReport::Declined { code: code.to_string() }, Ending::Declined)
            }
            // An error that answers nothing, or a code that is none: not an approval, and no refusal either.
            (Some(0 | command::SALE) | None, _) => self.settle(TerminalReport::NoAnswer, Ending::NoAnswer),
            _ => vec![heard, Effect::Note("a message nobody asked for")],
        }
    }
}

/// What the terminal's words say that it waits for.
fn progress(text: &str) -> Option<CardProgress> {
    let text = text.to_uppercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if says(&["PIN", "CLAVE"]) {
        Some(CardProgress::EnterPin)
    } else if says(&["CUOTA", "SELECCION", "OPCI"]) {
        Some(CardProgress::Choose)
    } else if says(&["TARJETA", "OPERE", "ACERQUE", "INSERTE"]) {
        Some(CardProgress::PresentCard)
    } else if says(&["CONECT", "AUTORIZ", "PROCES", "ESPERE"]) {
        Some(CardProgress::ContactingBank)
    } else {
        None
    }
}

impl Dialog<Heard> for SaleDialog {
    #[expect(clippy::match_same_arms, reason = "one arm per thing that can happen, in the order it matters")]
    fn step(&mut self, input: Input<Heard>) -> Vec<Effect> {
        match (&self.state, input) {
            (State::Done, _) | (_, Input::NotKept) => Vec::new(),
            // The terminal decides, and says so as the end of the sale.
            (State::Paying, Input::CancelWanted) => {
                vec![Effect::Send(self.cancel.clone()), Effect::Within(self.reply_ms)]
            }
            (_, Input::CancelWanted) => Vec::new(),
            (_, Input::Start) => {
                let baseline = self.key.baseline.map(|number| number.to_string());
                vec![
                    Effect::Report(TerminalReport::Asked { baseline }),
                    Effect::Send(self.request.clone()),
                    Effect::Within(self.ack_ms),
                ]
            }
            (_, Input::NothingSent) => self.not_started(NotStartedReason::Unreachable),
            // Some terminals acknowledge nothing and just begin.
            (State::Sent { .. }, Input::Deadline | Input::Heard(Heard::Received(true))) => {
                self.state = State::Paying;
                vec![Effect::Within(self.reply_ms)]
            }
            (State::Sent { times }, Input::Heard(Heard::Received(false))) if *times < SENDS => {
                self.state = State::Sent { times: times + 1 };
                vec![Effect::Send(self.request.clone()), Effect::Within(self.ack_ms)]
            }
            (State::Sent { .. }, Input::Heard(Heard::Received(false))) => self.not_started(NotStartedReason::Refused),
            (_, Input::LineLost | Input::Deadline) => self.doubt(),
            (_, Input::Heard(Heard::Message(message))) => self.reply(&Reply::read(&message)),
            (_, Input::Heard(Heard::Broken(_, Flaw::Sign | Flaw::NoMessage))) if self.reasked < REASKS => {
                self.reasked += 1;
                vec![Effect::Send(receipt(false)), Effect::Within(self.reply_ms)]
            }
            (_, Input::Heard(Heard::Broken(..))) => self.doubt(),
            (_, Input::Heard(Heard::Received(_) | Heard::Noise(_))) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const NOW: &str = "2026-07-26T11:37:48.000Z";

    fn key() -> SaleKey {
        SaleKey { ticket: "00000A".into(), amount: 1_990, baseline: Some(15) }
    }

    fn started() -> SaleDialog {
        let mut dialog = SaleDialog::new(key(), NOW, &Timing::default());
        let effects = dialog.step(Input::Start);
        let asked = TerminalReport::Asked { baseline: Some("15".into()) };
        assert_eq!(effects[0], Effect::Report(asked), "journalled before the first byte");
        dialog
    }

    fn paying() -> SaleDialog {
        let mut dialog = started();
        assert_eq!(dialog.step(Input::Heard(Heard::Received(true))), vec![Effect::Within(150_000)]);
        dialog
    }

    fn approved() -> Value {
        json!({
            "FunctionCode": 100, "ResponseCode": 0, "Ticket": "00000A", "AuthorizationCode": "252985", "Amount": 1_990,
            "Last4Digits": "0461", "OperationId": 16, "CardType": "CR", "CardBrand": "VI",
        })
    }

    fn with(mut value: Value, name: &str, changed: Value) -> Value {
        value[name] = changed;
        value
    }

    fn say(dialog: &mut SaleDialog, message: Value) -> Vec<Effect> {
        let Value::Object(message) = message else { panic!("an object") };
        dialog.step(Input::Heard(Heard::Message(message)))
    }

    fn read(value: &Value) -> Reply {
        Reply::read(value.as_object().expect("an object"))
    }

    fn ending(effects: &[Effect]) -> Option<Ending> {
        effects.iter().find_map(|effect| if let Effect::End(ending) = effect { Some(*ending) } else { None })
    }

    #[test]
    fn an_approval_is_journalled_before_it_is_acknowledged() {
        let mut dialog = paying();
        let progress = say(&mut dialog, json!({ "FunctionCode": 112, "MessageText": "INGRESE CLAVE" }));
        assert_eq!(progress[2], Effect::Report(TerminalReport::Progress { progress: CardProgress::EnterPin }));
        let effects = say(&mut dialog, approved());
        assert!(
            matches!(&effects[0], Effect::Report(TerminalReport::Approved { approval }) if approval.last4 == "0461")
        );
        assert_eq!(effects[1..], [Effect::Send(receipt(true)), Effect::End(Ending::Approved)]);
    }

    #[test]
    fn only_our_sale_and_our_amount_are_an_approval() {
        let end = |changed: Value| ending(&say(&mut paying(), changed));
        assert_eq!(end(with(approved(), "Amount", json!(1_909))), Some(Ending::Mismatch));
        assert_eq!(end(with(approved(), "Ticket", json!("000009"))), None, "another sale, said again");
        assert_eq!(end(with(approved(), "Ticket", Value::Null)), Some(Ending::Approved), "by its number");
        let stale = with(with(approved(), "Ticket", Value::Null), "OperationId", json!(15));
        assert_eq!(end(stale), None, "the number before");
        let nobodys = with(with(approved(), "Ticket", Value::Null), "OperationId", Value::Null);
        assert_eq!(end(nobodys), Some(Ending::NoAnswer), "no telling whose");
        assert_eq!(end(with(approved(), "ResponseCode", json!("0"))), Some(Ending::NoAnswer), "a code in quotes");
        assert_eq!(end(with(approved(), "FunctionCode", json!(0))), Some(Ending::NoAnswer), "an error with code 0");
        assert_eq!(end(with(approved(), "ResponseCode", json!(1_006))), Some(Ending::Declined));
    }

    #[test]
    fn silence_is_a_doubt_and_never_a_second_request() {
        let mut dialog = started();
        assert_eq!(dialog.step(Input::Deadline), vec![Effect::Within(150_000)], "some acknowledge nothing");
        let effects = dialog.step(Input::Deadline);
        assert_eq!(effects, vec![Effect::Report(TerminalReport::NoAnswer), Effect::End(Ending::NoAnswer)]);
    }

    #[test]
    fn a_request_that_came_broken_is_sent_three_times() {
        let mut dialog = started();
        let broken = || Input::Heard(Heard::Received(false));
        assert!(matches!(dialog.step(broken())[0], Effect::Send(_)));
        assert!(matches!(dialog.step(broken())[0], Effect::Send(_)));
        assert_eq!(ending(&dialog.step(broken())), Some(Ending::NotStarted));
        assert_eq!(paying().step(broken()), vec![], "once it is at it, never again");
    }

    #[test]
    fn a_customer_may_be_called_off_and_the_terminal_decides() {
        let mut dialog = paying();
        let Effect::Send(cancel) = &dialog.step(Input::CancelWanted)[0] else { panic!("it is asked") };
        assert!(String::from_utf8_lossy(cancel).contains(r#"\"Command\":116"#));
        let effects = say(&mut dialog, json!({ "FunctionCode": 100, "ResponseCode": 1006, "Ticket": "00000A" }));
        assert_eq!(ending(&effects), Some(Ending::Declined));
    }

    #[test]
    fn the_last_voucher_settles_a_doubt() {
        let judge = |value: Value, is_over| key().judge_last(&read(&value), is_over).1;
        assert_eq!(judge(approved(), false), Ending::Approved);
        assert_eq!(judge(with(approved(), "FunctionCode", json!(101)), false), Ending::Approved);
        assert_eq!(judge(with(approved(), "Ticket", Value::Null), false), Ending::Approved, "the next number");
        let further = with(with(approved(), "Ticket", Value::Null), "OperationId", json!(17));
        assert_eq!(judge(further, true), Ending::Mismatch, "somebody sold in between");
        assert_eq!(judge(with(approved(), "Amount", json!(1_909)), true), Ending::Mismatch);
        let before = with(with(approved(), "Ticket", json!("000009")), "OperationId", json!(15));
        assert_eq!(judge(before.clone(), false), Ending::NotStoredYet);
        assert_eq!(judge(before, true), Ending::Declined);
        for none in [21, 99] {
            assert_eq!(judge(json!({ "FunctionCode": 101, "ResponseCode": none }), true), Ending::Declined);
        }
        assert_eq!(judge(json!({ "FunctionCode": 102, "ResponseCode": 0, "OperationId": 17 }), true), Ending::Mismatch);
        assert_eq!(judge(json!({ "FunctionCode": 101, "ResponseCode": 5 }), true), Ending::NoAnswer);
    }
}
