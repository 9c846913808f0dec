//! A scan, taken to where it belongs.

use shared::catalog::barcode::Gtin;
use shared::sale::Quantity;
use shared::ticket::{DisplayCode, TICKET_PREFIX};

use super::{Caller, Need, Till};
use crate::commands::types::{AddProduct, ScanOutcome, ScannedCode};
use crate::commands::{CommandError, ErrorCode};
use crate::ledger::catalog;

/// `scan.route`
pub(crate) fn route_scan(till: &Till, who: &Caller, args: ScannedCode) -> Result<ScanOutcome, CommandError> {
    let code = args.code.trim();
    if is_ticket(code) {
        let ticket = super::check_ticket(till, who, args)?;
        return Ok(ScanOutcome::Ticket { ticket });
    }
    let unknown = || {
        let shown: String = code.chars().filter(|c| !c.is_control()).take(40).collect();
        CommandError::new(ErrorCode::CodeUnknown, "Nobody here knows this code.").with("code", shown)
    };
    let gtin: Gtin = code.parse().map_err(|_| unknown())?;
    let product = till.ledger().read(|connection| catalog::find_product_by_barcode(connection, &gtin.to_string()))?;
    let product = product.ok_or_else(unknown)?;
    let who = till.authorise(Need::May(shared::staff::Permission::Sell))?;
    let add = AddProduct { product_id: product.product_id, quantity_milli: Some(Quantity::ONE) };
    let sale = super::add_product(till, &who, add)?;
    let line = sale.sale.lines.iter().rev().find(|line| line.product_id == product.product_id);
    let line_no = line.map_or(0, |line| line.line_no);
    Ok(ScanOutcome::ProductAdded { line_no, sale })
}

fn is_ticket(code: &str) -> bool {
    let is_signed = code.get(..TICKET_PREFIX.len()).is_some_and(|head| head.eq_ignore_ascii_case(TICKET_PREFIX));
    is_signed || code.parse::<DisplayCode>().is_ok()
}
