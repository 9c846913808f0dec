//! The queue of papers, as people work it: what waits, what is in doubt, and which printer takes it.

use serde_json::Value;
use shared::event::{Fact, ReceiptReprinted};

use super::{Caller, Till};
use crate::commands::types::{
    Nothing, PaperDoubt, PaperKind, PrintJobRef, PrintJobView, PrintJobsView, TillStatus, UsePrinter,
};
use crate::commands::{CommandError, ErrorCode};
use crate::ledger::print_job::{self, NewPrintJob, StoredPrintJob};
use crate::printer::Document;

/// More than anybody reads.
const LISTED: u32 = 100;

/// `printer.jobs`
pub(crate) fn list_jobs(till: &Till, _: &Caller, _: &Nothing) -> Result<PrintJobsView, CommandError> {
    // One moment for both: a paper is not through in one of them alone.
    let (jobs, open) = till.ledger().view(|ledger| {
        Ok::<_, CommandError>((print_job::list_open(ledger, LISTED)?, print_job::count_open(ledger)?))
    })?;
    Ok(PrintJobsView { jobs: jobs.iter().map(view).collect(), waiting: open.waiting, in_doubt: open.unknown })
}

/// `printer.print_again`
pub(crate) fn print_again(till: &Till, who: &Caller, args: &PrintJobRef) -> Result<PrintJobsView, CommandError> {
    till.require_printer()?;
    {
        let _turn = till.take_turn();
        let job = till.find_in_doubt(args.job_id)?.filter(|job| view(job).can_print_again).ok_or_else(not_in_doubt)?;
        // A sale counts its copies in the ledger, so that two of its papers never bear one number.
        let sold = job.sale_id.map(|sale_id| till.load_sale(sale_id)).transpose()?;
        let copy_no = sold.as_ref().map_or(0, |sale| sale.copies).max(job.copy_no) + 1;
        let fact = job.sale_id.map(|sale_id| Fact::ReceiptReprinted(ReceiptReprinted { sale_id, copy_no }));
        let session = till.find_session()?.map(|stored| stored.session.session_id);
        let (actor, now) = (who.by()?, till.clock.now());
        let copy = NewPrintJob { document: job.document, sale_id: job.sale_id, copy_no, opens_drawer: false };
        till.ledger().write(move |tx| {
            if let Some(fact) = &fact {
                tx.append(fact, actor, session)?;
            }
            tx.settle_print_job(job.job_id)?;
            tx.insert_print_job(&copy, now)
        })?;
    }
    till.wake_printer();
    list_jobs(till, who, &Nothing {})
}

/// `printer.found`
pub(crate) fn found(till: &Till, who: &Caller, args: &PrintJobRef) -> Result<PrintJobsView, CommandError> {
    let job_id = args.job_id;
    if !till.ledger().write(move |tx| tx.settle_print_job(job_id))? {
        return Err(not_in_doubt());
    }
    list_jobs(till, who, &Nothing {})
}

/// `printer.use`
pub(crate) fn use_printer(till: &Till, _: &Caller, args: &UsePrinter) -> Result<TillStatus, CommandError> {
    till.require_printer()?;
    if till.config.printer.as_ref().is_none_or(|printer| printer.spare.is_none()) {
        return Err(CommandError::new(ErrorCode::PrinterHasNoSpare, "This till has one printer."));
    }
    let is_spare = args.is_spare;
    till.ledger().write(move |tx| tx.choose_printer(is_spare))?;
    till.turn_to_printer(is_spare);
    till.status()
}

impl Till {
    fn find_in_doubt(&self, job_id: i64) -> Result<Option<StoredPrintJob>, CommandError> {
        Ok(self.ledger().read(|connection| print_job::find_unknown(connection, job_id))?)
    }
}

fn not_in_doubt() -> CommandError {
    CommandError::new(ErrorCode::PaperNotInDoubt, "No such paper is in doubt, or it cannot be printed again.")
}

/// A doubt as the ledger keeps it: the word the screens get.
pub(super) fn doubt_word(doubt: PaperDoubt) -> String {
    match serde_json::to_value(doubt) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}

fn view(job: &StoredPrintJob) -> PrintJobView {
    let (paper, name) = about(serde_json::from_str(&job.document).ok().as_ref());
    let word = |why: &String| serde_json::from_value(Value::String(why.clone())).ok();
    let doubt = || job.why.as_ref().and_then(word).unwrap_or(PaperDoubt::TillStopped);
    PrintJobView {
        job_id: job.job_id,
        paper,
        name,
        copy_no: job.copy_no,
        queued_at: job.queued_at,
        doubt: job.is_unknown.then(doubt),
        can_print_again: job.is_unknown && !matches!(paper, PaperKind::Drawer | PaperKind::Unreadable),
    }
}

fn about(document: Option<&Document>) -> (PaperKind, Option<String>) {
    match document {
        Some(Document::Receipt(receipt)) => (PaperKind::Receipt, Some(receipt.receipt_no.to_string())),
        Some(Document::Ticket(ticket)) => (PaperKind::Ticket, Some(ticket.display_code.clone())),
        Some(Document::OpeningSlip(_)) => (PaperKind::OpeningSlip, None),
        Some(Document::CashSlip(_)) => (PaperKind::CashSlip, None),
        Some(Document::XReport(_)) => (PaperKind::XReport, None),
        Some(Document::ZReport(slip)) => (PaperKind::ZReport, Some(slip.z.z_number.to_string())),
        Some(Document::Badge(badge)) => (PaperKind::Badge, Some(badge.name.clone())),
        Some(Document::TerminalSlip(_)) => (PaperKind::TerminalSlip, None),
        Some(Document::TestPage(_)) => (PaperKind::TestPage, None),
        Some(Document::Drawer) => (PaperKind::Drawer, None),
        None => (PaperKind::Unreadable, None),
    }
}
