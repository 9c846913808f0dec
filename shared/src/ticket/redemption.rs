//! What a ticket still owes, and what a bar may hand over. The state is derived from redemptions, never kept by hand.

use serde::{Deserialize, Serialize};

use super::Ticket;
use crate::time::BusinessDate;

/// So many pieces of one ticket line, handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct RedeemedLine {
    /// Place on the ticket, from 1.
    pub line_no: u8,
    /// How many pieces.
    pub quantity: u8,
}

/// One line and what is left of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct OwedLine {
    /// Place on the ticket, from 1.
    pub line_no: u8,
    /// The product's short number.
    pub product_number: u16,
    /// As sold.
    pub quantity: u8,
    /// Handed over so far; more than sold when two bars poured unheard of each other.
    pub redeemed: u32,
    /// Still to hand over.
    pub owed: u8,
}

/// What is known to have become of a ticket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uses<'a> {
    /// Handed over by anyone, and not taken back.
    pub redeemed: &'a [RedeemedLine],
    /// Withdrawn by anyone.
    pub is_void: bool,
}

impl<'a> Uses<'a> {
    /// Of a ticket nobody withdrew.
    pub const fn of(redeemed: &'a [RedeemedLine]) -> Self {
        Self { redeemed, is_void: false }
    }
}

/// What to tell the bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing handed over yet.
    Valid,
    /// Some handed over.
    Partial,
    /// Everything handed over.
    Delivered,
    /// Withdrawn before everything was handed over.
    Void,
    /// Its nights are over.
    Expired,
    /// Sold for a night that has not begun here.
    OtherNight,
}

/// A ticket judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Standing {
    /// What to tell the bar.
    pub verdict: Verdict,
    /// Line by line.
    pub lines: Vec<OwedLine>,
}

/// Why nothing is handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedeemError {
    /// All of it was handed over before.
    #[error("the ticket was already redeemed")]
    AlreadyRedeemed,
    /// Somebody withdrew it.
    #[error("the ticket was withdrawn")]
    Void,
    /// Its nights are over.
    #[error("the ticket expired after {0}")]
    Expired(BusinessDate),
    /// Its night has not begun.
    #[error("the ticket is for {0}")]
    OtherNight(BusinessDate),
    /// No such line.
    #[error("the ticket has no line {0}")]
    UnknownLine(u8),
    /// More than is owed.
    #[error("line {line_no} owes {owed}, not {asked}")]
    TooMany {
        /// The line.
        line_no: u8,
        /// What it owes.
        owed: u8,
        /// What was asked.
        asked: u8,
    },
    /// Nothing was asked for.
    #[error("nothing to hand over was named")]
    Nothing,
}

/// Judges a ticket by what is known to be redeemed, on the till's business date. No clock is asked.
pub fn judge(ticket: &Ticket, uses: Uses<'_>, today: BusinessDate) -> Standing {
    let lines: Vec<_> = (1_u8..)
        .zip(&ticket.lines)
        .map(|(line_no, line)| {
            let of_line = uses.redeemed.iter().filter(|r| r.line_no == line_no);
            let redeemed: u32 = of_line.map(|r| u32::from(r.quantity)).sum();
            let owed = line.quantity.saturating_sub(u8::try_from(redeemed).unwrap_or(u8::MAX));
            OwedLine { line_no, product_number: line.product_number, quantity: line.quantity, redeemed, owed }
        })
        .collect();
    let verdict = if lines.iter().all(|line| line.owed == 0) {
        Verdict::Delivered
    } else if uses.is_void {
        Verdict::Void
    } else if today > ticket.last_valid_date() {
        Verdict::Expired
    } else if today < ticket.business_date {
        Verdict::OtherNight
    } else if lines.iter().any(|line| line.redeemed > 0) {
        Verdict::Partial
    } else {
        Verdict::Valid
    };
    Standing { verdict, lines }
}

/// What is handed over now: the lines asked for, or everything owed when none is named.
pub fn redeem(
    ticket: &Ticket,
    uses: Uses<'_>,
    today: BusinessDate,
    asked: Option<&[RedeemedLine]>,
) -> Result<Vec<RedeemedLine>, RedeemError> {
    let standing = judge(ticket, uses, today);
    match standing.verdict {
        Verdict::Delivered => return Err(RedeemError::AlreadyRedeemed),
        Verdict::Void => return Err(RedeemError::Void),
        Verdict::Expired => return Err(RedeemError::Expired(ticket.last_valid_date())),
        Verdict::OtherNight => return Err(RedeemError::OtherNight(ticket.business_date)),
        Verdict::Valid | Verdict::Partial => {}
    }
    let Some(asked) = asked else {
        let owed = standing.lines.iter().filter(|line| line.owed > 0);
        return Ok(owed.map(|line| RedeemedLine { line_no: line.line_no, quantity: line.owed }).collect());
    };
    if asked.iter().all(|line| line.quantity == 0) {
        return Err(RedeemError::Nothing);
    }
    for line in &standing.lines {
        let of_line = asked.iter().filter(|a| a.line_no == line.line_no);
        let sum: u32 = of_line.map(|a| u32::from(a.quantity)).sum();
        if sum > u32::from(line.owed) {
            let asked = u8::try_from(sum).unwrap_or(u8::MAX);
            return Err(RedeemError::TooMany { line_no: line.line_no, owed: line.owed, asked });
        }
    }
    if let Some(stray) = asked.iter().find(|a| !standing.lines.iter().any(|line| line.line_no == a.line_no)) {
        return Err(RedeemError::UnknownLine(stray.line_no));
    }
    Ok(asked.iter().filter(|line| line.quantity > 0).copied().collect())
}
