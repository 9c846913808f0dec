//! What is to be printed, complete: names, amounts and times as they were, so that a job prints the same after a
//! restart, and whatever the catalogue says by then. No widths, no bytes.

use serde::{Deserialize, Serialize};
use shared::event::{IssuedTicket, SaleRecorded};
use shared::money::Currency;
use shared::register::{CashCount, CashMovementKind, XReport, ZReport};
use shared::sale::{Quantity, ReceiptCode, SaleLine, Totals};
use shared::staff::Role;
use shared::tender::Settlement;
use shared::ticket::TicketKind;
use shared::time::{BusinessDate, Timestamp};
use shared::venue::{PaperTemplate, Register, Venue};

use super::words::Language;

/// One piece of paper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "document", rename_all = "snake_case")]
pub enum Document {
    /// Of a completed sale.
    Receipt(Receipt),
    /// What the customer carries to the bar.
    Ticket(TicketSlip),
    /// A drawer opened for selling.
    OpeningSlip(OpeningSlip),
    /// Cash put into a drawer or taken out of it.
    CashSlip(CashSlip),
    /// A reading of an open drawer.
    XReport(XSlip),
    /// A drawer counted and closed.
    ZReport(ZSlip),
    /// Who somebody is, to be scanned where they sign in.
    Badge(BadgeSlip),
    /// What a card terminal without paper wants printed.
    TerminalSlip(TerminalSlip),
    /// Does the printer work?
    TestPage(TestPage),
    /// No paper at all: the drawer alone.
    Drawer,
}

/// Date and time on the venue's wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WallTime {
    /// The calendar day.
    pub date: BusinessDate,
    /// Minutes after midnight.
    pub minutes: u16,
}

impl WallTime {
    /// What the clock on the wall shows at a moment. An unknown zone is read as UTC: a paper an hour off is better
    /// than none.
    pub fn at(at: Timestamp, time_zone: &str) -> Self {
        let moment = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let zone = jiff::tz::TimeZone::get(time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
        let local = moment.to_zoned(zone);
        let day = |n: i8| n.unsigned_abs();
        let date = BusinessDate::from_ymd(i32::from(local.year()), day(local.month()), day(local.day()));
        let minutes = i16::from(local.hour()) * 60 + i16::from(local.minute());
        Self { date: date.unwrap_or(BusinessDate::from_days(0)), minutes: minutes.unsigned_abs() }
    }

    /// When a business day ends: at the cut-over of the morning after.
    #[must_use]
    pub fn end_of(day: BusinessDate, cut_over_minutes: u16) -> Self {
        Self { date: BusinessDate::from_days(day.days().saturating_add(1)), minutes: cut_over_minutes % (24 * 60) }
    }
}

impl std::fmt::Display for WallTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:02}:{:02}", paper_date(self.date), self.minutes / 60, self.minutes % 60)
    }
}

/// A date as people here write it: `21-11-2026`.
pub(crate) fn paper_date(date: BusinessDate) -> String {
    let (year, month, day) = date.ymd();
    format!("{day:02}-{month:02}-{year:04}")
}

/// Where a paper comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    /// What it speaks.
    pub language: Language,
    /// As on the sign outside.
    pub venue: String,
    /// Taxpayer number; may be empty.
    pub tax_id: String,
    /// Street and town; may be empty.
    pub address: String,
    /// As people call it.
    pub register: String,
    /// Who was signed in.
    pub operator: String,
    /// When it happened, on the wall.
    pub at: WallTime,
    /// The night it belongs to.
    pub business_date: BusinessDate,
    /// What the venue's receipts say besides.
    #[serde(default, skip_serializing_if = "PaperTemplate::is_empty")]
    pub template: PaperTemplate,
}

impl Heading {
    /// Of something that happened at a register.
    pub fn new(venue: &Venue, register: &Register, operator: &str, at: Timestamp, business_date: BusinessDate) -> Self {
        Self {
            language: Language::of(venue.currency),
            venue: venue.name.clone(),
            tax_id: venue.tax_id.clone(),
            address: venue.address.clone(),
            register: register.name.clone(),
            operator: operator.to_owned(),
            at: WallTime::at(at, &venue.time_zone),
            business_date,
            template: venue.paper.clone(),
        }
    }
}

/// One line of a receipt or ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaperLine {
    /// How much.
    pub quantity_milli: Quantity,
    /// The product's name then.
    pub name: String,
    /// What it came to, minor units.
    pub total_minor: i64,
}

impl From<&SaleLine> for PaperLine {
    fn from(line: &SaleLine) -> Self {
        Self { quantity_milli: line.quantity_milli, name: line.name.clone(), total_minor: line.total_minor }
    }
}

