//! What the terminal took since its last close, held against what this till knows: line by line, and both ways.

use serde::{Deserialize, Serialize};

use super::{CardApproval, CardPayment, CardState};
use crate::ids::PaymentId;

/// What the terminal says it took since its last close.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct TerminalTotals {
    /// How many transactions.
    pub count: u32,
    /// What they come to, minor units.
    pub total_minor: i64,
}

/// The open batch as a terminal tells it: as much of it as its protocol can say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TerminalBatch {
    /// Count and sum; `None` from one that cannot say them.
    pub totals: Option<TerminalTotals>,
    /// Line by line; `None` from one that keeps no list it could tell.
    pub rows: Option<Vec<TerminalRow>>,
}

/// One transaction in the terminal's memory, as the terminal tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct TerminalRow {
    /// The till's key for it, where the terminal keeps one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub ticket_no: Option<String>,
    /// The terminal's number for it.
    pub operation_no: String,
    /// The bank's code for it.
    pub authorisation_code: String,
    /// What it took, minor units; negative: given back.
    pub amount_minor: i64,
    /// Last four digits of the card.
    pub last4: String,
    /// `CR` credit, `DB` debit, as the terminal says.
    pub card_type: String,
    /// Brand as the terminal names it.
    pub brand: String,
    /// When, as the terminal writes it.
    pub at: String,
}

/// How a line of the comparison came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum BatchVerdict {
    /// Both know it, and of the same amount.
    Agrees,
    /// Both know it, and of different amounts.
    Differs,
    /// The till holds it as paid, and the terminal does not list it.
    OnlyHere,
    /// The terminal lists it, and the till asked for no such thing.
    OnlyThere,
    /// The till holds it as paid, and the terminal tells no list it could stand in.
    Unlisted,
    /// The till itself does not know.
    InDoubt,
}

/// One payment, as both know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct BatchLine {
    /// How it came out.
    pub verdict: BatchVerdict,
    /// The till's payment, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub payment_id: Option<PaymentId>,
    /// The key both may know it by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub ticket_no: Option<String>,
    /// The terminal's number for it, or empty.
    pub operation_no: String,
    /// The bank's code for it, or empty.
    pub authorisation_code: String,
    /// Last four digits of the card, or empty.
    pub last4: String,
    /// When, as the terminal writes it, or empty.
    pub at: String,
    /// What the till holds as taken, minor units.
    pub ours_minor: i64,
    /// What the terminal lists, less what it gave back, minor units.
    pub terminal_minor: i64,
    /// The terminal's less ours, minor units.
    pub difference_minor: i64,
}

/// The three-way table: ours, the terminal's totals, the difference line by line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct BatchComparison {
    /// What the till holds as taken.
    pub ours: TerminalTotals,
    /// What the terminal says in one number, if it says one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub terminal: Option<TerminalTotals>,
    /// What the terminal's own lines add up to, if it tells them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub listed: Option<TerminalTotals>,
    /// Ours in the order they were asked for, then what only the terminal knows.
    pub lines: Vec<BatchLine>,
}

impl BatchComparison {
    /// Holds the payments of a batch, in any state, against what the terminal tells of it.
    pub fn of(payments: &[CardPayment], batch: &TerminalBatch) -> Self {
        Self::with_given_back(payments, &[], batch)
    }

