//! Cash on the counter and in the hand, added up while people still count. Nothing here is written: what counts is what
//! `sale.complete`, `register.open` and `register.close` are given in the end.

use shared::register::Counted;
use shared::tender::change_in_notes;

use super::sale::current_sale;
use super::{Caller, Till};
use crate::commands::types::{AddUpCash, CashRowView, CashSumView, CashTenderView, Nothing, TenderCash};
use crate::commands::{CommandError, ErrorCode};

/// `sale.tender`
pub(crate) fn tender_cash(till: &Till, who: &Caller, args: &TenderCash) -> Result<CashTenderView, CommandError> {
    let sale = current_sale(till, who, &Nothing {})?;
    let due_minor = sale.cash_due_minor;
    let tendered_minor = match (&args.notes, args.amount_minor) {
        (None, None) => due_minor,
        (Some(notes), None) => {
            notes.check(sale.sale.currency).map_err(|error| uncountable(&error))?;
            notes.total_minor()
        }
        (None, Some(amount)) if amount >= 0 => amount,
        (_, Some(amount)) => {
            return Err(CommandError::new(ErrorCode::AmountInvalid, "Notes or one sum, and no less than nothing.")
                .with("amount_minor", amount));
        }
    };
    let change_minor = tendered_minor.saturating_sub(due_minor).max(0);
    let counted = |(denomination_minor, count): (i64, i64)| Counted {
        denomination_minor,
        count: u32::try_from(count).unwrap_or(u32::MAX),
    };
    Ok(CashTenderView {
        due_minor,
        tendered_minor,
        missing_minor: due_minor.saturating_sub(tendered_minor).max(0),
        change_minor,
        change_notes: change_in_notes(change_minor, sale.sale.currency).into_iter().map(counted).collect(),
    })
}

/// `register.add_up`
pub(crate) fn add_up_cash(till: &Till, _: &Caller, args: &AddUpCash) -> Result<CashSumView, CommandError> {
    args.counted.check(till.venue()?.currency).map_err(|error| uncountable(&error))?;
    let row = |counted: &Counted| CashRowView {
        denomination_minor: counted.denomination_minor,
        total_minor: counted.denomination_minor.saturating_mul(i64::from(counted.count)),
    };
    Ok(CashSumView {
        rows: args.counted.0.iter().map(row).collect(),
        pieces: args.counted.0.iter().map(|counted| u64::from(counted.count)).sum(),
        total_minor: args.counted.total_minor(),
    })
}

fn uncountable(error: &shared::register::CountError) -> CommandError {
    CommandError::new(ErrorCode::CountInvalid, error.to_string())
}
