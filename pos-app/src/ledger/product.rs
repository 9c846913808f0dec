//! A product's rows here: itself, and the words and barcodes it is found by. What is the same as before is not written.
//!
//! The index of words costs as much as all the rest. Of a catalogue that comes at once it is made afterwards: up to
//! `words_mark` products are found by it, those after that by looking at each.

use rusqlite::{CachedStatement, Connection, params};
use shared::catalog::Product;
use shared::ids::ProductId;

use super::{LedgerError, catalog, column, product_edit};

/// Products whose words are taken into the index by one statement.
const INDEXED_AT_ONCE: u32 = 256;
/// Digits of a barcode.
const GTIN_LEN: usize = 14;

/// A barcode as its rows are numbered; none for what no scanner can have read.
pub(super) fn barcode_number(gtin: &str) -> Option<i64> {
    let is_gtin = gtin.len() == GTIN_LEN && gtin.bytes().all(|byte| byte.is_ascii_digit());
    gtin.parse().ok().filter(|_| is_gtin)
}

/// Sets a product as head office has it. What was edited here and head office has not heard of yet stays on top.
pub fn put(connection: &Connection, product: &Product) -> Result<(), LedgerError> {
    Shelf::before(connection)?.put(product)
}

/// Sets a product as it shows here.
pub(super) fn write(connection: &Connection, product: &Product) -> Result<(), LedgerError> {
    Shelf::before(connection)?.write(product)
}

/// Removes a product.
pub fn delete(connection: &Connection, product_id: ProductId) -> Result<(), LedgerError> {
    let shelf = Shelf::before(connection)?;
    if let Some((product_no, product)) = catalog::find_product_row(connection, product_id)? {
        if product_no <= shelf.through_no {
            shelf.delete_words(product_no)?;
        }
        shelf.delete_barcodes(product_no, &product.barcodes)?;
        connection.prepare_cached("DELETE FROM product WHERE product_no = ?1")?.execute([product_no])?;
    }
    product_edit::delete_base(connection, product_id)
}

/// Whether there are products that the index of words does not have yet.
pub fn lacks_words(connection: &Connection) -> Result<bool, LedgerError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM product WHERE product_no > (SELECT through_no FROM words_mark))";
    Ok(connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

/// Takes the words of products into the index that does not have them yet, until it has all or it is enough.
pub fn index_words(connection: &Connection, is_enough: impl Fn() -> bool) -> Result<(), LedgerError> {
    let mut last = connection.prepare_cached(
        "SELECT max(product_no) FROM (SELECT product_no FROM product
         WHERE product_no > (SELECT through_no FROM words_mark) ORDER BY product_no LIMIT ?1)",
    )?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO product_search (rowid, name, sku) SELECT product_no, name, sku FROM product
         WHERE product_no > (SELECT through_no FROM words_mark) AND product_no <= ?1 ORDER BY product_no",
    )?;
    while let Some(last_no) = last.query_row([INDEXED_AT_ONCE], |row| row.get::<_, Option<i64>>(0))? {
        insert.execute([last_no])?;
        move_mark(connection, last_no)?;
        if is_enough() {
            break;
        }
    }
    Ok(())
}

fn move_mark(connection: &Connection, through_no: i64) -> Result<(), LedgerError> {
    connection.prepare_cached("UPDATE words_mark SET through_no = ?1")?.execute([through_no])?;
    Ok(())
}

/// Where products are laid, one after the other in one transaction.
pub(super) struct Shelf<'c> {
    connection: &'c Connection,
    /// Somebody here edited a product, whichever.
    has_edits: bool,
    /// Up to here products are in the index of words.
    through_no: i64,
    /// So many come that their words follow later.
    is_for_many: bool,
    insert: CachedStatement<'c>,
    insert_words: CachedStatement<'c>,
    insert_barcode: CachedStatement<'c>,
}

