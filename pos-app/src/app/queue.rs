//! Where paper waits, as the printer's thread sees it.

use std::sync::Weak;

use super::Till;
use crate::ledger::{LedgerError, LedgerTx, print_job};
use crate::printer::{PrintJob, PrintQueue};

/// The till's print queue.
#[derive(Clone)]
pub struct TillPaper(pub Weak<Till>);

impl PrintQueue for TillPaper {
    fn pending(&self) -> u32 {
        let till = self.0.upgrade();
        till.and_then(|till| till.ledger().read(print_job::count_waiting).ok()).unwrap_or(0)
    }

    fn next(&self) -> Option<PrintJob> {
        let till = self.0.upgrade()?;
        loop {
            let taken = till.ledger().write(print_job::take);
            let stored = taken.inspect_err(|error| tracing::warn!(%error, "no paper can be taken")).ok()??;
            let (job_id, copy_no, opens_drawer) = (stored.job_id, stored.copy_no, stored.opens_drawer);
            match serde_json::from_str(&stored.document) {
                Ok(document) => return Some(PrintJob { job_id, document, copy_no, opens_drawer }),
                // Written by a program this one does not understand: it must not hold up the paper behind it.
                Err(error) => {
                    tracing::error!(job_id, %error, "a print job cannot be read and is left out");
                    till.ledger().write(move |tx| tx.mark_print_job_sent(job_id)).ok()?;
                }
            }
        }
    }

    fn sent(&self, job_id: i64) {
        self.note(move |tx| tx.mark_print_job_sent(job_id));
    }

    fn failed(&self, job_id: i64, why: &str, may_have_printed: bool) {
        let why = why.to_owned();
        self.note(move |tx| tx.requeue_print_job(job_id, &why, may_have_printed));
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
            // The job stays as it was: after a restart it comes out as a copy.
            tracing::warn!(%error, "what became of a paper could not be kept");
        }
        till.notify_status();
    }
}
