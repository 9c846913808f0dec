//! What comes out of the printer: documents made from facts, written with the deed they are for.

use shared::event::{CashMoved, Fact, ReceiptReprinted, SaleRecorded};
use shared::money::Currency;
use shared::register::{CashCount, RegisterSession, XReport, ZReport};
use shared::sale::SaleLine;
use shared::time::{BusinessDate, Timestamp};
use shared::venue::{Register, Venue};

use super::sale::view_sale;
use super::{Caller, Till};
use crate::commands::types::{CompletedSaleView, DeviceState, Nothing, OpenDrawer, Reprint, TillStatus};
use crate::commands::{CommandError, ErrorCode};
use crate::ledger::column::to_json;
use crate::ledger::print_job::NewPrintJob;
use crate::ledger::sale::{StoredSale, find_sale};
use crate::printer::{
    CashSlip, Columns, Document, Heading, Language, OpeningSlip, Receipt, TerminalSlip, TestPage, TicketSlip, WallTime,
    XSlip, ZSlip, logo,
};

/// `printer.test`
pub(crate) fn test_printer(till: &Till, _: &Caller, _: &Nothing) -> Result<TillStatus, CommandError> {
    let printer = till.require_answering_printer()?;
    let (venue, register) = (till.venue()?, till.register()?);
    let now = till.clock.now();
    let page = Document::TestPage(TestPage {
        language: Language::of(venue.currency),
        at: WallTime::at(now, &venue.time_zone),
        venue: venue.name,
        register: register.name,
        printer,
        logo_trouble: till.logo_trouble(),
    });
    let job = job_of(&page);
    till.ledger().write(move |tx| tx.insert_print_job(&job, now))?;
    till.wake_printer();
    till.status()
}

/// `register.print`
pub(crate) fn print_reading(till: &Till, who: &Caller, nothing: &Nothing) -> Result<XReport, CommandError> {
    till.require_printer()?;
    let x = super::read_register(till, who, nothing)?;
    let session = till.session()?.session;
    let (venue, register) = (till.venue()?, till.register()?);
    let slip = Document::XReport(XSlip {
        heading: Heading::new(&venue, &register, &who.staff()?.name, x.read_at, x.business_date),
        currency: session.currency,
        opened_at: WallTime::at(session.opened_at, &venue.time_zone),
        x: x.clone(),
    });
    let (job, now) = (job_of(&slip), till.clock.now());
    till.ledger().write(move |tx| tx.insert_print_job(&job, now))?;
    till.wake_printer();
    Ok(x)
}

/// `printer.reprint`
pub(crate) fn reprint(till: &Till, who: &Caller, args: &Reprint) -> Result<CompletedSaleView, CommandError> {
    till.require_printer()?;
    {
        let _turn = till.take_turn();
        let stored = till.load_sale(args.sale_id)?;
        let copy_no = stored.copies + 1;
        let operator = till.name_of(stored.operator)?.unwrap_or_default();
        let (venue, register) = (till.venue()?, till.register()?);
        let mut jobs = sale_jobs(&stored.recorded, &venue, &register, &operator);
        for job in &mut jobs {
            job.copy_no = copy_no;
            job.opens_drawer = false;
        }
        let session = till.find_session()?.map(|stored| stored.session.session_id);
        let fact = Fact::ReceiptReprinted(ReceiptReprinted { sale_id: args.sale_id, copy_no });
        let (by, now, sale_id) = (who.by()?, till.clock.now(), args.sale_id);
        till.ledger().write(move |tx| {
            tx.append(&fact, by, session)?;
            tx.settle_print_jobs_of(sale_id)?;
            jobs.iter().try_for_each(|job| tx.insert_print_job(job, now).map(drop))
        })?;
    }
    till.wake_printer();
    Ok(view_sale(till.load_sale(args.sale_id)?))
}

/// `drawer.open`
pub(crate) fn open_drawer(till: &Till, who: &Caller, args: &OpenDrawer) -> Result<TillStatus, CommandError> {
    till.require_answering_printer()?;
    till.require_drawer()?;
    let session = till.find_session()?.map(|stored| stored.session.session_id);
    let fact = Fact::DrawerOpened(shared::event::DrawerOpened { reason: args.reason.trim().to_owned() });
    let job = NewPrintJob { opens_drawer: true, ..job_of(&Document::Drawer) };
    let (by, now) = (who.by()?, till.clock.now());
    till.ledger().write(move |tx| {
        tx.append(&fact, by, session)?;
        tx.insert_print_job(&job, now)
    })?;
    till.wake_printer();
    till.status()
}

impl Till {
    /// A sale of this till.
    ///
    /// Errors: `sale_unknown`.
    pub(super) fn load_sale(&self, sale_id: shared::ids::SaleId) -> Result<StoredSale, CommandError> {
        let stored = self.ledger().read(|connection| find_sale(connection, sale_id))?;
        stored.ok_or_else(|| CommandError::new(ErrorCode::SaleUnknown, "This till made no such sale."))
    }

    /// Where the printer is.
    ///
    /// Errors: `printer_not_configured`.
    pub(super) fn require_printer(&self) -> Result<String, CommandError> {
        let none = || CommandError::new(ErrorCode::PrinterNotConfigured, "No printer is set up at this till.");
        Ok(self.config.printer.as_ref().ok_or_else(none)?.address.clone())
    }

    /// Where the printer is. A drawer must not spring open, nor a test page come out, whenever the printer is back.
    ///
    /// Errors: `printer_not_configured`, `printer_unreachable`.
    fn require_answering_printer(&self) -> Result<String, CommandError> {
        let address = self.require_printer()?;
        let health = self.printer_health()?;
        if health.state == DeviceState::Unreachable {
            let message = "The printer does not answer. Look at its cable and its power.";
            return Err(CommandError::new(ErrorCode::PrinterUnreachable, message).with("detail", health.detail));
        }
        Ok(address)
    }

