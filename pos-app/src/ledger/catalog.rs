//! Copies of what head office publishes: products, categories, people, venues, registers, devices.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, params};
use shared::catalog::{Category, Product};
use shared::ids::{CategoryId, DeviceId, ProductId, RegisterId, StaffId, VenueId};
use shared::merge::Marks;
use shared::staff::StaffMember;
use shared::tax::RateBp;
use shared::venue::{DeviceRecord, Register, Venue};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::{LedgerError, column, product};

/// Sets a category.
pub fn put_category(connection: &Connection, category: &Category) -> Result<(), LedgerError> {
    connection.prepare_cached("INSERT OR REPLACE INTO category VALUES (?1, ?2, ?3, ?4, ?5)")?.execute(params![
        category.category_id.as_bytes(),
        category.name,
        category.tint,
        category.position,
        category.is_active,
    ])?;
    Ok(())
}

/// Removes a category.
pub fn delete_category(connection: &Connection, category_id: CategoryId) -> Result<(), LedgerError> {
    connection.prepare_cached("DELETE FROM category WHERE category_id = ?1")?.execute([category_id.as_bytes()])?;
    Ok(())
}

/// Sets a person.
pub(super) fn put_staff(connection: &Connection, staff: &StaffMember) -> Result<(), LedgerError> {
    connection.prepare_cached("INSERT OR REPLACE INTO staff VALUES (?1, ?2, ?3, ?4, ?5)")?.execute(params![
        staff.staff_id.as_bytes(),
        staff.name,
        column::to_json(&staff.roles),
        staff.pin_verifier,
        staff.is_active,
    ])?;
    Ok(())
}

/// Removes a person.
pub(super) fn delete_staff(connection: &Connection, staff_id: StaffId) -> Result<(), LedgerError> {
    connection.prepare_cached("DELETE FROM staff WHERE staff_id = ?1")?.execute([staff_id.as_bytes()])?;
    Ok(())
}

/// Sets a venue.
pub(super) fn put_venue(connection: &Connection, venue: &Venue) -> Result<(), LedgerError> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO venue VALUES (?1, ?2)")?
        .execute(params![venue.venue_id.as_bytes(), column::to_json(venue)])?;
    Ok(())
}

/// Removes a venue.
pub(super) fn delete_venue(connection: &Connection, venue_id: VenueId) -> Result<(), LedgerError> {
    connection.prepare_cached("DELETE FROM venue WHERE venue_id = ?1")?.execute([venue_id.as_bytes()])?;
    Ok(())
}

/// Sets a register.
pub(super) fn put_register(connection: &Connection, register: &Register) -> Result<(), LedgerError> {
    connection.prepare_cached("INSERT OR REPLACE INTO register VALUES (?1, ?2, ?3)")?.execute(params![
        register.register_id.as_bytes(),
        register.code,
        column::to_json(register),
    ])?;
    Ok(())
}

/// Removes a register.
pub(super) fn delete_register(connection: &Connection, register_id: RegisterId) -> Result<(), LedgerError> {
    connection.prepare_cached("DELETE FROM register WHERE register_id = ?1")?.execute([register_id.as_bytes()])?;
    Ok(())
}

/// Sets a device.
pub fn put_device(connection: &Connection, device: &DeviceRecord) -> Result<(), LedgerError> {
    connection.prepare_cached("INSERT OR REPLACE INTO device VALUES (?1, ?2, ?3)")?.execute(params![
        device.device_id.as_bytes(),
        device.device_no,
        column::to_json(device),
    ])?;
    Ok(())
}

/// Removes a device.
pub fn delete_device(connection: &Connection, device_id: DeviceId) -> Result<(), LedgerError> {
    connection.prepare_cached("DELETE FROM device WHERE device_id = ?1")?.execute([device_id.as_bytes()])?;
    Ok(())
}

const PRODUCT: &str = "SELECT product_id, number, sku, name, category_id, price_minor, tax_rate_bp, barcodes,
    is_ticketed, position, is_active, tags, marks, product_no FROM product";

/// A product by its id, and the number of its row.
pub(super) fn find_product_row(
    connection: &Connection,
    product_id: ProductId,
) -> Result<Option<(i64, Product)>, LedgerError> {
    let mut product = connection.prepare_cached(&format!("{PRODUCT} WHERE product_id = ?1"))?;
    let found = product.query_row([product_id.as_bytes()], |row| Ok((row.get(13)?, read_product(row)?)));
    Ok(found.optional()?)
}

