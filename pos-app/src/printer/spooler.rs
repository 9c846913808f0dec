//! One job after the other, each at most once unmarked.

use super::document::Document;

/// Where jobs wait. Rows in the till's ledger; told here, kept there.
pub trait PrintQueue: Send + Sync {
    /// How many wait. Asked often, so it should be cheap.
    fn pending(&self) -> u32;
    /// Takes the oldest job and marks it as being sent, durably: after a crash it comes again as a copy.
    fn next(&self) -> Option<PrintJob>;
    /// It came out.
    fn sent(&self, job_id: i64);
    /// It did not come out this time; it waits again. When `may_have_printed`, bytes left for the printer and nobody
    /// knows what became of them: next time it must be a copy.
    fn failed(&self, job_id: i64, why: &str, may_have_printed: bool);
    /// The printer's health changed, so the status bar should look again.
    fn health_changed(&self) {}
}

/// One document to print once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrintJob {
    /// The row.
    pub job_id: i64,
    /// What.
    pub document: Document,
    /// 0 is the original; from 1 on the paper says COPIA n.
    pub copy_no: u32,
    /// Opens the drawer before it prints.
    pub opens_drawer: bool,
}