    /// The same with payments of batches before, which the terminal gave back in this one.
    pub fn with_given_back(payments: &[CardPayment], given_back: &[CardPayment], batch: &TerminalBatch) -> Self {
        let rows = batch.rows.as_deref().unwrap_or_default();
        let mut is_known = vec![false; rows.len()];
        let mut ours = TerminalTotals::default();
        let mut lines = Vec::new();
        let before = given_back.iter().map(|payment| (payment, payment.amount_minor.saturating_neg()));
        let taken = payments.iter().map(|payment| {
            // What was given back in cash is in the terminal all the same.
            let is_taken = matches!(payment.state, CardState::Approved { .. });
            (payment, if is_taken { payment.amount_minor } else { 0 })
        });
        for (payment, ours_minor) in before.chain(taken) {
            let mut listed = Vec::new();
            for (row, known) in rows.iter().zip(&mut is_known) {
                if !*known && row.is_of(payment) {
                    *known = true;
                    listed.push(row);
                }
            }
            ours = ours.plus(ours_minor);
            lines.extend(line_of(payment, ours_minor, batch.rows.as_ref().map(|_| &listed[..])));
        }
        let unknown = rows.iter().zip(&is_known).filter(|(_, known)| !**known).map(|(row, _)| BatchLine {
            verdict: BatchVerdict::OnlyThere,
            payment_id: None,
            ticket_no: row.ticket_no.clone(),
            operation_no: row.operation_no.clone(),
            authorisation_code: row.authorisation_code.clone(),
            last4: row.last4.clone(),
            at: row.at.clone(),
            ours_minor: 0,
            terminal_minor: row.amount_minor,
            difference_minor: row.amount_minor,
        });
        lines.extend(unknown);
        let sum = |rows: &Vec<TerminalRow>| {
            rows.iter().fold(TerminalTotals::default(), |sum, row| sum.plus(row.amount_minor))
        };
        Self { ours, terminal: batch.totals, listed: batch.rows.as_ref().map(sum), lines }
    }

    /// Whether there is nothing to look at: the terminal said what it took, and it is what the till holds.
    pub fn agrees(&self) -> bool {
        self.terminal.is_some() && !self.differs()
    }

    /// Whether anything the terminal told is not what the till holds. Terminals count what they gave back as they like, so
    /// only sums are held against each other.
    pub fn differs(&self) -> bool {
        let is_even = |line: &BatchLine| matches!(line.verdict, BatchVerdict::Agrees | BatchVerdict::Unlisted);
        [self.terminal, self.listed].iter().flatten().any(|told| told.total_minor != self.ours.total_minor)
            || !self.lines.iter().all(is_even)
    }

    /// The terminal's sum less ours, minor units; `None` while the terminal has told neither sum nor lines.
    pub fn difference_minor(&self) -> Option<i64> {
        let told = self.terminal.or(self.listed)?;
        Some(told.total_minor.saturating_sub(self.ours.total_minor))
    }
}

/// Nothing taken and nothing listed is no line. `told` is what the terminal lists of it, if it tells a list at all.
fn line_of(payment: &CardPayment, ours_minor: i64, told: Option<&[&TerminalRow]>) -> Option<BatchLine> {
    let listed = told.unwrap_or_default();
    let terminal_minor = listed.iter().fold(0_i64, |sum, row| sum.saturating_add(row.amount_minor));
    let is_doubt = payment.state.is_doubt() || matches!(payment.state, CardState::InProgress { .. });
    let verdict = match listed {
        _ if is_doubt => BatchVerdict::InDoubt,
        [] if ours_minor == 0 => return None,
        [] if told.is_none() => BatchVerdict::Unlisted,
        [] => BatchVerdict::OnlyHere,
        _ if terminal_minor == ours_minor => BatchVerdict::Agrees,
        _ => BatchVerdict::Differs,
    };
    let approval = payment.state.approval();
    let either = |of_ours: fn(&CardApproval) -> &String, of_row: fn(&TerminalRow) -> &String| {
        let ours = approval.map(of_ours).filter(|text| !text.is_empty());
        ours.or_else(|| listed.first().map(|row| of_row(row))).cloned().unwrap_or_default()
    };
    Some(BatchLine {
        verdict,
        payment_id: Some(payment.payment_id),
        ticket_no: Some(payment.ticket_no.clone()),
        operation_no: either(|ours| &ours.operation_no, |row| &row.operation_no),
        authorisation_code: either(|ours| &ours.authorisation_code, |row| &row.authorisation_code),
        last4: either(|ours| &ours.last4, |row| &row.last4),
        at: listed.first().map(|row| row.at.clone()).unwrap_or_default(),
        ours_minor,
        terminal_minor,
        difference_minor: if verdict == BatchVerdict::Unlisted { 0 } else { terminal_minor.saturating_sub(ours_minor) },
    })
}

