//! A scan, taken to where it belongs. Whatever it is, the next one is heard.

use data_encoding::BASE64;
use shared::catalog::Product;
use shared::catalog::barcode::Gtin;
use shared::sale::{Quantity, ReceiptCode};
use shared::staff::Permission;

use super::badge::badge_in;
use super::sale::view_sale;
use super::till::lock;
use super::{Caller, Need, Till};
use crate::commands::types::{
    CompletedSaleView, CountNext, FrameView, Nothing, Notice, ReadFrame, RouteScan, ScanOutcome, ScannedCode,
};
use crate::commands::{CommandError, ErrorCode};
use crate::ledger::{LedgerError, catalog, sale};
use crate::scanner::camera::read_frame;
use crate::scanner::gs1::Elements;
use crate::scanner::measured::Value;
use crate::scanner::{Scan, parse};

/// `scan.times`
#[expect(clippy::unnecessary_wraps, reason = "every command answers so")]
pub(crate) fn count_next(till: &Till, _: &Caller, args: &CountNext) -> Result<Nothing, CommandError> {
    *lock(&till.times) = args.times;
    Ok(Nothing {})
}

/// `scan.frame`
pub(crate) fn read_camera(_: &Till, _: &Caller, args: &ReadFrame) -> Result<FrameView, CommandError> {
    let invalid = |why: String| CommandError::new(ErrorCode::ArgumentsInvalid, format!("This is no picture: {why}."));
    let luma = BASE64.decode(args.luma.as_bytes()).map_err(|error| invalid(error.to_string()))?;
    let codes = read_frame(args.width.into(), args.height.into(), &luma);
    Ok(FrameView { codes: codes.map_err(|error| invalid(error.to_string()))? })
}

/// `scan.route`
pub(crate) fn route_scan(till: &Till, who: &Caller, args: &RouteScan) -> Result<ScanOutcome, CommandError> {
    match parse(&args.code) {
        Scan::Ticket(code) => match badge_in(&code) {
            Some(badge) => till.believe_badge(&badge).map(|badge| ScanOutcome::Badge { badge }),
            None => check(till, who, code),
        },
        Scan::DisplayCode(code) => check(till, who, code.to_string()),
        Scan::Receipt(code) => till.find_receipt(&code).map(|sale| ScanOutcome::Receipt { sale }),
        Scan::Gtin(gtin) => {
            let found = till.find_scanned(gtin, args.times)?;
            sell(till, found.ok_or_else(|| unknown(gtin.to_string()))?)
        }
        Scan::Elements(elements) => {
            let found = till.find_labelled(&elements, args.times)?;
            sell(till, found.ok_or_else(|| unknown(elements.gtin.to_string()))?)
        }
        Scan::Unknown(shown) => Err(unknown(shown)),
    }
}