/// The receipt of a completed sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Where and when.
    pub heading: Heading,
    /// Consecutive at this register.
    pub receipt_no: u64,
    /// Of all amounts.
    pub currency: Currency,
    /// What was sold.
    pub lines: Vec<PaperLine>,
    /// What it came to.
    pub totals: Totals,
    /// How it was paid.
    pub settlement: Settlement,
    /// Its number in bars; receipts queued by an older program have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What goes where a tax office has its stamp, as PDF417; nothing here makes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stamp: Option<String>,
}

impl Receipt {
    /// Of a sale that happened at a register.
    pub fn new(heading: Heading, sale: &SaleRecorded, register: &Register) -> Self {
        let code = ReceiptCode { register_code: register.code.clone(), receipt_no: sale.receipt_no };
        Self {
            code: Some(code.to_string()),
            stamp: None,
            heading,
            receipt_no: sale.receipt_no,
            currency: sale.currency,
            lines: sale.lines.iter().map(PaperLine::from).collect(),
            totals: sale.totals.clone(),
            settlement: sale.settlement.clone(),
        }
    }
}

/// What the customer carries to the bar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketSlip {
    /// Where and when.
    pub heading: Heading,
    /// What it is for.
    pub kind: TicketKind,
    /// `BMB 11725-K`.
    pub display_code: String,
    /// The signed code in the QR.
    pub code: String,
    /// What is owed; amounts are not shown.
    pub lines: Vec<PaperLine>,
    /// Until when it can be redeemed, on the wall.
    pub valid_until: WallTime,
}

impl TicketSlip {
    /// Of a ticket that a sale gave out, with the lines it promises.
    pub fn new<'a>(
        heading: Heading,
        issued: &IssuedTicket,
        lines: impl IntoIterator<Item = &'a SaleLine>,
        valid_until: WallTime,
    ) -> Self {
        Self {
            heading,
            kind: TicketKind::Delivery,
            display_code: issued.display_code.clone(),
            code: issued.code.clone(),
            lines: lines.into_iter().map(PaperLine::from).collect(),
            valid_until,
        }
    }
}

/// A drawer opened for selling.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpeningSlip {
    /// Where and when.
    pub heading: Heading,
    /// Of all amounts.
    pub currency: Currency,
    /// Cash found in it.
    pub float: CashCount,
}

/// Cash put into a drawer or taken out of it, for two people to sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CashSlip {
    /// Where and when.
    pub heading: Heading,
    /// Of the amount.
    pub currency: Currency,
    /// Which way.
    pub movement: CashMovementKind,
    /// How much, minor units.
    pub amount_minor: i64,
    /// Why.
    pub reason: String,
    /// Who allowed it; none when whoever did it may.
    pub allowed_by: Option<String>,
}

/// A reading of an open drawer, with as much as whoever read it may see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct XSlip {
    /// Where and when it was read.
    pub heading: Heading,
    /// Of all amounts.
    pub currency: Currency,
    /// When the drawer was opened, on the wall.
    pub opened_at: WallTime,
    /// The reading.
    pub x: XReport,
}

/// A drawer counted and closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZSlip {
    /// Where and when it was closed.
    pub heading: Heading,
    /// Of all amounts.
    pub currency: Currency,
    /// When it was opened, on the wall.
    pub opened_at: WallTime,
    /// What the hands found.
    pub counted: CashCount,
    /// The reading.
    pub z: ZReport,
}

/// Who somebody is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadgeSlip {
    /// Where, when and by whom it was printed.
    pub heading: Heading,
    /// Whose.
    pub name: String,
    /// What they were when it was printed.
    pub roles: Vec<Role>,
    /// The signed code in the QR.
    pub code: String,
    /// The last night it holds.
    pub last_valid: BusinessDate,
}

/// What a card terminal without paper wants printed: its words, card numbers masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalSlip {
    /// What the till's own words on it speak.
    pub language: Language,
    /// Line by line, as the terminal laid it out.
    pub lines: Vec<String>,
}

/// Does the printer work?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestPage {
    /// What it speaks.
    pub language: Language,
    /// Whose paper; may be empty on a till that is not enrolled yet.
    pub venue: String,
    /// The register or machine; may be empty.
    pub register: String,
    /// When, on the wall.
    pub at: WallTime,
    /// Where the printer is, as in the configuration.
    pub printer: String,
    /// Why the picture at the head is missing, when one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo_trouble: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_night_is_dated_on_the_venues_wall() {
        // 22 November 2026, 02:53 UTC: still the evening of the 21st in Santiago.
        let at = Timestamp::from_millis(1_795_315_980_000);
        assert_eq!(WallTime::at(at, "America/Santiago").to_string(), "21-11-2026 23:53");
        assert_eq!(WallTime::at(at, "Nowhere/Town").to_string(), "22-11-2026 02:53");
    }

    #[test]
    fn a_ticket_holds_until_the_morning_after() {
        let last = BusinessDate::from_ymd(2026, 12, 31).expect("a day that exists");
        assert_eq!(WallTime::end_of(last, 360).to_string(), "01-01-2027 06:00");
    }
}
