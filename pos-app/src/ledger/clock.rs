//! How far the server's clock is from this one: samples, so that a jump of the wall can be told from a wrong clock. A wrong
//! clock is shown and never a reason to refuse anything.

use rusqlite::{Connection, OptionalExtension, params};
use shared::time::Timestamp;

use super::{LedgerError, LedgerTx, column};

/// Kept, newest last.
const KEPT: i64 = 16;

/// One answer of the server, by both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeSample {
    /// This till's wall clock when the answer came.
    pub wall: Timestamp,
    /// Its time since the start, which does not jump.
    pub up_ms: u64,
    /// The server's clock less ours, milliseconds.
    pub offset_ms: i64,
    /// How long the answer took, milliseconds: the offset is no surer than that.
    pub rtt_ms: u64,
}

/// The newest sample.
pub fn find_newest(connection: &Connection) -> Result<Option<TimeSample>, LedgerError> {
    let sql = "SELECT wall_ms, up_ms, offset_ms, rtt_ms FROM time_sample ORDER BY sample_no DESC LIMIT 1";
    let sample = connection.prepare_cached(sql)?.query_row([], |row| {
        Ok(TimeSample {
            wall: column::time(row, 0)?,
            up_ms: column::count(row, 1)?,
            offset_ms: row.get(2)?,
            rtt_ms: column::count(row, 3)?,
        })
    });
    Ok(sample.optional()?)
}

impl LedgerTx<'_> {
    /// Keeps a sample, and the newest of those before it.
    pub fn note_time(&self, sample: &TimeSample) -> Result<(), LedgerError> {
        let TimeSample { wall, up_ms, offset_ms, rtt_ms } = *sample;
        self.connection()
            .prepare_cached("INSERT INTO time_sample (wall_ms, up_ms, offset_ms, rtt_ms) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![wall.as_millis(), up_ms.cast_signed(), offset_ms, rtt_ms.cast_signed()])?;
        self.connection()
            .prepare_cached("DELETE FROM time_sample WHERE sample_no <= (SELECT max(sample_no) FROM time_sample) - ?1")?
            .execute([KEPT])?;
        Ok(())
    }
}