fn sell(till: &Till, (product, quantity): (Product, Quantity)) -> Result<ScanOutcome, CommandError> {
    till.authorise(Need::May(Permission::Sell), None)?;
    let mut line_no = 0;
    let sale = till.change_sale(|_, sale| {
        line_no = sale.add(&product, quantity)?;
        Ok(())
    })?;
    Ok(ScanOutcome::ProductAdded { line_no, sale })
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

    /// What a GS1 label stands for, and how much of it. Its price is the line's price, in the shop's own money; otherwise
    /// its weight is what is sold, otherwise its pieces.
    fn find_labelled(&self, label: &Elements, times: Option<u16>) -> Result<Option<(Product, Quantity)>, CommandError> {
        let text = label.gtin.to_string();
        let found = self.ledger().read(|ledger| catalog::find_product_by_barcode(ledger, &text))?;
        let Some(product) = found else { return Ok(None) };
        let pieces = |count: i64| Quantity::from_milli(count.saturating_mul(Quantity::ONE.milli()));
        if let Some(price) = label.price {
            let currency = self.venue()?.currency;
            let is_ours = price.currency.is_none_or(|number| number == currency.numeric());
            let price_minor = price.minor(currency.exponent()).filter(|minor| is_ours && *minor > 0);
            return Ok(price_minor.map(|price_minor| (Product { price_minor, ..product }, Quantity::ONE)));
        }
        if let Some(grams) = label.grams {
            return Ok((grams > 0).then(|| (product, Quantity::from_milli(i64::from(grams)))));
        }
        let count = i64::from(label.count.unwrap_or(1)) * i64::from(times.unwrap_or(1));
        Ok((count > 0).then(|| (product, pieces(count))))
    }

    /// A serial scanner read something: done like a command, and told to the window.
    pub(super) fn take_scan(&self, code: String) {
        let times = lock(&self.times).take();
        let args = RouteScan { code: code.clone(), times };
        // A badge is for those who have not signed in yet.
        let need = if badge_in(&code).is_some() { Need::Enrolled } else { Need::SignedIn };
        let done = self.authorise(need, None).and_then(|who| route_scan(self, &who, &args));
        let (outcome, error) = match done {
            Ok(outcome) => (Some(Box::new(outcome)), None),
            Err(error) => (None, Some(error)),
        };
        self.notices.send(&Notice::Scan { code, outcome, error });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};
    use shared::staff::Role;

    use crate::app::TillPaper;
    use crate::commands::ErrorCode;
    use crate::commands::types::{Notice, ScanOutcome};
    use crate::practice::{HeadOffice, SeededEntropy, StandingClock, THAT_NIGHT, barcode};
    use crate::printer::{Document, PrintQueue as _};
    use crate::{Outside, Till, Workers};

    #[test]
    fn a_quantity_counts_for_the_next_scan_of_the_tills_own_scanner_and_no_other() {
        let dir = tempfile::TempDir::new().expect("a directory");
        let outside =
            Outside { clock: Arc::new(StandingClock::at(THAT_NIGHT)), entropy: Arc::new(SeededEntropy::new(5)) };
        let till = Till::open_with(dir.path(), outside, Workers::Off).expect("the till opens");
        let office = HeadOffice::new(5);
        office.enroll(&till, 1).expect("enrolled");
        let cashier = office.hire(&[&till], "Camila", &[Role::Cashier], "2468").expect("hired");
        let run = |command: &str, args: Value| till.execute(command, args).expect("it is done");
        run("operator.log_in", json!({ "staff_id": cashier, "pin": "2468" }));
        run("register.open", json!({ "float": [] }));
        let quantity = || run("sale.current", json!({}))["sale"]["lines"][0]["quantity_milli"].clone();
        run("scan.times", json!({ "times": 3 }));
        till.take_scan(barcode(4));
        assert_eq!(quantity(), 3_000);
        till.take_scan(barcode(4));
        assert_eq!(quantity(), 4_000, "once");
        run("scan.times", json!({ "times": 5 }));
        run("scan.times", json!({}));
        till.take_scan(barcode(4));
        assert_eq!(quantity(), 5_000, "taken back");
        run("scan.times", json!({ "times": 2 }));
        till.take_scan("4006381333932".to_owned());
        till.take_scan(barcode(4));
        assert_eq!(quantity(), 6_000, "a misread takes the quantity with it, as at the window");
    }

    #[test]
    fn the_tills_own_scanner_hears_a_badge_where_nobody_has_signed_in_and_nothing_else() {
        let dir = tempfile::TempDir::new().expect("a directory");
        std::fs::write(dir.path().join("till.toml"), "[printer]\naddress = \"tcp://127.0.0.1:9\"\n").expect("written");
        let outside =
            Outside { clock: Arc::new(StandingClock::at(THAT_NIGHT)), entropy: Arc::new(SeededEntropy::new(6)) };
        let till = Till::open_with(dir.path(), outside, Workers::Off).expect("the till opens");
        let office = HeadOffice::new(6);
        office.enroll(&till, 1).expect("enrolled");
        let manager = office.hire(&[&till], "Marcela", &[Role::Manager], "97531").expect("hired");
        till.execute("operator.log_in", json!({ "staff_id": manager, "pin": "97531" })).expect("signed in");
        till.execute("staff.print_badge", json!({ "staff_id": manager })).expect("printed");
        till.execute("operator.log_out", json!({})).expect("left");
        let job = TillPaper(Arc::downgrade(&till)).next().expect("the badge's paper");
        let Document::Badge(badge) = job.document else { panic!("a badge: {:?}", job.document) };

        let heard = till.subscribe();
        till.take_scan(badge.code.to_lowercase());
        let told = heard.recv().expect("told");
        let Notice::Scan { outcome: Some(outcome), error: None, .. } = told else { panic!("{told:?}") };
        assert!(
            matches!(*outcome, ScanOutcome::Badge { badge } if badge.staff_id == manager),
            "and nobody is signed in"
        );
        assert!(till.operator_id().is_none());
        till.take_scan(barcode(4));
        let told = heard.recv().expect("told");
        assert!(matches!(told, Notice::Scan { error: Some(error), .. } if error.code == ErrorCode::NotLoggedIn));
    }
}