impl<'c> Shelf<'c> {
    /// With everything at hand that each product needs.
    pub(super) fn before(connection: &'c Connection) -> Result<Self, LedgerError> {
        let sql = "SELECT through_no, EXISTS (SELECT 1 FROM product_edit) FROM words_mark";
        let (through_no, has_edits) =
            connection.prepare_cached(sql)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(Self {
            connection,
            has_edits,
            through_no,
            is_for_many: false,
            insert: connection.prepare_cached(
                "INSERT INTO product (product_id, number, sku, name, category_id, price_minor, tax_rate_bp, barcodes,
                                      is_ticketed, position, is_active, tags, marks)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
                 ON CONFLICT (product_id) DO NOTHING",
            )?,
            insert_words: connection
                .prepare_cached("INSERT INTO product_search (rowid, name, sku) VALUES (?1, ?2, ?3)")?,
            insert_barcode: connection.prepare_cached("INSERT OR REPLACE INTO product_barcode VALUES (?1, ?2)")?,
        })
    }

    /// For more products than anybody should wait for: [`index_words`] follows.
    pub(super) fn for_many(connection: &'c Connection) -> Result<Self, LedgerError> {
        Ok(Self { is_for_many: true, ..Self::before(connection)? })
    }

    /// As [`put`].
    pub(super) fn put(&mut self, product: &Product) -> Result<(), LedgerError> {
        if self.has_edits {
            let shown = product_edit::take_base(self.connection, product)?;
            return self.write(&shown);
        }
        self.write(product)
    }

    /// Most are new, or the same as they were.
    fn write(&mut self, product: &Product) -> Result<(), LedgerError> {
        if run(&mut self.insert, product)? > 0 {
            let product_no = self.connection.last_insert_rowid();
            self.insert_barcodes(product_no, &product.barcodes)?;
            return self.insert_new_words(product_no, product);
        }
        match catalog::find_product_row(self.connection, product.product_id)? {
            Some((product_no, before)) if before != *product => self.change(product_no, &before, product),
            _ => Ok(()),
        }
    }

    fn change(&mut self, product_no: i64, before: &Product, product: &Product) -> Result<(), LedgerError> {
        let mut update = self.connection.prepare_cached(
            "UPDATE product SET number = ?2, sku = ?3, name = ?4, category_id = ?5, price_minor = ?6, tax_rate_bp = ?7,
                barcodes = ?8, is_ticketed = ?9, position = ?10, is_active = ?11, tags = ?12, marks = ?13
             WHERE product_id = ?1",
        )?;
        run(&mut update, product)?;
        let is_renamed = (&before.name, &before.sku) != (&product.name, &product.sku);
        if is_renamed && product_no <= self.through_no {
            self.delete_words(product_no)?;
            self.insert_words(product_no, product)?;
        }
        if before.barcodes != product.barcodes {
            self.delete_barcodes(product_no, &before.barcodes)?;
            self.insert_barcodes(product_no, &product.barcodes)?;
        }
        Ok(())
    }

    /// A number below the mark is one that was given before; one that does not follow the mark comes after others whose
    /// words are not there yet.
    fn insert_new_words(&mut self, product_no: i64, product: &Product) -> Result<(), LedgerError> {
        if product_no <= self.through_no {
            return self.insert_words(product_no, product);
        }
        if !self.is_for_many && product_no == self.through_no + 1 {
            self.insert_words(product_no, product)?;
            move_mark(self.connection, product_no)?;
            self.through_no = product_no;
        }
        Ok(())
    }

    fn insert_words(&mut self, product_no: i64, product: &Product) -> Result<(), LedgerError> {
        self.insert_words.execute(params![product_no, product.name, product.sku])?;
        Ok(())
    }

    fn insert_barcodes(&mut self, product_no: i64, barcodes: &[String]) -> Result<(), LedgerError> {
        for gtin in barcodes.iter().filter_map(|gtin| barcode_number(gtin)) {
            self.insert_barcode.execute([gtin, product_no])?;
        }
        Ok(())
    }

    fn delete_words(&self, product_no: i64) -> Result<(), LedgerError> {
        let mut delete = self.connection.prepare_cached("DELETE FROM product_search WHERE rowid = ?1")?;
        delete.execute([product_no])?;
        Ok(())
    }

    /// Those that still lead to it: another product may have got one of them since.
    fn delete_barcodes(&self, product_no: i64, barcodes: &[String]) -> Result<(), LedgerError> {
        let sql = "DELETE FROM product_barcode WHERE gtin = ?1 AND product_no = ?2";
        let mut delete = self.connection.prepare_cached(sql)?;
        for gtin in barcodes.iter().filter_map(|gtin| barcode_number(gtin)) {
            delete.execute([gtin, product_no])?;
        }
        Ok(())
    }
}

/// Both statements number the columns alike.
fn run(statement: &mut CachedStatement<'_>, product: &Product) -> Result<usize, LedgerError> {
    Ok(statement.execute(params![
        product.product_id.as_bytes(),
        product.number,
        product.sku,
        product.name,
        product.category_id.as_bytes(),
        product.price_minor,
        product.tax_rate_bp.0,
        column::to_json(&product.barcodes),
        product.is_ticketed,
        product.position,
        product.is_active,
        column::to_json(&product.tags),
        (!product.marks.is_fresh()).then(|| column::to_json(&product.marks)),
    ])?)
}
