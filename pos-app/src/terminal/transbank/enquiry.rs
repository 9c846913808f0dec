//! What became of a sale in doubt: the last sale in the terminal's memory, then, if that is another one, all of them.
//!
//! A sale is stored before its end is sent, and a refused one is not stored. So memory proves an approval at once, and
//! proves that nothing was taken only when it has been read whole and the customer cannot still be at the terminal.

use shared::tender::TerminalReport;

use super::codes;
use super::dialog::{Input, NAKS, SENDS, SaleKey, Verdict, Watch, ack, is_followed, nak, overheard};
use super::frame::{self, Heard};
use super::message::{self, Asked, Reply, Request, SaleReply};
use crate::terminal::dialog::{Dialog, Effect};
use crate::terminal::{Ending, Timing};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    LastSale,
    Details,
    /// The list is closed; a second closing row may follow.
    Closed,
    Done,
}

/// One enquiry.
#[derive(Debug)]
pub struct EnquiryDialog {
    key: SaleKey,
    is_over: bool,
    timing: Timing,
    step: Step,
    sent: u8,
    is_acked: bool,
    naks: u8,
    rows: Vec<SaleReply>,
}

impl EnquiryDialog {
    /// An enquiry not begun. `is_over`: the customer cannot still be at the terminal.
    pub fn new(key: SaleKey, is_over: bool, timing: &Timing) -> Self {
        let timing = timing.clone();
        Self { key, is_over, timing, step: Step::LastSale, sent: 0, is_acked: false, naks: 0, rows: Vec::new() }
    }

    fn ask(&mut self, step: Step) -> Vec<Effect> {
        if step != self.step {
            (self.step, self.sent, self.naks) = (step, 0, 0);
        }
        self.sent += 1;
        self.is_acked = false;
        let request = match (step, &self.key.commerce) {
            (Step::LastSale, None) => Request::LastSale,
            (Step::LastSale, Some(_)) => Request::MulticodeLastSale { wants_voucher: false },
            _ => Request::Details,
        };
        vec![Effect::Send(frame::encode(&request.data())), Effect::Within(self.timing.ack_ms)]
    }

    fn end(&mut self, ending: Ending) -> Vec<Effect> {
        self.step = Step::Done;
        vec![Effect::End(ending)]
    }

    fn settled(&mut self, report: TerminalReport, ending: Ending) -> Vec<Effect> {
        self.step = Step::Done;
        vec![Effect::Report(report), Effect::End(ending)]
    }

    fn frame(&mut self, data: &[u8]) -> Vec<Effect> {
        self.is_acked = true;
        match (self.step, message::decode(data)) {
            (Step::LastSale, Reply::Sale(Asked::Last, last)) => self.last_sale(&last),
            (Step::Details | Step::Closed, Reply::Row(row)) => self.row(row),
            // A list that is empty may be said in the words of the last sale.
            (Step::Details, Reply::Sale(Asked::Last, last)) if last.code == codes::NOTHING_STORED => {
                self.row(SaleReply::default())
            }
            _ => {
                let effects = overheard(Some(&Watch::Sale(self.key.clone())), data);
                if effects.iter().any(|effect| matches!(effect, Effect::End(_))) {
                    self.step = Step::Done;
                }
                effects
            }
        }
    }

    fn last_sale(&mut self, last: &SaleReply) -> Vec<Effect> {
        let verdict = self.key.judge(last, Asked::Last);
        let (report_first, mut next) = match verdict {
            Verdict::Approved(approval) => {
                (true, self.settled(TerminalReport::Approved { approval }, Ending::Approved))
            }
            Verdict::Stale => (false, self.ask(Step::Details)),
            Verdict::Declined(_) | Verdict::Doubtful if last.code == codes::NOTHING_STORED => {
                (false, self.ask(Step::Details))
            }
            // Typed into the terminal itself, after ours or instead of it: the list knows.
            Verdict::Doubtful if last.code == codes::APPROVED && last.ticket.is_empty() => {
                (false, self.ask(Step::Details))
            }
            // Our ticket and another amount: a person has to look.
            Verdict::Doubtful if !last.ticket.is_empty() => (false, self.end(Ending::Mismatch)),
            // No code we can build on: it proves nothing.
            Verdict::Declined(_) | Verdict::Doubtful => (false, self.end(Ending::NoAnswer)),
        };
        next.insert(usize::from(report_first), ack());
        next
    }