fn read_product(row: &Row<'_>) -> rusqlite::Result<Product> {
    Ok(Product {
        product_id: ProductId::from_uuid(column::uuid(row, 0)?),
        number: row.get(1)?,
        sku: row.get(2)?,
        name: row.get(3)?,
        category_id: CategoryId::from_uuid(column::uuid(row, 4)?),
        price_minor: row.get(5)?,
        tax_rate_bp: RateBp(row.get(6)?),
        barcodes: column::json(row, 7)?,
        is_ticketed: row.get(8)?,
        position: row.get(9)?,
        is_active: row.get(10)?,
        tags: column::json(row, 11)?,
        marks: match row.get_ref(12)? {
            ValueRef::Null => Marks::default(),
            _ => column::json(row, 12)?,
        },
    })
}

/// A product by its id.
pub fn find_product(connection: &Connection, product_id: ProductId) -> Result<Option<Product>, LedgerError> {
    Ok(find_product_row(connection, product_id)?.map(|(_, product)| product))
}

/// A product by the short number tickets carry.
pub fn find_product_by_number(connection: &Connection, number: u16) -> Result<Option<Product>, LedgerError> {
    let sql = format!("{PRODUCT} WHERE number = ?1 ORDER BY is_active DESC LIMIT 1");
    Ok(connection.prepare_cached(&sql)?.query_row([number], read_product).optional()?)
}

/// A product by its barcode, fourteen digits.
pub fn find_product_by_barcode(connection: &Connection, gtin: &str) -> Result<Option<Product>, LedgerError> {
    let Some(gtin) = product::barcode_number(gtin) else { return Ok(None) };
    let sql = format!("{PRODUCT} JOIN product_barcode USING (product_no) WHERE gtin = ?1");
    Ok(connection.prepare_cached(&sql)?.query_row([gtin], read_product).optional()?)
}

/// What is for sale, category by category, both in their order.
pub fn list_for_sale(connection: &Connection) -> Result<Vec<(Category, Vec<Product>)>, LedgerError> {
    let mut categories = connection.prepare_cached(
        "SELECT category_id, name, tint, position, is_active FROM category WHERE is_active ORDER BY position, name",
    )?;
    let categories = categories.query_map([], |row| {
        Ok(Category {
            category_id: CategoryId::from_uuid(column::uuid(row, 0)?),
            name: row.get(1)?,
            tint: row.get(2)?,
            position: row.get(3)?,
            is_active: row.get(4)?,
        })
    })?;
    let mut listed = Vec::new();
    for category in categories {
        listed.push((category?, Vec::new()));
    }
    let mut products = connection.prepare_cached(&format!("{PRODUCT} WHERE is_active ORDER BY position, name"))?;
    for product in products.query_map([], read_product)? {
        let product = product?;
        let of_category = |(category, _): &&mut (Category, Vec<Product>)| category.category_id == product.category_id;
        if let Some((_, products)) = listed.iter_mut().find(of_category) {
            products.push(product);
        }
    }
    Ok(listed)
}

/// Most products listed for keeping at once.
const MOST_KEPT: u32 = 1_000;

/// Products whose stock is known, and those that are not for sale, by name.
pub fn list_kept(connection: &Connection) -> Result<Vec<Product>, LedgerError> {
    let sql = format!(
        "{PRODUCT} WHERE NOT is_active
            OR product_id IN (SELECT product_id FROM heard_stock UNION SELECT product_id FROM stock_count)
         ORDER BY name LIMIT {MOST_KEPT}"
    );
    let mut kept = connection.prepare_cached(&sql)?;
    let kept = kept.query_map([], read_product)?;
    Ok(kept.collect::<Result<_, _>>()?)
}

/// How many candidates are looked at before the best are picked.
const CANDIDATES: u32 = 50;

/// Products for sale whose name or SKU has words that begin so; the best first.
pub fn search(connection: &Connection, text: &str, limit: usize) -> Result<Vec<Product>, LedgerError> {
    let words: Vec<String> = text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let query = words.iter().map(|word| format!("\"{word}\"*")).collect::<Vec<_>>().join(" ");
    let sql = format!(
        "{PRODUCT} WHERE is_active AND product_no IN
            (SELECT rowid FROM product_search WHERE product_search MATCH ?1 LIMIT {CANDIDATES})"
    );
    let mut found = connection.prepare_cached(&sql)?;
    let mut found = found.query_map([query], read_product)?.collect::<Result<Vec<_>, _>>()?;
    look_through(connection, &words, &mut found)?;
    let whole = words.join(" ");
    found.sort_by_cached_key(|product| {
        let name = product.name.to_lowercase();
        let sku = product.sku.to_lowercase();
        let rank = if sku == whole || name == whole {
            0
        } else if name.starts_with(&whole) {
            1
        } else if name.split_whitespace().any(|word| word.starts_with(words[0])) {
            2
        } else {
            3
        };
        (rank, product.position, name)
    });
    found.truncate(limit);
    Ok(found)
}

