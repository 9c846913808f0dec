//! Every command there is: its name, what it takes, what it answers, who may call it, what does it, what it is for.
//! A command without a permission or without anything that does it does not compile.

use serde_json::Value;
use ts_rs::{Config, TS};

use super::dispatch::{decode, encode};
use super::error::CommandError;
use super::types::{
    AddProduct, AddUpCash, BadgeView, BatchView, CardPaymentView, CardRef, CashSumView, CashTenderView, CatalogView,
    CloseBatch, CloseRegister, CompleteSale, CompletedSaleView, CountNext, CountStock, EditProduct, Enroll, EnterCard,
    FrameView, LogIn, MoveCash, MoveStock, Nothing, OpenCardView, OpenDrawer, OpenRegister, PrintBadge, PrintJobRef,
    PrintJobsView, ReadFrame, RecentSales, RedeemTicket, RemoveLine, Reprint, ResolveCard, ReturnCard, RouteScan,
    SaleView, ScanOutcome, ScannedCode, SearchCatalog, ServeTerminal, ServedView, ServicesView, SetQuantity, StaffView,
    StartCard, StockView, SyncReport, TenderCash, TicketView, TillStatus, UndoRedemption, UsePrinter, VerifyReport,
    VoidTicket, WaitCard,
};
use crate::app::{self, Caller, Need, Till};
use shared::catalog::Product;
use shared::register::{XReport, ZReport};
use shared::staff::Permission as P;

/// A command as `help` and the screens know it, and as it is done.
pub struct CommandSpec {
    /// `sale.add`.
    pub name: &'static str,
    /// One sentence.
    pub about: &'static str,
    /// The arguments as a TypeScript type.
    pub args: fn(&Config) -> String,
    /// The answer as a TypeScript type.
    pub answer: fn(&Config) -> String,
    /// What it asks of who calls it.
    pub(crate) need: Need,
    /// Whether the status can be another afterwards.
    pub(crate) changes: bool,
    pub(crate) run: fn(&Till, &Caller, Value) -> Result<Value, CommandError>,
}

/// Whether a command changes anything.
const CHANGES: bool = true;
const READS: bool = false;

macro_rules! commands {
    ($($name:literal ($args:ty) -> $answer:ty, $need:expr, $changes:ident, $handler:path: $about:literal;)+) => {
        /// All commands, in the order of a night.
        pub const COMMANDS: &[CommandSpec] = &[$(
            CommandSpec {
                name: $name,
                about: $about,
                args: <$args>::name,
                answer: <$answer>::name,
                need: $need,
                changes: $changes,
                run: |till, who, args| {
                    let answer: $answer = $handler(till, who, &decode::<$args>(args)?)?;
                    encode(&answer)
                },
            },
        )+];

        /// Visits the types of all commands.
        pub(super) fn visit_types(visitor: &mut impl ts_rs::TypeVisitor) {
            $(visitor.visit::<$args>(); visitor.visit::<$answer>();)+
        }
    };
}