    /// Why the printer's picture cannot be printed, if it has one that cannot.
    fn logo_trouble(&self) -> Option<String> {
        let printer = self.config.printer.as_ref()?;
        let (path, columns) = (printer.logo.as_ref()?, Columns::from_count(printer.columns)?);
        logo::load(path, columns.dots()).err().map(|error| error.to_string())
    }

    /// A drawer hangs on the printer in use.
    ///
    /// Errors: `drawer_elsewhere`.
    fn require_drawer(&self) -> Result<(), CommandError> {
        let Some(printer) = &self.config.printer else { return Ok(()) };
        let uses_spare = self.paper_status()?.uses_spare;
        let in_use = printer.spare.as_deref().filter(|_| uses_spare).unwrap_or(printer);
        if in_use.drawer.unwrap_or(!uses_spare) {
            return Ok(());
        }
        let message = "No drawer hangs on the printer in use. Open it with its key.";
        Err(CommandError::new(ErrorCode::DrawerElsewhere, message))
    }

    /// The paper of a deed; none where there is no printer to catch up with it.
    fn paper(&self, jobs: impl FnOnce() -> Vec<NewPrintJob>) -> Vec<NewPrintJob> {
        if self.config.printer.is_some() { jobs() } else { Vec::new() }
    }

    pub(super) fn sale_paper(
        &self,
        sale: &SaleRecorded,
        (venue, register, operator): (&Venue, &Register, &str),
    ) -> Vec<NewPrintJob> {
        self.paper(|| sale_jobs(sale, venue, register, operator))
    }

    /// What the terminal has no paper for: its receipts and reports, as it words them.
    pub(super) fn print_for_terminal(&self, lines: &[String]) -> Result<(), CommandError> {
        let language = Language::of(self.venue()?.currency);
        let slip = || Document::TerminalSlip(TerminalSlip { language, lines: lines.to_vec() });
        let (jobs, now) = (self.paper(|| vec![job_of(&slip())]), self.clock.now());
        if !jobs.is_empty() {
            self.ledger().write(|tx| jobs.iter().try_for_each(|job| tx.insert_print_job(job, now).map(drop)))?;
            self.wake_printer();
        }
        Ok(())
    }

    pub(super) fn opening_slip(
        &self,
        session: &RegisterSession,
        venue: &Venue,
        register: &Register,
        operator: &str,
    ) -> Vec<NewPrintJob> {
        self.paper(|| {
            let heading = Heading::new(venue, register, operator, session.opened_at, session.business_date);
            let (currency, float) = (session.currency, session.float.clone());
            vec![job_of(&Document::OpeningSlip(OpeningSlip { heading, currency, float }))]
        })
    }

    /// Two people sign for cash that moved. The drawer opens with it, before the slip.
    pub(super) fn cash_slip(
        &self,
        moved: &CashMoved,
        currency: Currency,
        venue: &Venue,
        register: &Register,
        (operator, allowed_by): (&str, Option<String>),
    ) -> Vec<NewPrintJob> {
        self.paper(|| {
            let slip = Document::CashSlip(CashSlip {
                heading: Heading::new(venue, register, operator, moved.moved_at, moved.business_date),
                currency,
                movement: moved.movement,
                amount_minor: moved.amount_minor,
                reason: moved.reason.clone(),
                allowed_by,
            });
            vec![NewPrintJob { opens_drawer: true, ..job_of(&slip) }]
        })
    }

    pub(super) fn z_slip(
        &self,
        session: &RegisterSession,
        counted: &CashCount,
        z: &ZReport,
        closed_at: Timestamp,
        (venue, register, operator): (&Venue, &Register, &str),
    ) -> Vec<NewPrintJob> {
        self.paper(|| {
            vec![job_of(&Document::ZReport(ZSlip {
                heading: Heading::new(venue, register, operator, closed_at, session.business_date),
                currency: session.currency,
                opened_at: WallTime::at(session.opened_at, &venue.time_zone),
                counted: counted.clone(),
                z: z.clone(),
            }))]
        })
    }
}

/// A paper of no sale, once.
pub(super) fn job_of(document: &Document) -> NewPrintJob {
    NewPrintJob { document: to_json(document), sale_id: None, copy_no: 0, opens_drawer: false }
}

/// One receipt, which opens the drawer when cash moved, and a slip per ticket.
fn sale_jobs(sale: &SaleRecorded, venue: &Venue, register: &Register, operator: &str) -> Vec<NewPrintJob> {
    let heading = Heading::new(venue, register, operator, sale.completed_at, sale.business_date);
    let last_day = i32::from(venue.ticket_valid_days.max(1)) - 1;
    let last_day = BusinessDate::from_days(sale.business_date.days() + last_day);
    let valid_until = WallTime::end_of(last_day, venue.cut_over_minutes);
    let promised = super::ticket::promised_lines(&sale.lines);
    let of_sale = |document: &Document| NewPrintJob { sale_id: Some(sale.sale_id), ..job_of(document) };
    let mut jobs = vec![NewPrintJob {
        opens_drawer: sale.settlement.payments.iter().any(|p| matches!(p, shared::tender::Payment::Cash { .. })),
        ..of_sale(&Document::Receipt(Receipt::new(heading.clone(), sale, register)))
    }];
    for (issued, lines) in sale.tickets.iter().zip(&promised) {
        let lines: Vec<&SaleLine> = lines.iter().map(|(_, line)| line).collect();
        let slip = TicketSlip::new(heading.clone(), issued, lines, valid_until);
        jobs.push(of_sale(&Document::Ticket(slip)));
    }
    jobs
}
