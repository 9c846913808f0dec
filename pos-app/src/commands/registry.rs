//! Every command there is: its name, what it takes, what it answers, what it is for.

use ts_rs::{Config, TS};

use super::types::{
    AddProduct, CardPaymentView, CardRef, CatalogView, CloseRegister, CompleteSale, CompletedSaleView, Enroll, LogIn,
    Nothing, OpenDrawer, OpenRegister, RecentSales, RedeemTicket, RemoveLine, Reprint, SaleView, ScanOutcome,
    ScannedCode, SearchCatalog, SetQuantity, StaffView, StartCard, SyncReport, TicketView, TillStatus, VerifyReport,
    WaitCard,
};
use shared::catalog::Product;
use shared::register::{XReport, ZReport};

/// A command as `help` and the screens know it.
pub struct CommandSpec {
    /// `sale.add`.
    pub name: &'static str,
    /// One sentence.
    pub about: &'static str,
    /// The arguments as a TypeScript type.
    pub args: fn(&Config) -> String,
    /// The answer as a TypeScript type.
    pub answer: fn(&Config) -> String,
}

macro_rules! commands {
    ($($name:literal ($args:ty) -> $answer:ty: $about:literal;)+) => {
        /// All commands, in the order of a night.
        pub const COMMANDS: &[CommandSpec] = &[$(
            CommandSpec { name: $name, about: $about, args: <$args>::name, answer: <$answer>::name },
        )+];

        /// Visits the types of all commands.
        pub(super) fn visit_types(visitor: &mut impl ts_rs::TypeVisitor) {
            $(visitor.visit::<$args>(); visitor.visit::<$answer>();)+
        }
    };
}

commands! {
    "status.get" (Nothing) -> TillStatus: "How the till and everything around it is.";
    "device.enroll" (Enroll) -> TillStatus: "Makes this till head office's, with a one-time code.";
    "staff.list" (Nothing) -> Vec<StaffView>: "Who can sign in here.";
    "operator.log_in" (LogIn) -> TillStatus: "Signs a person in with their PIN.";
    "operator.log_out" (Nothing) -> TillStatus: "Signs them out; sale and session stay.";
    "register.open" (OpenRegister) -> TillStatus: "Opens the drawer with its counted float.";
    "register.read" (Nothing) -> XReport: "Reads the open session; changes nothing.";
    "register.close" (CloseRegister) -> ZReport: "Closes the session on a blind count.";
    "catalog.list" (Nothing) -> CatalogView: "Everything for sale, by category.";
    "catalog.search" (SearchCatalog) -> Vec<Product>: "Products whose name or SKU has these words.";
    "sale.current" (Nothing) -> SaleView: "The sale on the counter.";
    "sale.add" (AddProduct) -> SaleView: "Adds a product.";
    "sale.set_quantity" (SetQuantity) -> SaleView: "Sets how much of a line.";
    "sale.remove" (RemoveLine) -> SaleView: "Takes a line off.";
    "sale.abandon" (Nothing) -> SaleView: "Gives the sale up and starts an empty one.";
    "sale.repeat_last" (Nothing) -> SaleView: "Puts the lines of the last sale on the counter again.";
    "sale.complete" (CompleteSale) -> CompletedSaleView: "Finishes the sale, durably, and prints.";
    "sale.recent" (RecentSales) -> Vec<CompletedSaleView>: "The latest sales of this till, newest first.";
    "card.start" (StartCard) -> CardPaymentView: "Asks the terminal for a payment towards the sale.";
    "card.get" (CardRef) -> CardPaymentView: "Where a card payment stands.";
    "card.wait" (WaitCard) -> CardPaymentView: "Waits until it is final or in doubt.";
    "card.cancel" (CardRef) -> CardPaymentView: "Cancels it while nothing was asked of the terminal.";
    "card.ask" (CardRef) -> CardPaymentView: "Asks the terminal again about a payment in doubt.";
    "scan.route" (ScannedCode) -> ScanOutcome: "Takes a scan to where it belongs.";
    "ticket.check" (ScannedCode) -> TicketView: "Checks and judges a ticket; changes nothing.";
    "ticket.redeem" (RedeemTicket) -> TicketView: "Hands over what a ticket owes, in whole or part.";
    "printer.test" (Nothing) -> TillStatus: "Prints a test page.";
    "printer.reprint" (Reprint) -> CompletedSaleView: "Prints a sale's paper again, marked as a copy.";
    "drawer.open" (OpenDrawer) -> TillStatus: "Opens the drawer without a sale, with a reason.";
    "sync.run" (Nothing) -> SyncReport: "Sends and fetches now instead of when it is due.";
    "ledger.verify" (Nothing) -> VerifyReport: "Recomputes every hash and rebuilds every projection.";
}