commands! {
    "status.get" (Nothing) -> TillStatus, Need::Anyone, READS, app::get_status: "How the till and everything around it is.";
    "device.enroll" (Enroll) -> TillStatus, Need::Anyone, CHANGES, app::enroll: "Makes this till head office's, with a one-time code.";
    "staff.list" (Nothing) -> Vec<StaffView>, Need::Enrolled, READS, app::list_staff: "Who can sign in here.";
    "staff.read_badge" (ScannedCode) -> BadgeView, Need::Enrolled, READS, app::read_badge: "Says whose badge a code is; it signs nobody in.";
    "staff.print_badge" (PrintBadge) -> BadgeView, Need::May(P::PrintBadge), CHANGES, app::print_badge: "Prints somebody's badge, signed by this till.";
    "operator.log_in" (LogIn) -> TillStatus, Need::Enrolled, CHANGES, app::log_in: "Signs a person in with their PIN.";
    "operator.log_out" (Nothing) -> TillStatus, Need::SignedIn, CHANGES, app::log_out: "Signs them out; sale and session stay.";
    "register.open" (OpenRegister) -> TillStatus, Need::May(P::OpenRegister), CHANGES, app::open_register: "Opens the drawer with its counted float.";
    "register.add_up" (AddUpCash) -> CashSumView, Need::SignedIn, READS, app::add_up_cash: "Adds up a count under way; keeps nothing.";
    "register.read" (Nothing) -> XReport, Need::May(P::OpenRegister), READS, app::read_register: "Reads the open session; changes nothing.";
    "register.print" (Nothing) -> XReport, Need::May(P::OpenRegister), CHANGES, app::print_reading: "Reads the open session and prints the reading.";
    "register.move_cash" (MoveCash) -> XReport, Need::May(P::MoveCash), CHANGES, app::move_cash: "Puts cash in, pays it out or takes it to the safe, with a reason.";
    "register.close" (CloseRegister) -> ZReport, Need::May(P::OpenRegister), CHANGES, app::close_register: "Closes the session on a blind count.";
    "catalog.list" (Nothing) -> CatalogView, Need::Enrolled, READS, app::list_catalog: "Everything for sale, by category.";
    "catalog.search" (SearchCatalog) -> Vec<Product>, Need::Enrolled, READS, app::search_catalog: "Products whose name or SKU has these words.";
    "sale.current" (Nothing) -> SaleView, Need::SignedIn, READS, app::current_sale: "The sale on the counter.";
    "sale.add" (AddProduct) -> SaleView, Need::May(P::Sell), READS, app::add_product: "Adds a product.";
    "sale.set_quantity" (SetQuantity) -> SaleView, Need::May(P::Sell), READS, app::set_quantity: "Sets how much of a line.";
    "sale.remove" (RemoveLine) -> SaleView, Need::May(P::RemoveLine), READS, app::remove_line: "Takes a line off.";
    "sale.abandon" (Nothing) -> SaleView, Need::May(P::RemoveLine), READS, app::abandon_sale: "Gives the sale up and starts an empty one.";
    "sale.repeat_last" (Nothing) -> SaleView, Need::May(P::Sell), READS, app::repeat_last: "Puts the lines of the last sale on the counter again.";
    "sale.tender" (TenderCash) -> CashTenderView, Need::May(P::Sell), READS, app::tender_cash: "What cash would pay and give back; changes nothing.";
    "sale.complete" (CompleteSale) -> CompletedSaleView, Need::May(P::Sell), CHANGES, app::complete_sale: "Finishes the sale, durably, and prints.";
    "sale.recent" (RecentSales) -> Vec<CompletedSaleView>, Need::SignedIn, READS, app::recent_sales: "The latest sales of this till, newest first.";
    "card.start" (StartCard) -> CardPaymentView, Need::May(P::Sell), CHANGES, app::start_card: "Asks the terminal for a payment towards the sale.";
    "card.get" (CardRef) -> CardPaymentView, Need::SignedIn, READS, app::get_card: "Where a card payment stands.";
    "card.wait" (WaitCard) -> CardPaymentView, Need::SignedIn, READS, app::wait_card: "Waits until it is final or in doubt.";
    "card.cancel" (CardRef) -> CardPaymentView, Need::May(P::Sell), CHANGES, app::cancel_card: "Cancels it while nothing was asked of the terminal.";
    "card.ask" (CardRef) -> CardPaymentView, Need::May(P::Sell), READS, app::ask_card: "Asks the terminal again about a payment in doubt.";
    "card.list_open" (Nothing) -> Vec<OpenCardView>, Need::SignedIn, READS, app::list_open: "Card payments that a person should look at, oldest first.";
    "card.resolve" (ResolveCard) -> CardPaymentView, Need::May(P::SettleCard), CHANGES, app::resolve_card: "Says how a payment in doubt ended, by the terminal's paper.";
    "card.return" (ReturnCard) -> CardPaymentView, Need::May(P::SettleCard), CHANGES, app::return_card: "Gives back what a card paid and no sale counts.";
    "card.void" (CardRef) -> CardPaymentView, Need::May(P::VoidCard), CHANGES, app::void_card: "Has the terminal give back a payment that no finished sale counts.";
    "card.enter_manual" (EnterCard) -> CardPaymentView, Need::May(P::Sell), CHANGES, app::enter_manual: "Enters what a terminal without a cable has charged.";
    "card.read_batch" (Nothing) -> BatchView, Need::May(P::CloseBatch), READS, app::read_batch: "Reads the terminal's batch and holds it against the till's payments.";
    "card.close_batch" (CloseBatch) -> BatchView, Need::May(P::CloseBatch), CHANGES, app::close_batch: "Closes the terminal's batch; refused while a payment is in doubt.";
    "card.services" (Nothing) -> ServicesView, Need::SignedIn, READS, app::list_services: "What the terminal can be asked for besides payments.";
    "card.serve" (ServeTerminal) -> ServedView, Need::May(P::CloseBatch), CHANGES, app::serve: "Has the terminal print a report, load its keys or stand alone; refused while a payment is open there.";
    "card.print_voucher" (CardRef) -> ServedView, Need::May(P::Reprint), READS, app::print_voucher: "Has the terminal print the voucher of a payment of its open batch again.";
    "scan.times" (CountNext) -> Nothing, Need::SignedIn, READS, app::count_next: "So many of what the till's own scanner reads next, once.";
    "scan.frame" (ReadFrame) -> FrameView, Need::Enrolled, READS, app::read_camera: "Reads the codes in what a camera sees; does nothing with them.";
    "scan.route" (RouteScan) -> ScanOutcome, Need::SignedIn, READS, app::route_scan: "Takes a scan to where it belongs.";
    "ticket.check" (ScannedCode) -> TicketView, Need::SignedIn, READS, app::check_ticket: "Checks and judges a ticket; a used one shown again and again is noted.";
    "ticket.redeem" (RedeemTicket) -> TicketView, Need::May(P::RedeemTicket), CHANGES, app::redeem_ticket: "Hands over what a ticket owes, in whole or part.";
    "ticket.undo" (UndoRedemption) -> TicketView, Need::May(P::RedeemTicket), CHANGES, app::undo_redemption: "Takes back what was handed over: one's own at once, anybody's with permission.";
    "ticket.void" (VoidTicket) -> TicketView, Need::May(P::VoidTicket), CHANGES, app::void_ticket: "Withdraws a ticket, with a reason.";
    "printer.test" (Nothing) -> TillStatus, Need::May(P::SeeDiagnostics), CHANGES, app::test_printer: "Prints a test page.";
    "printer.reprint" (Reprint) -> CompletedSaleView, Need::May(P::Reprint), CHANGES, app::reprint: "Prints a sale's paper again, marked as a copy.";
    "printer.jobs" (Nothing) -> PrintJobsView, Need::SignedIn, READS, app::list_jobs: "Papers that wait, and those of which nobody knows whether they came out.";
    "printer.print_again" (PrintJobRef) -> PrintJobsView, Need::May(P::Reprint), CHANGES, app::print_again: "Prints a paper in doubt again, marked as a copy.";
    "printer.found" (PrintJobRef) -> PrintJobsView, Need::SignedIn, CHANGES, app::found: "Says that a paper in doubt came out, or is not missed.";
    "printer.use" (UsePrinter) -> TillStatus, Need::SignedIn, CHANGES, app::use_printer: "Has the spare printer take the queue, or the printer itself again.";
    "drawer.open" (OpenDrawer) -> TillStatus, Need::May(P::OpenDrawer), CHANGES, app::open_drawer: "Opens the drawer without a sale, with a reason.";
    "product.edit" (EditProduct) -> Product, Need::May(P::EditProduct), READS, app::edit_product: "Changes a product here, and everywhere once head office has heard.";
    "stock.list" (Nothing) -> Vec<StockView>, Need::SignedIn, READS, app::list_stock: "Products whose stock is known, and those not for sale.";
    "stock.count" (CountStock) -> StockView, Need::May(P::KeepStock), READS, app::count_stock: "Says how much of a product is there.";
    "stock.receive" (MoveStock) -> StockView, Need::May(P::KeepStock), READS, app::receive_stock: "Takes in a delivery.";
    "stock.waste" (MoveStock) -> StockView, Need::May(P::KeepStock), READS, app::waste_stock: "Writes off what broke or was given away.";
    "sync.run" (Nothing) -> SyncReport, Need::Enrolled, CHANGES, app::run_sync: "Sends and fetches now instead of when it is due.";
    "ledger.verify" (Nothing) -> VerifyReport, Need::Anyone, READS, app::verify_ledger: "Recomputes every hash and rebuilds every projection.";
}
