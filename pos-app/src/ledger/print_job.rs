//! Paper that is to come out. The job is written with the deed it is for; the printer catches up when it can.

use rusqlite::{Connection, OptionalExtension, params};
use shared::ids::SaleId;
use shared::time::Timestamp;

use super::{LedgerError, LedgerTx};

/// A job to be written: the document as JSON text, so that this room knows nothing of paper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPrintJob {
    /// What to print.
    pub document: String,
    /// The sale it belongs to.
    pub sale_id: Option<SaleId>,
    /// 0 for the original.
    pub copy_no: u32,
    /// Opens the drawer first.
    pub opens_drawer: bool,
}

/// A job as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPrintJob {
    /// Its number.
    pub job_id: i64,
    /// What to print, JSON.
    pub document: String,
    /// 0 for the original.
    pub copy_no: u32,
    /// Opens the drawer first.
    pub opens_drawer: bool,
}

impl LedgerTx<'_> {
    /// Writes a job, in the transaction of the deed it is for.
    pub fn insert_print_job(&self, job: &NewPrintJob, at: Timestamp) -> Result<i64, LedgerError> {
        self.connection()
            .prepare_cached(
                "INSERT INTO print_job (document, sale_id, copy_no, opens_drawer, queued_at)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                job.document,
                job.sale_id.as_ref().map(SaleId::as_bytes),
                job.copy_no,
                job.opens_drawer,
                at.as_millis()
            ])?;
        Ok(self.connection().last_insert_rowid())
    }

    /// The job came out.
    pub fn mark_print_job_sent(&self, job_id: i64) -> Result<(), LedgerError> {
        self.connection()
            .prepare_cached("UPDATE print_job SET state = 'sent', why = NULL WHERE job_id = ?1")?
            .execute([job_id])?;
        Ok(())
    }

    /// The job did not come out and waits again: as a copy that leaves the drawer shut, if it may have come out after all.
    pub fn requeue_print_job(&self, job_id: i64, why: &str, may_have_printed: bool) -> Result<(), LedgerError> {
        self.connection()
            .prepare_cached(
                "UPDATE print_job SET state = 'queued', why = ?2, copy_no = copy_no + ?3,
                    opens_drawer = opens_drawer AND NOT ?3
                 WHERE job_id = ?1 AND state = 'sending'",
            )?
            .execute(params![job_id, why, may_have_printed])?;
        Ok(())
    }
}

/// The oldest job that waits; from here on it may have left bytes behind.
pub fn take(tx: &LedgerTx<'_>) -> Result<Option<StoredPrintJob>, LedgerError> {
    let mut next = tx.connection().prepare_cached(
        "UPDATE print_job SET state = 'sending', tries = tries + 1
         WHERE job_id = (SELECT job_id FROM print_job WHERE state = 'queued' ORDER BY job_id LIMIT 1)
         RETURNING job_id, document, copy_no, opens_drawer",
    )?;
    let job = next.query_row([], |row| {
        Ok(StoredPrintJob {
            job_id: row.get(0)?,
            document: row.get(1)?,
            copy_no: row.get(2)?,
            opens_drawer: row.get(3)?,
        })
    });
    Ok(job.optional()?)
}

/// At a start: what was on its way when the till stopped may lie on the counter already, so it comes out as a copy,
/// and the drawer stays shut.
pub fn requeue_interrupted(tx: &LedgerTx<'_>) -> Result<usize, LedgerError> {
    let sql = "UPDATE print_job SET state = 'queued', copy_no = copy_no + 1, opens_drawer = 0 WHERE state = 'sending'";
    Ok(tx.connection().execute(sql, [])?)
}

/// How many jobs wait.
pub fn count_waiting(connection: &Connection) -> Result<u32, LedgerError> {
    let sql = "SELECT count(*) FROM print_job WHERE state <> 'sent'";
    Ok(connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}