    fn row(&mut self, row: SaleReply) -> Vec<Effect> {
        self.naks = 0;
        if row.authorisation.is_empty() {
            let is_first = self.step == Step::Details;
            self.step = Step::Closed;
            // The second closing row must not stretch the wait for a third.
            return if is_first { vec![ack(), Effect::Within(self.timing.linger_ms)] } else { vec![ack()] };
        }
        self.rows.push(row);
        vec![ack(), Effect::Within(self.timing.enquiry_ms)]
    }

    /// The list has been read whole.
    fn conclude(&mut self) -> Vec<Effect> {
        let (nameless, named): (Vec<_>, Vec<_>) = self.rows.iter().partition(|row| row.ticket.is_empty());
        let verdicts: Vec<Verdict> = named.iter().map(|row| self.key.judge(row, Asked::Last)).collect();
        let mut ours = verdicts.into_iter().filter(|verdict| *verdict != Verdict::Stale);
        // Without a ticket it is none of ours; but one of our amount, where ours is missing, or given back, where ours
        // stands, is more than a coincidence.
        let (sold, undone) = (Some(self.key.amount), Some(-self.key.amount));
        let is_sold = nameless.iter().any(|row| row.amount == sold);
        let is_undone = nameless.iter().any(|row| row.amount == undone);
        match (ours.next(), ours.next()) {
            (None, _) if is_sold => self.end(Ending::Mismatch),
            (Some(_), _) if is_undone => self.end(Ending::Mismatch),
            (None, _) if self.is_over => {
                self.settled(TerminalReport::Declined { code: codes::NOT_STORED.into() }, Ending::Declined)
            }
            (None, _) => self.end(Ending::NotStoredYet),
            (Some(Verdict::Approved(approval)), None) => {
                self.settled(TerminalReport::Approved { approval }, Ending::Approved)
            }
            // Another amount, a refund of it, or twice: a person has to look.
            _ => self.end(Ending::Mismatch),
        }
    }
}

