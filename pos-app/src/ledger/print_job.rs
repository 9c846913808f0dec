//! Paper that is to come out. The job is written with the deed it is for; the printer catches up when it can.
//!
//! Invariant: a job leaves `queued` once, before its first byte does, and never comes back to it once a byte may have
//! left. What is in doubt comes out again only as another job, a copy that a person asked for.

use rusqlite::{Connection, OptionalExtension, Row, params};
use shared::ids::SaleId;
use shared::time::Timestamp;

use super::{LedgerError, LedgerTx, column};

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
    /// The sale it belongs to.
    pub sale_id: Option<SaleId>,
    /// 0 for the original.
    pub copy_no: u32,
    /// Opens the drawer first.
    pub opens_drawer: bool,
    /// Nobody knows whether it came out.
    pub is_unknown: bool,
    /// Why it waits or is in doubt, for programs or for the telephone call.
    pub why: Option<String>,
    /// Since when.
    pub queued_at: Timestamp,
}

/// How many jobs are not through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenJobs {
    /// They come out once the printer can.
    pub waiting: u32,
    /// A person has to look.
    pub unknown: u32,
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

    /// The printer has all of it; when `is_confirmed`, it also said that it printed.
    pub fn finish_print_job(&self, job_id: i64, is_confirmed: bool) -> Result<(), LedgerError> {
        let state = if is_confirmed { "confirmed" } else { "sent" };
        self.connection()
            .prepare_cached("UPDATE print_job SET state = ?2, why = NULL WHERE job_id = ?1 AND state = 'sending'")?
            .execute(params![job_id, state])?;
        Ok(())
    }

    /// Not a byte of the job left; it waits again.
    pub fn requeue_print_job(&self, job_id: i64, why: &str) -> Result<(), LedgerError> {
        self.connection()
            .prepare_cached("UPDATE print_job SET state = 'queued', why = ?2 WHERE job_id = ?1 AND state = 'sending'")?
            .execute(params![job_id, why])?;
        Ok(())
    }

    /// Bytes of the job may have left, and nobody knows what became of them.
    pub fn doubt_print_job(&self, job_id: i64, why: &str) -> Result<(), LedgerError> {
        self.connection()
            .prepare_cached("UPDATE print_job SET state = 'unknown', why = ?2 WHERE job_id = ?1 AND state = 'sending'")?
            .execute(params![job_id, why])?;
        Ok(())
    }

    /// A person has looked; false when the job was not in doubt.
    pub fn settle_print_job(&self, job_id: i64) -> Result<bool, LedgerError> {
        let sql = "UPDATE print_job SET state = 'settled' WHERE job_id = ?1 AND state = 'unknown'";
        Ok(self.connection().prepare_cached(sql)?.execute([job_id])? > 0)
    }

    /// The whole paper of a sale is printed again, so nothing of it is in doubt any more.
    pub fn settle_print_jobs_of(&self, sale_id: SaleId) -> Result<(), LedgerError> {
        let sql = "UPDATE print_job SET state = 'settled' WHERE sale_id = ?1 AND state = 'unknown'";
        self.connection().prepare_cached(sql)?.execute([sale_id.as_bytes()])?;
        Ok(())
    }

    /// People chose the printer that takes the queue.
    pub fn choose_printer(&self, uses_spare: bool) -> Result<(), LedgerError> {
        let sql = "INSERT INTO printer_choice VALUES (1, ?1) ON CONFLICT DO UPDATE SET uses_spare = ?1";
        self.connection().prepare_cached(sql)?.execute([uses_spare])?;
        Ok(())
    }
}

const COLUMNS: &str = "job_id, document, sale_id, copy_no, opens_drawer, state = 'unknown', why, queued_at";

fn read_job(row: &Row<'_>) -> rusqlite::Result<StoredPrintJob> {
    Ok(StoredPrintJob {
        job_id: row.get(0)?,
        document: row.get(1)?,
        sale_id: column::uuid_or_null(row, 2)?.map(SaleId::from_uuid),
        copy_no: row.get(3)?,
        opens_drawer: row.get(4)?,
        is_unknown: row.get(5)?,
        why: row.get(6)?,
        queued_at: Timestamp::from_millis(row.get(7)?),
    })
}

/// The oldest job that waits; from here on it may have left bytes behind.
pub fn take(tx: &LedgerTx<'_>) -> Result<Option<StoredPrintJob>, LedgerError> {
    let mut next = tx.connection().prepare_cached(&format!(
        "UPDATE print_job SET state = 'sending', tries = tries + 1
         WHERE job_id = (SELECT job_id FROM print_job WHERE state = 'queued' ORDER BY job_id LIMIT 1)
         RETURNING {COLUMNS}"
    ))?;
    Ok(next.query_row([], read_job).optional()?)
}

/// At a start: what was on its way when the till stopped may lie on the counter already. A person has to look.
pub fn doubt_interrupted(tx: &LedgerTx<'_>, why: &str) -> Result<usize, LedgerError> {
    let sql = "UPDATE print_job SET state = 'unknown', why = ?1 WHERE state = 'sending'";
    Ok(tx.connection().execute(sql, [why])?)
}

/// How many jobs are not through.
pub fn count_open(connection: &Connection) -> Result<OpenJobs, LedgerError> {
    let sql = "SELECT count(*) FILTER (WHERE state <> 'unknown'), count(*) FILTER (WHERE state = 'unknown')
               FROM print_job WHERE state IN ('queued', 'sending', 'unknown')";
    let read = |row: &Row<'_>| Ok(OpenJobs { waiting: row.get(0)?, unknown: row.get(1)? });
    Ok(connection.prepare_cached(sql)?.query_row([], read)?)
}

/// The jobs that are not through: those in doubt first, then in the order they come out.
pub fn list_open(connection: &Connection, limit: u32) -> Result<Vec<StoredPrintJob>, LedgerError> {
    let mut open = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM print_job WHERE state IN ('queued', 'sending', 'unknown')
         ORDER BY state <> 'unknown', job_id LIMIT ?1"
    ))?;
    let rows = open.query_map([limit], read_job)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A job in doubt.
pub fn find_unknown(connection: &Connection, job_id: i64) -> Result<Option<StoredPrintJob>, LedgerError> {
    let sql = format!("SELECT {COLUMNS} FROM print_job WHERE job_id = ?1 AND state = 'unknown'");
    Ok(connection.prepare_cached(&sql)?.query_row([job_id], read_job).optional()?)
}

/// Whether the spare printer takes the queue.
pub fn uses_spare(connection: &Connection) -> Result<bool, LedgerError> {
    let chosen = connection.prepare_cached("SELECT uses_spare FROM printer_choice")?.query_row([], |row| row.get(0));
    Ok(chosen.optional()?.unwrap_or(false))
}
