//! Where paper waits, as the printer's thread sees it.

use std::sync::Weak;

use super::Till;
use super::paper_desk::doubt_word;
use crate::commands::types::PaperDoubt;
use crate::ledger::{LedgerError, LedgerTx, print_job};
use crate::printer::{PrintJob, PrintQueue};

/// A drawer that was to open for change does not spring open when the printer is back an hour later.
const DRAWER_WAITS_MS: i64 = 60_000;

/// The till's print queue.
#[derive(Clone)]
pub struct TillPaper(pub Weak<Till>);

impl PrintQueue for TillPaper {
    fn pending(&self) -> u32 {
        let till = self.0.upgrade();
        till.and_then(|till| till.ledger().read(print_job::count_open).ok()).map_or(0, |open| open.waiting)
    }

    fn next(&self) -> Option<PrintJob> {
        let till = self.0.upgrade()?;
        loop {
            let taken = till.ledger().write(print_job::take);
            let stored = taken.inspect_err(|error| tracing::warn!(%error, "no paper can be taken")).ok()??;
            let (job_id, copy_no) = (stored.job_id, stored.copy_no);
            let waited_ms = till.clock.now().as_millis().saturating_sub(stored.queued_at.as_millis());
            let opens_drawer = stored.opens_drawer && waited_ms < DRAWER_WAITS_MS;
            match serde_json::from_str(&stored.document) {
                Ok(document) => return Some(PrintJob { job_id, document, copy_no, opens_drawer }),
                // Written by a program this one does not understand: it must not hold up the paper behind it.
                Err(error) => {
                    tracing::error!(job_id, %error, "a print job cannot be read and is left out");
                    self.in_doubt(job_id, PaperDoubt::Unreadable);
                }
            }
        }
    }

    fn done(&self, job_id: i64, is_confirmed: bool) {
        self.note(move |tx| tx.finish_print_job(job_id, is_confirmed));
    }

    fn not_sent(&self, job_id: i64, why: &str) {
        let why = why.to_owned();
        self.note(move |tx| tx.requeue_print_job(job_id, &why));
    }

    fn in_doubt(&self, job_id: i64, doubt: PaperDoubt) {
        let why = doubt_word(doubt);
        self.note(move |tx| tx.doubt_print_job(job_id, &why));
    }

    fn health_changed(&self) {
        if let Some(till) = self.0.upgrade() {
            till.notify_status();
        }
    }
}

impl TillPaper {
    fn note(&self, deed: impl FnOnce(&LedgerTx<'_>) -> Result<(), LedgerError> + Send + 'static) {
        let Some(till) = self.0.upgrade() else { return };
        if let Err(error) = till.ledger().write(deed) {
            // The job stays as it was: after a restart it is in doubt.
            tracing::warn!(%error, "what became of a paper could not be kept");
        }
        till.notify_status();
    }
}
