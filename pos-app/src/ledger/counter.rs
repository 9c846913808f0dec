//! The sale on the counter, written on every change, so that a power cut hands it back.

use rusqlite::{Connection, OptionalExtension};
use shared::sale::Sale;

use super::{LedgerError, LedgerTx, column};

/// The sale on the counter, if there is one.
pub fn find(connection: &Connection) -> Result<Option<Sale>, LedgerError> {
    let mut sale = connection.prepare_cached("SELECT sale FROM counter")?;
    Ok(sale.query_row([], |row| column::json(row, 0)).optional()?)
}

impl LedgerTx<'_> {
    /// Puts a sale on the counter in place of what was there.
    pub fn put_on_counter(&self, sale: &Sale) -> Result<(), LedgerError> {
        self.connection()
            .prepare_cached("INSERT INTO counter VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET sale = excluded.sale")?
            .execute([column::to_json(sale)])?;
        Ok(())
    }

    /// Takes the sale off the counter.
    pub fn clear_counter(&self) -> Result<(), LedgerError> {
        self.connection().prepare_cached("DELETE FROM counter")?.execute([])?;
        Ok(())
    }
}
