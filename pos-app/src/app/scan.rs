//! A scan, taken to where it belongs. Whatever it is, the next one is heard.

use shared::catalog::Product;
use shared::catalog::barcode::Gtin;
use shared::sale::{Quantity, ReceiptCode};
use shared::staff::Permission;

use super::sale::view_sale;
use super::{Caller, Need, Till};
use crate::commands::types::{CompletedSaleView, Notice, RouteScan, ScanOutcome, ScannedCode};
use crate::commands::{CommandError, ErrorCode};
use crate::ledger::{LedgerError, catalog, sale};
use crate::scanner::measured::Value;
use crate::scanner::{Scan, parse};

/// `scan.route`
pub(crate) fn route_scan(till: &Till, who: &Caller, args: &RouteScan) -> Result<ScanOutcome, CommandError> {
    match parse(&args.code) {
        Scan::Ticket(code) => check(till, who, code),
        Scan::DisplayCode(code) => check(till, who, code.to_string()),
        Scan::Receipt(code) => till.find_receipt(&code).map(|sale| ScanOutcome::Receipt { sale }),
        Scan::Gtin(gtin) => {
            let found = till.find_scanned(gtin, args.times)?;
            let (product, quantity) = found.ok_or_else(|| unknown(gtin.to_string()))?;
            till.authorise(Need::May(Permission::Sell), None)?;
            let mut line_no = 0;
            let sale = till.change_sale(|_, sale| {
                line_no = sale.add(&product, quantity)?;
                Ok(())
            })?;
            Ok(ScanOutcome::ProductAdded { line_no, sale })
        }
        Scan::Unknown(shown) => Err(unknown(shown)),
    }
}

fn unknown(shown: String) -> CommandError {
    CommandError::new(ErrorCode::CodeUnknown, "Nobody here knows this code.").with("code", shown)
}

fn check(till: &Till, who: &Caller, code: String) -> Result<ScanOutcome, CommandError> {
    let ticket = super::check_ticket(till, who, &ScannedCode { code })?;
    Ok(ScanOutcome::Ticket { ticket })
}

impl Till {
    /// The sale of a receipt that was printed here.
    ///
    /// Errors: `sale_unknown`.
    fn find_receipt(&self, code: &ReceiptCode) -> Result<CompletedSaleView, CommandError> {
        let register = self.register()?;
        let unknown = || CommandError::new(ErrorCode::SaleUnknown, "This till made no such sale.");
        if register.code != code.register_code {
            return Err(unknown());
        }
        let (register_id, receipt_no) = (register.register_id, code.receipt_no);
        let found = self.ledger().read(|ledger| sale::find_by_receipt(ledger, register_id, receipt_no))?;
        found.map(view_sale).ok_or_else(unknown)
    }

    /// What a number stands for, and how much of it: a product's own number first, then a label of the shop's scales. A
    /// label's price is the line's price, because that is what the customer was told.
    fn find_scanned(&self, gtin: Gtin, times: Option<u16>) -> Result<Option<(Product, Quantity)>, LedgerError> {
        let by_barcode = |gtin: Gtin| {
            let text = gtin.to_string();
            self.ledger().read(|connection| catalog::find_product_by_barcode(connection, &text))
        };
        if let Some(product) = by_barcode(gtin)? {
            let pieces = Quantity::from_milli(i64::from(times.unwrap_or(1)) * Quantity::ONE.milli());
            return Ok(Some((product, pieces)));
        }
        let Some(label) = self.config.codes.patterns().iter().find_map(|pattern| pattern.read(gtin)) else {
            return Ok(None);
        };
        let product = match (by_barcode(label.base)?, u16::try_from(label.item)) {
            (Some(product), _) => Some(product),
            (None, Ok(number)) => {
                self.ledger().read(|connection| catalog::find_product_by_number(connection, number))?
            }
            (None, Err(_)) => None,
        };
        Ok(product.and_then(|product| match label.value {
            // Prices of what is weighed are by the kilogram, so a gram is a thousandth.
            Value::Grams(grams @ 1..) => Some((product, Quantity::from_milli(i64::from(grams)))),
            Value::PriceMinor(price @ 1..) => {
                Some((Product { price_minor: i64::from(price), ..product }, Quantity::ONE))
            }
            Value::Grams(0) | Value::PriceMinor(0) => None,
        }))
    }

    /// A serial scanner read something: done like a command, and told to the window.
    pub(super) fn take_scan(&self, code: String) {
        let args = RouteScan { code: code.clone(), times: None };
        let done = self.authorise(Need::SignedIn, None).and_then(|who| route_scan(self, &who, &args));
        let (outcome, error) = match done {
            Ok(outcome) => (Some(Box::new(outcome)), None),
            Err(error) => (None, Some(error)),
        };
        self.notices.send(&Notice::Scan { code, outcome, error });
    }
}
