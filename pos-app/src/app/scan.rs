//! A scan, taken to where it belongs.

use shared::sale::Quantity;
use shared::staff::Permission;

use super::{Caller, Need, Till};
use crate::commands::types::{AddProduct, Notice, ScanOutcome, ScannedCode};
use crate::commands::{CommandError, ErrorCode};
use crate::ledger::catalog;
use crate::scanner::{Scan, parse};

/// `scan.route`
pub(crate) fn route_scan(till: &Till, who: &Caller, args: &ScannedCode) -> Result<ScanOutcome, CommandError> {
    let unknown =
        |shown: String| CommandError::new(ErrorCode::CodeUnknown, "Nobody here knows this code.").with("code", shown);
    match parse(&args.code) {
        Scan::Ticket(code) => check(till, who, code),
        Scan::DisplayCode(code) => check(till, who, code.to_string()),
        Scan::Gtin(gtin) => {
            let gtin = gtin.to_string();
            let product = till.ledger().read(|connection| catalog::find_product_by_barcode(connection, &gtin))?;
            let product_id = product.ok_or_else(|| unknown(gtin))?.product_id;
            let who = till.authorise(Need::May(Permission::Sell))?;
            let add = AddProduct { product_id, quantity_milli: Some(Quantity::ONE) };
            let sale = super::add_product(till, &who, &add)?;
            let line = sale.sale.lines.iter().rev().find(|line| line.product_id == product_id);
            Ok(ScanOutcome::ProductAdded { line_no: line.map_or(0, |line| line.line_no), sale })
        }
        Scan::Unknown(shown) => Err(unknown(shown)),
    }
}

fn check(till: &Till, who: &Caller, code: String) -> Result<ScanOutcome, CommandError> {
    let ticket = super::check_ticket(till, who, &ScannedCode { code })?;
    Ok(ScanOutcome::Ticket { ticket })
}

impl Till {
    /// A serial scanner read something: done like a command, and told to the window.
    pub(super) fn take_scan(&self, code: String) {
        let args = ScannedCode { code: code.clone() };
        let done = self.authorise(Need::SignedIn).and_then(|who| route_scan(self, &who, &args));
        let (outcome, error) = match done {
            Ok(outcome) => (Some(Box::new(outcome)), None),
            Err(error) => (None, Some(error)),
        };
        self.notices.send(&Notice::Scan { code, outcome, error });
    }
}