impl TerminalTotals {
    fn plus(self, amount_minor: i64) -> Self {
        let count = self.count + u32::from(amount_minor != 0);
        Self { count, total_minor: self.total_minor.saturating_add(amount_minor) }
    }
}

impl TerminalRow {
    /// By the till's key where the terminal keeps one, else by the terminal's own numbers.
    fn is_of(&self, payment: &CardPayment) -> bool {
        match self.ticket_no.as_deref().map(str::trim).filter(|ticket| !ticket.is_empty()) {
            // Some leave out the noughts before it.
            Some(ticket) => ticket.trim_start_matches('0') == payment.ticket_no.trim_start_matches('0'),
            None => payment.state.approval().is_some_and(|approval| {
                let taken_minor = self.amount_minor.saturating_abs();
                let is_back = self.amount_minor < 0
                    && taken_minor == payment.amount_minor
                    && !self.operation_no.is_empty()
                    && self.operation_no == approval.operation_no
                    && self.last4 == approval.last4;
                is_back || approval.is_same_transaction(payment.amount_minor, (&self.approval(), taken_minor))
            }),
        }
    }

    fn approval(&self) -> CardApproval {
        CardApproval {
            authorisation_code: self.authorisation_code.clone(),
            operation_no: self.operation_no.clone(),
            last4: self.last4.clone(),
            brand: self.brand.clone(),
            card_type: self.card_type.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::SaleId;
    use crate::time::Timestamp;
    use uuid::Uuid;

    fn row(ticket: &str, operation: &str, amount_minor: i64) -> TerminalRow {
        TerminalRow {
            ticket_no: (!ticket.is_empty()).then(|| ticket.to_owned()),
            operation_no: operation.to_owned(),
            authorisation_code: format!("A{operation}"),
            amount_minor,
            last4: "0461".into(),
            card_type: "CR".into(),
            brand: "VI".into(),
            at: "21112026 233000".into(),
        }
    }

    fn payment(ticket: &str, operation: &str, amount_minor: i64) -> CardPayment {
        let (payment, sale) = (PaymentId::from_uuid(Uuid::nil()), SaleId::from_uuid(Uuid::nil()));
        let new = CardPayment::new(payment, sale, amount_minor, ticket.to_owned(), Timestamp::from_millis(0));
        let state = CardState::Approved { approval: row(ticket, operation, amount_minor).approval() };
        CardPayment { state, ..new }
    }

    fn told(totals: TerminalTotals, rows: &[TerminalRow]) -> TerminalBatch {
        TerminalBatch { totals: Some(totals), rows: Some(rows.to_vec()) }
    }

    fn verdicts(payments: &[CardPayment], rows: &[TerminalRow]) -> Vec<(BatchVerdict, i64)> {
        let compared = BatchComparison::of(payments, &told(TerminalTotals::default(), rows));
        compared.lines.iter().map(|line| (line.verdict, line.difference_minor)).collect()
    }

    #[test]
    fn what_both_know_agrees() {
        let (payments, rows) = ([payment("000001", "7", 1_990)], [row("000001", "7", 1_990)]);
        let compared = BatchComparison::of(&payments, &told(TerminalTotals { count: 1, total_minor: 1_990 }, &rows));
        assert!(compared.agrees(), "{compared:?}");
        let other = BatchComparison::of(&payments, &told(TerminalTotals { count: 2, total_minor: 3_980 }, &rows));
        assert!(!other.agrees(), "a total that its own lines do not come to is a difference");
    }

    #[test]
    fn a_terminal_that_tells_only_its_sum_is_held_to_that() {
        let payments = [payment("000001", "7", 1_990)];
        let sum = |total_minor| TerminalBatch { totals: Some(TerminalTotals { count: 1, total_minor }), rows: None };
        let even = BatchComparison::of(&payments, &sum(1_990));
        assert!(even.agrees() && even.listed.is_none(), "{even:?}");
        let odd = BatchComparison::of(&payments, &sum(2_990));
        assert_eq!((odd.agrees(), odd.differs(), odd.difference_minor()), (false, true, Some(1_000)));
        for compared in [&even, &odd] {
            let lines: Vec<_> = compared.lines.iter().map(|line| (line.verdict, line.difference_minor)).collect();
            assert_eq!(lines, [(BatchVerdict::Unlisted, 0)], "where the difference lies it does not tell");
        }
    }

    #[test]
    fn a_terminal_that_tells_nothing_neither_agrees_nor_differs() {
        let compared = BatchComparison::of(&[payment("000001", "7", 1_990)], &TerminalBatch::default());
        assert_eq!((compared.agrees(), compared.differs(), compared.difference_minor()), (false, false, None));
        let doubtful = CardPayment { state: CardState::Uncertain, ..payment("000001", "7", 1_990) };
        assert!(BatchComparison::of(&[doubtful], &TerminalBatch::default()).differs(), "a doubt is one all the same");
    }

    #[test]
    fn what_one_side_does_not_know_is_named() {
        let rows = [row("000002", "8", 500), row("", "9", 300)];
        let found = verdicts(&[payment("000001", "7", 1_990)], &rows);
        let only = |verdict, minor| (verdict, minor);
        assert_eq!(
            found,
            [
                only(BatchVerdict::OnlyHere, -1_990),
                only(BatchVerdict::OnlyThere, 500),
                only(BatchVerdict::OnlyThere, 300)
            ]
        );
    }

    #[test]
    fn without_a_key_the_terminals_own_numbers_tell() {
        assert_eq!(verdicts(&[payment("000001", "7", 1_990)], &[row("", "7", 1_990)]), [(BatchVerdict::Agrees, 0)]);
        assert_eq!(verdicts(&[payment("000001", "7", 1_990)], &[row("000009", "7", 1_990)]).len(), 2, "another's key");
    }

    #[test]
    fn what_was_taken_before_and_given_back_now_is_less_on_both_sides() {
        let approval = payment("000001", "7", 1_990).state.approval().expect("approved").clone();
        let back = CardPayment { state: CardState::Voided { approval }, ..payment("000001", "7", 1_990) };
        let sum = |total_minor| TerminalBatch { totals: Some(TerminalTotals { count: 2, total_minor }), rows: None };
        let sold = [payment("000002", "1", 5_000)];
        let even = BatchComparison::with_given_back(&sold, std::slice::from_ref(&back), &sum(3_010));
        assert!(even.agrees(), "{even:?}");
        assert_eq!((even.ours.total_minor, even.lines[0].ours_minor), (3_010, -1_990));
        assert!(!BatchComparison::with_given_back(&sold, &[back], &sum(5_000)).agrees());
    }

    #[test]
    fn what_was_given_back_comes_to_nothing_on_both_sides() {
        let voided = |rows: &[TerminalRow]| {
            let approved = payment("000001", "7", 1_990);
            let approval = approved.state.approval().expect("approved").clone();
            verdicts(&[CardPayment { state: CardState::Voided { approval }, ..approved }], rows)
        };
        assert_eq!(voided(&[row("000001", "7", 1_990), row("000001", "7", -1_990)]), [(BatchVerdict::Agrees, 0)]);
        assert_eq!(voided(&[]), [], "some terminals forget both");
        assert_eq!(voided(&[row("000001", "7", 1_990)]), [(BatchVerdict::Differs, 1_990)]);
    }

    #[test]
    fn a_declined_payment_the_terminal_lists_is_a_difference_and_a_doubt_stays_one() {
        let state = |state| CardPayment { state, ..payment("000001", "7", 1_990) };
        let rows = [row("000001", "7", 1_990)];
        assert_eq!(
            verdicts(&[state(CardState::Declined { code: "01".into() })], &rows),
            [(BatchVerdict::Differs, 1_990)]
        );
        assert_eq!(verdicts(&[state(CardState::Uncertain)], &rows), [(BatchVerdict::InDoubt, 1_990)]);
    }
}