impl Dialog<Heard> for EnquiryDialog {
    #[expect(clippy::match_same_arms, reason = "one arm per thing that can happen, in the order it matters")]
    fn step(&mut self, input: Input) -> Vec<Effect> {
        match (self.step, input) {
            (Step::Done, _) | (_, Input::NotKept | Input::CancelWanted) => Vec::new(),
            (_, Input::Start) => self.ask(Step::LastSale),
            (Step::Closed, Input::Deadline) => self.conclude(),
            (_, Input::LineLost | Input::NothingSent | Input::Deadline) => self.end(Ending::NoAnswer),
            (_, Input::Heard(Heard::Frame(data))) => self.frame(&data),
            (_, Input::Heard(Heard::Broken { flaw, .. })) if is_followed(flaw) => Vec::new(),
            (_, Input::Heard(Heard::Broken { .. })) if self.naks < NAKS => {
                self.naks += 1;
                vec![nak(), Effect::Within(self.timing.enquiry_ms)]
            }
            (_, Input::Heard(Heard::Broken { .. })) => self.end(Ending::NoAnswer),
            (_, Input::Heard(Heard::Ack)) if !self.is_acked => {
                self.is_acked = true;
                vec![Effect::Within(self.timing.enquiry_ms)]
            }
            (step @ (Step::LastSale | Step::Details), Input::Heard(Heard::Nak)) if !self.is_acked => {
                if self.sent < SENDS { self.ask(step) } else { self.end(Ending::NoAnswer) }
            }
            (_, Input::Heard(Heard::Ack | Heard::Nak | Heard::Noise(_))) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAST: &str = "0260|00|597029414300|75001637|000007|252985|1990|0||0461|000123|CR|||VI|21112026|233000|0|0||";
    const ROW: &str = "0261|00|597029414300|75001637|000007|252985|1990|0461|000123|CR|||VI|21112026|233000|0|0|0|0";
    const CLOSING: &str = "0261|00|597029414300|75001637||      |0|||||||||||";

    fn asked(is_over: bool) -> EnquiryDialog {
        let key = SaleKey { ticket: "000007".into(), amount: 1_990, commerce: None };
        let mut dialog = EnquiryDialog::new(key, is_over, &Timing::default());
        assert_eq!(dialog.step(Input::Start)[0], Effect::Send(frame::encode("0250|")));
        dialog.step(Input::Heard(Heard::Ack));
        dialog
    }

    fn say(dialog: &mut EnquiryDialog, data: &str) -> Vec<Effect> {
        dialog.step(Input::Heard(Heard::Frame(data.as_bytes().to_vec())))
    }

    /// Another sale is the last one, so the list is asked for; then these rows, and the list is closed.
    fn listed(is_over: bool, rows: &[&str]) -> Vec<Effect> {
        let mut dialog = asked(is_over);
        let effects = say(&mut dialog, &LAST.replace("000007", "000006"));
        assert_eq!(effects[..2], [ack(), Effect::Send(frame::encode("0260|1|"))]);
        dialog.step(Input::Heard(Heard::Ack));
        for row in rows {
            assert_eq!(say(&mut dialog, row)[0], ack());
        }
        say(&mut dialog, CLOSING);
        assert_eq!(say(&mut dialog, CLOSING), vec![ack()], "newer firmware closes twice");
        dialog.step(Input::Deadline)
    }

    #[test]
    fn our_ticket_and_amount_as_the_last_sale_is_an_approval() {
        let effects = say(&mut asked(false), LAST);
        assert!(matches!(&effects[0], Effect::Report(TerminalReport::Approved { .. })));
        assert_eq!(effects[1..], [ack(), Effect::End(Ending::Approved)]);
    }

    #[test]
    fn our_ticket_with_another_amount_is_for_a_person() {
        let effects = say(&mut asked(true), &LAST.replace("|1990|", "|2990|"));
        assert_eq!(effects, vec![ack(), Effect::End(Ending::Mismatch)]);
    }

    #[test]
    fn a_memory_without_our_ticket_proves_nothing_while_the_customer_may_still_be_there() {
        assert_eq!(listed(false, &[&ROW.replace("000007", "000005")]), vec![Effect::End(Ending::NotStoredYet)]);
    }

    #[test]
    fn a_memory_without_our_ticket_proves_in_time_that_nothing_was_taken() {
        let report = Effect::Report(TerminalReport::Declined { code: codes::NOT_STORED.into() });
        let rows = [ROW.replace("000007", "000005"), ROW.replace("000007", "000006")];
        let effects = listed(true, &[&rows[0], &rows[1]]);
        assert_eq!(effects, vec![report, Effect::End(Ending::Declined)]);
        assert_eq!(listed(true, &[]), effects, "an empty memory too");
    }

    #[test]
    fn a_row_with_our_ticket_is_an_approval_unless_it_was_undone() {
        assert!(matches!(
            listed(true, &[ROW])[..],
            [Effect::Report(TerminalReport::Approved { .. }), Effect::End(Ending::Approved)]
        ));
        let undone = ROW.replace("|1990|", "|-1990|");
        assert_eq!(listed(true, &[ROW, &undone]), vec![Effect::End(Ending::Mismatch)]);
    }

    #[test]
    fn a_sale_typed_into_the_terminal_is_none_of_ours() {
        let mut dialog = asked(true);
        let effects = say(&mut dialog, &LAST.replace("000007", ""));
        assert_eq!(effects[..2], [ack(), Effect::Send(frame::encode("0260|1|"))]);
        let nameless = ROW.replace("000007", "");
        assert!(matches!(listed(true, &[ROW, &nameless])[1], Effect::End(Ending::Approved)));
        assert_eq!(
            listed(true, &[&nameless]),
            vec![Effect::End(Ending::Mismatch)],
            "ours is missing, and this is like it"
        );
        let other = nameless.replace("|1990|", "|5000|");
        assert!(matches!(listed(true, &[&other])[1], Effect::End(Ending::Declined)));
        let undone = nameless.replace("|1990|", "|-1990|");
        assert_eq!(listed(true, &[ROW, &undone]), vec![Effect::End(Ending::Mismatch)]);
    }

    #[test]
    fn no_sale_stored_still_has_the_list_read() {
        let mut dialog = asked(true);
        let effects = say(&mut dialog, "0260|11|597029414300|75001637|");
        assert_eq!(effects[..2], [ack(), Effect::Send(frame::encode("0260|1|"))]);
        let effects = dialog.step(Input::Deadline);
        assert_eq!(effects, vec![Effect::End(Ending::NoAnswer)], "and without the list nothing is proved");
    }

    #[test]
    fn a_refused_enquiry_proves_nothing() {
        assert_eq!(say(&mut asked(true), "0260|26|597029414300|75001637|"), vec![ack(), Effect::End(Ending::NoAnswer)]);
    }
}