/// Adds products that the index of words does not have yet.
fn look_through(connection: &Connection, words: &[&str], found: &mut Vec<Product>) -> Result<(), LedgerError> {
    let sql = format!("{PRODUCT} WHERE is_active AND product_no > (SELECT through_no FROM words_mark)");
    let words: Vec<_> = words.iter().map(|word| fold(word)).collect();
    let mut products = connection.prepare_cached(&sql)?;
    let mut rows = products.query([])?;
    let mut left = CANDIDATES;
    while let Some(row) = rows.next()? {
        let text = read_words(row)?;
        let has = |word: &String| text.split(|c: char| !c.is_alphanumeric()).any(|own| own.starts_with(word.as_str()));
        if words.iter().all(has) {
            found.push(read_product(row)?);
            left -= 1;
            if left == 0 {
                break;
            }
        }
    }
    Ok(())
}

fn read_words(row: &Row<'_>) -> rusqlite::Result<String> {
    let (sku, name) = (row.get_ref(2)?.as_str()?, row.get_ref(3)?.as_str()?);
    Ok(fold(&format!("{name} {sku}")))
}

/// As the index has it: small letters without what stands above and below them.
fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect()
}

fn read_staff(row: &Row<'_>) -> rusqlite::Result<StaffMember> {
    Ok(StaffMember {
        staff_id: StaffId::from_uuid(column::uuid(row, 0)?),
        name: row.get(1)?,
        roles: column::json(row, 2)?,
        pin_verifier: row.get(3)?,
        is_active: row.get(4)?,
    })
}

const STAFF: &str = "SELECT staff_id, name, roles, pin_verifier, is_active FROM staff";

/// A person.
pub fn find_staff(connection: &Connection, staff_id: StaffId) -> Result<Option<StaffMember>, LedgerError> {
    let mut staff = connection.prepare_cached(&format!("{STAFF} WHERE staff_id = ?1"))?;
    Ok(staff.query_row([staff_id.as_bytes()], read_staff).optional()?)
}

/// Everybody who still works here, by name.
pub fn list_staff(connection: &Connection) -> Result<Vec<StaffMember>, LedgerError> {
    let mut staff = connection.prepare_cached(&format!("{STAFF} WHERE is_active ORDER BY name"))?;
    let rows = staff.query_map([], read_staff)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A venue.
pub fn find_venue(connection: &Connection, venue_id: VenueId) -> Result<Option<Venue>, LedgerError> {
    let mut venue = connection.prepare_cached("SELECT body FROM venue WHERE venue_id = ?1")?;
    Ok(venue.query_row([venue_id.as_bytes()], |row| column::json(row, 0)).optional()?)
}

/// A register.
pub fn find_register(connection: &Connection, register_id: RegisterId) -> Result<Option<Register>, LedgerError> {
    let mut register = connection.prepare_cached("SELECT body FROM register WHERE register_id = ?1")?;
    Ok(register.query_row([register_id.as_bytes()], |row| column::json(row, 0)).optional()?)
}

/// A device.
pub fn find_device(connection: &Connection, device_id: DeviceId) -> Result<Option<DeviceRecord>, LedgerError> {
    let mut device = connection.prepare_cached("SELECT body FROM device WHERE device_id = ?1")?;
    Ok(device.query_row([device_id.as_bytes()], |row| column::json(row, 0)).optional()?)
}

/// A device by the short number tickets carry.
pub fn find_device_by_number(connection: &Connection, device_no: u16) -> Result<Option<DeviceRecord>, LedgerError> {
    let mut device = connection.prepare_cached("SELECT body FROM device WHERE device_no = ?1")?;
    Ok(device.query_row([device_no], |row| column::json(row, 0)).optional()?)
}

/// The machines that stand in a venue and are not withdrawn, by name.
pub fn list_devices_of(connection: &Connection, venue_id: VenueId) -> Result<Vec<(DeviceId, String)>, LedgerError> {
    let mut devices = connection.prepare_cached(
        "SELECT json_extract(device.body, '$.device_id'), json_extract(device.body, '$.name')
         FROM register JOIN device
           ON json_extract(device.body, '$.register_id') = json_extract(register.body, '$.register_id')
         WHERE json_extract(register.body, '$.venue_id') = ?1 AND NOT json_extract(device.body, '$.is_revoked')
         ORDER BY 2, 1",
    )?;
    let devices = devices.query_map([venue_id.to_string()], |row| Ok((column::text(row, 0)?, row.get(1)?)))?;
    Ok(devices.collect::<Result<_, _>>()?)
}

/// Changes whenever a copy does: how far the catalogue's stream is applied, and how often something was edited here.
pub fn version(connection: &Connection) -> Result<u64, LedgerError> {
    let sql = "SELECT catalog_seq + (SELECT count(*) FROM product_edit) FROM seen";
    Ok(connection.prepare_cached(sql)?.query_row([], |row| column::count(row, 0))?)
}
