//! The shapes of arguments and answers. The screens' TypeScript is generated from these.

use serde::{Deserialize, Serialize};
use shared::catalog::{Category, Product};
use shared::event::IssuedTicket;
use shared::ids::{PaymentId, ProductId, RedemptionId, SaleId, SessionId, StaffId};
use shared::money::Currency;
use shared::register::{CashCount, CashMovementKind, Counted};
use shared::sale::{Quantity, Sale, Totals};
use shared::staff::{Permission, Role};
use shared::tender::{BatchComparison, CardPayment, OpenReason, ReturnWay, Settlement};
use shared::ticket::{RedeemedLine, Ticket, Verdict};
use shared::time::{BusinessDate, Timestamp};
use shared::venue::{RedemptionPolicy, Register, Venue};
use ts_rs::TS;

use super::error::CommandError;
use crate::terminal::service::{SaleKind, ServiceName};

macro_rules! arguments {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Deserialize, Serialize, TS)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }
    )+};
}

arguments! {
    /// No arguments.
    Nothing {}
    /// Makes this till head office's.
    Enroll {
        /// `https://…`, without a path.
        server_url: String,
        /// The one-time code.
        code: String,
    }
    /// Signs in.
    LogIn {
        /// Who.
        staff_id: StaffId,
        /// Four to eight digits.
        pin: String,
    }
    /// Allows one command that whoever is signed in may not do alone; it comes beside that command's arguments.
    Approval {
        /// Who allows it.
        staff_id: StaffId,
        /// Theirs, four to eight digits.
        pin: String,
    }
    /// Opens the drawer for selling.
    OpenRegister {
        /// What was counted in it.
        float: CashCount,
    }
    /// Closes it, blind.
    CloseRegister {
        /// What was counted in it.
        counted: CashCount,
    }
    /// Finds products by name or SKU.
    SearchCatalog {
        /// What was typed.
        text: String,
        /// At most this many, 1..=100.
        limit: u32,
    }
    /// Adds a product.
    AddProduct {
        /// Which.
        product_id: ProductId,
        /// How much, thousandths; one piece when absent.
        #[serde(default)]
        #[ts(optional)]
        quantity_milli: Option<Quantity>,
    }
    /// Sets how much of a line.
    SetQuantity {
        /// Which line.
        line_no: u16,
        /// How much, thousandths.
        quantity_milli: Quantity,
    }
    /// Takes a line off.
    RemoveLine {
        /// Which line.
        line_no: u16,
    }
    /// Finishes the sale. Approved card payments count by themselves; cash is what was handed over.
    CompleteSale {
        /// Cash handed over, minor units; none when cards cover the total.
        #[serde(default)]
        #[ts(optional)]
        cash_tendered_minor: Option<i64>,
    }
    /// Asks what cash would pay; nothing at all is the exact sum.
    TenderCash {
        /// Notes and coins on the counter.
        #[serde(default)]
        #[ts(optional)]
        notes: Option<CashCount>,
        /// Or a sum, minor units.
        #[serde(default)]
        #[ts(optional)]
        amount_minor: Option<i64>,
    }
    /// Adds up a count that is under way.
    AddUpCash {
        /// What was counted so far.
        counted: CashCount,
    }
    /// The latest sales of this till.
    RecentSales {
        /// At most this many, 1..=100.
        limit: u32,
    }
    /// Asks the terminal for a payment towards the current sale.
    StartCard {
        /// How much, minor units; all that is left when absent.
        #[serde(default)]
        #[ts(optional)]
        amount_minor: Option<i64>,
    }
    /// Names a card payment.
    CardRef {
        /// Which.
        payment_id: PaymentId,
    }
    /// Says how a card payment in doubt ended, by the terminal's paper.
    ResolveCard {
        /// Which.
        payment_id: PaymentId,
        /// How it ended.
        outcome: ResolveOutcome,
        /// The authorisation code on the voucher, of what was approved.
        #[serde(default)]
        #[ts(optional)]
        authorisation_code: Option<String>,
        /// The card's last four digits on the voucher, of what was approved.
        #[serde(default)]
        #[ts(optional)]
        last4: Option<String>,
        /// How they know; goes into the ledger.
        note: String,
    }
    /// Gives back what a card paid and no sale counts.
    ReturnCard {
        /// Which.
        payment_id: PaymentId,
        /// How.
        way: ReturnWay,
        /// Why; goes into the ledger.
        note: String,
    }
    /// Enters what a terminal without a cable has charged.
    EnterCard {
        /// How much, minor units; all that is left when absent.
        #[serde(default)]
        #[ts(optional)]
        amount_minor: Option<i64>,
        /// The authorisation code on the voucher.
        authorisation_code: String,
        /// The card's last four digits on the voucher.
        last4: String,
        /// `CR` or `DB`, where the voucher says it.
        #[serde(default)]
        #[ts(optional)]
        card_type: Option<String>,
        /// The brand, where the voucher says it.
        #[serde(default)]
        #[ts(optional)]
        brand: Option<String>,
    }
    /// Closes the terminal's batch.
    CloseBatch {
        /// Somebody has looked at the difference, and closes all the same.
        #[serde(default)]
        #[ts(optional)]
        accepts_difference: Option<bool>,
    }
    /// Has the terminal do something besides payments.
    ServeTerminal {
        /// What. `voucher` is of one payment: `card.print_voucher`.
        service: ServiceName,
        /// Of whom, where it is about a seller; the till's own sales when absent.
        #[serde(default)]
        #[ts(optional)]
        seller: Option<u16>,
        /// What sales typed into the terminal are from now on, where it is about that.
        #[serde(default)]
        #[ts(optional)]
        sale_kind: Option<SaleKind>,
    }
    /// Waits until a card payment is final or in doubt.
    WaitCard {
        /// Which.
        payment_id: PaymentId,
        /// Answer at the latest after this many milliseconds, with whatever stands then.
        timeout_ms: u32,
    }
    /// Something was scanned or typed.
    ScannedCode {
        /// As the scanner sent it.
        code: String,
    }
    /// Something was scanned or typed, to go where it belongs.
    RouteScan {
        /// As the scanner sent it.
        code: String,
        /// How many of a product; one when absent. A label with its own weight or price stands for itself.
        #[serde(default)]
        #[ts(optional)]
        times: Option<u16>,
    }
    /// What a camera sees.
    ReadFrame {
        /// Dots across, 32 to 1280.
        width: u16,
        /// Dots down, 32 to 1280.
        height: u16,
        /// One byte a dot, row by row, from black to white, as Base64.
        luma: String,
    }
    /// Says how many of what the till's own scanner reads next.
    CountNext {
        /// So many; one when absent.
        #[serde(default)]
        #[ts(optional)]
        times: Option<u16>,
    }
    /// Hands over what a ticket owes.
    RedeemTicket {
        /// The QR text or the display code.
        code: String,
        /// Which lines and how many; everything owed when absent.
        #[serde(default)]
        #[ts(optional)]
        lines: Option<Vec<RedeemedLine>>,
    }
    /// Takes back what was handed over.
    UndoRedemption {
        /// The QR text or the display code.
        code: String,
        /// Which hand-over.
        redemption_id: RedemptionId,
    }
    /// Withdraws a ticket.
    VoidTicket {
        /// The QR text or the display code.
        code: String,
        /// Why; goes into the ledger.
        reason: String,
    }
    /// Prints a sale's paper again, marked as a copy.
    Reprint {
        /// Which sale.
        sale_id: SaleId,
    }
    /// Names a paper in doubt.
    PrintJobRef {
        /// Its number in the queue.
        job_id: i64,
    }
    /// Says which printer takes the queue.
    UsePrinter {
        /// The spare; the printer itself otherwise.
        is_spare: bool,
    }
    /// Prints a person's badge.
    PrintBadge {
        /// Whose.
        staff_id: StaffId,
    }
    /// Opens the drawer without a sale.
    OpenDrawer {
        /// Why; goes into the ledger.
        reason: String,
    }
    /// Puts cash into the drawer, pays it out or takes it to the safe.
    MoveCash {
        /// Which way.
        movement: CashMovementKind,
        /// How much, minor units.
        amount_minor: i64,
        /// Why; goes into the ledger and on the slip. Of a drop the envelope's number as well.
        reason: String,
    }
    /// Changes a product; what is absent stays.
    EditProduct {
        /// Which.
        product_id: ProductId,
        /// Its name.
        #[serde(default)]
        #[ts(optional)]
        name: Option<String>,
        /// Its price with tax, minor units.
        #[serde(default)]
        #[ts(optional)]
        price_minor: Option<i64>,
        /// Whether it is for sale; not when it is sold out.
        #[serde(default)]
        #[ts(optional)]
        is_active: Option<bool>,
        /// Tags to put on it.
        #[serde(default)]
        #[ts(optional)]
        add_tags: Option<Vec<String>>,
        /// Tags to take off.
        #[serde(default)]
        #[ts(optional)]
        remove_tags: Option<Vec<String>>,
    }
    /// Says how much of a product is there.
    CountStock {
        /// Which.
        product_id: ProductId,
        /// What the hands found, thousandths.
        counted_milli: Quantity,
    }
    /// Says that stock came or went without a sale.
    MoveStock {
        /// Of what.
        product_id: ProductId,
        /// How much, thousandths.
        quantity_milli: Quantity,
    }
}

/// A person on the log-in screen.
#[derive(Clone, Debug, Serialize, TS)]
pub struct StaffView {
    /// Who.
    pub staff_id: StaffId,
    /// Their name.
    pub name: String,
    /// What they are.
    pub roles: Vec<Role>,
    /// Their PIN is locked until then.
    pub locked_until: Option<Timestamp>,
}

/// A badge that a till of this company printed for somebody who works here.
#[derive(Clone, Debug, Serialize, TS)]
pub struct BadgeView {
    /// Whose.
    pub staff_id: StaffId,
    /// Their name.
    pub name: String,
    /// The last night it holds.
    pub last_valid: BusinessDate,
}

/// The person signed in.
#[derive(Clone, Debug, Serialize, TS)]
pub struct OperatorView {
    /// Who.
    pub staff_id: StaffId,
    /// Their name.
    pub name: String,
    /// What they are.
    pub roles: Vec<Role>,
    /// What they may do without asking.
    pub may: Vec<Permission>,
    /// What they may do when somebody who may allows it with their PIN.
    pub may_with_approval: Vec<Permission>,
}

/// Somebody who can allow what another may not do alone; beside a refusal, in its `approvers`.
#[derive(Clone, Debug, Serialize, TS)]
pub struct Approver {
    /// Who.
    pub staff_id: StaffId,
    /// Their name.
    pub name: String,
    /// What they are.
    pub roles: Vec<Role>,
}

/// The open register session.
#[derive(Clone, Debug, Serialize, TS)]
pub struct SessionView {
    /// Its id.
    pub session_id: SessionId,
    /// Its night.
    pub business_date: BusinessDate,
    /// Since when.
    pub opened_at: Timestamp,
    /// By whom.
    pub opened_by: String,
    /// Sales so far.
    pub sales: u32,
}

/// How a device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DeviceState {
    /// `till.toml` names none.
    NotConfigured,
    /// Not tried yet since the start.
    Unknown,
    /// It answered last time.
    Ready,
    /// It works, and a person should look: paper low, a doubt.
    Attention,
    /// It does not answer.
    Unreachable,
}

/// Printer, terminal or scanner, as the status bar tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct DeviceHealth {
    /// How it is.
    pub state: DeviceState,
    /// Where: `tcp 127.0.0.1:9100`, `serial /dev/ttyUSB0`.
    pub address: Option<String>,
    /// A simulator; said so on screen.
    pub is_simulated: bool,
    /// Jobs that wait for it.
    pub pending: u32,
    /// What it or the system said, for the telephone call.
    pub detail: Option<String>,
}

/// Why nobody knows whether a paper came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PaperDoubt {
    /// The till stopped while it was printing.
    TillStopped,
    /// The line to the printer broke.
    LineBroke,
    /// The printer took it and never said that it printed.
    NoWord,
    /// Another printer took over while this one was at it.
    PrinterChanged,
    /// Written by a program this one does not understand, so nothing was printed.
    Unreadable,
}

/// What a paper is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PaperKind {
    /// Of a sale.
    Receipt,
    /// What the customer carries to the bar.
    Ticket,
    /// Of an opened drawer.
    OpeningSlip,
    /// Of cash put in or taken out.
    CashSlip,
    /// A reading of the open session.
    XReport,
    /// Of a closed drawer.
    ZReport,
    /// A person's badge.
    Badge,
    /// What the card terminal wants printed.
    TerminalSlip,
    /// A test page.
    TestPage,
    /// No paper: the drawer's pulse.
    Drawer,
    /// It cannot be read.
    Unreadable,
}

/// A paper that is not through.
#[derive(Clone, Debug, Serialize, TS)]
pub struct PrintJobView {
    /// Its number in the queue.
    pub job_id: i64,
    /// What it is.
    pub paper: PaperKind,
    /// What it is called: a receipt's number, a ticket's display code, a Z's number, a name.
    pub name: Option<String>,
    /// 0 for the original.
    pub copy_no: u32,
    /// Since when it waits or is in doubt.
    pub queued_at: Timestamp,
    /// Why nobody knows whether it came out; none while it waits.
    pub doubt: Option<PaperDoubt>,
    /// It can be printed again, as a copy.
    pub can_print_again: bool,
}

/// The papers that are not through: those in doubt first, then in the order they come out.
#[derive(Clone, Debug, Serialize, TS)]
pub struct PrintJobsView {
    /// At most a hundred of them.
    pub jobs: Vec<PrintJobView>,
    /// How many wait.
    pub waiting: u32,
    /// How many are in doubt.
    pub in_doubt: u32,
}

/// How it stands with paper and drawer, beside the printer's health.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, TS)]
pub struct PaperStatus {
    /// Papers of which nobody knows whether they came out; `printer.jobs` tells them.
    pub in_doubt: u32,
    /// Where the printer is that the queue goes to otherwise; none when the till has one printer.
    pub other_printer: Option<String>,
    /// The spare takes the queue.
    pub uses_spare: bool,
    /// The drawer stands open; none where nobody can know.
    pub is_drawer_open: Option<bool>,
}

/// How the server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ServerState {
    /// Not enrolled.
    None,
    /// Everything sent, and it answered last time.
    UpToDate,
    /// It answers, and events are on their way.
    Sending,
    /// It does not answer; selling goes on.
    Offline,
    /// It answered, and refused: head office has to look. Selling goes on.
    NeedsAttention,
}

/// The server, as the status bar tells it.
#[derive(Clone, Debug, Serialize, TS)]
pub struct ServerHealth {
    /// How it is.
    pub state: ServerState,
    /// Where.
    pub url: Option<String>,
    /// When it last answered.
    pub last_contact: Option<Timestamp>,
    /// Since when it has not.
    pub offline_since: Option<Timestamp>,
    /// Events it does not have yet.
    pub unsent_events: u64,
    /// What it said when it refused.
    pub detail: Option<String>,
}

/// What a person should know of the ledger and of head office. The screens have a sentence for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ConcernCode {
    /// Pages of the database are not what was written; `detail`.
    LedgerDamaged,
    /// No new sale is begun until there is room.
    DiskFull,
    /// Head office withdrew this till; `events` wait to be sent.
    TillRevoked,
    /// The database is older than what this till had written: `events` have not come back yet.
    LedgerRestored,
    /// They came back from head office: `events`.
    LedgerRecovered,
    /// Nobody has them any more: `events`.
    EventsLost,
    /// A copy of this till sells as well: `events` of its own.
    TillCloned,
    /// Head office holds other events under numbers of this till: `events` of ours are not there yet.
    ChainForked,
    /// The till's clock is `minutes` fast, or slow when negative.
    ClockWrong,
    /// Head office was put back from a backup; `events` go there once more.
    ServerRestored,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Concern {
    /// Which.
    pub code: ConcernCode,
    /// Since when it is known.
    pub since: Option<Timestamp>,
    /// How many events it is about.
    pub events: u64,
    /// By how much a clock is wrong.
    pub minutes: i64,
    /// For the telephone call.
    pub detail: Option<String>,
}

impl Concern {
    /// With nothing but its code.
    pub fn of(code: ConcernCode) -> Self {
        Self { code, since: None, events: 0, minutes: 0, detail: None }
    }
}

/// Everything the status bar and the first screen need.
#[derive(Clone, Debug, Serialize, TS)]
pub struct TillStatus {
    /// This program's version.
    pub app_version: String,
    /// The till's clock.
    pub now: Timestamp,
    /// Head office knows it.
    pub is_enrolled: bool,
    /// Where it stands.
    pub venue: Option<Venue>,
    /// What it sells at.
    pub register: Option<Register>,
    /// Tonight, by the venue's cut-over.
    pub business_date: Option<BusinessDate>,
    /// Notes and coins of the venue's currency, largest first.
    pub denominations: Vec<i64>,
    /// Who is signed in.
    pub operator: Option<OperatorView>,
    /// The open drawer.
    pub session: Option<SessionView>,
    /// The printer that takes the queue.
    pub printer: DeviceHealth,
    /// Papers in doubt, the other printer, the drawer.
    pub paper: PaperStatus,
    /// The card terminal.
    pub terminal: DeviceHealth,
    /// The scanner.
    pub scanner: DeviceHealth,
    /// The server.
    pub server: ServerHealth,
    /// What a person should know of the ledger and of head office, worst first.
    pub concerns: Vec<Concern>,
    /// The terminal has no cable: what it charged is typed in with `card.enter_manual`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub terminal_is_manual: bool,
    /// Card payments that a person should look at; `card.list_open` tells them.
    #[ts(optional, as = "Option<u32>")]
    pub open_cards: u32,
    /// Card payments in doubt, oldest first.
    pub uncertain_payments: Vec<CardPaymentView>,
    /// Card payments of the last two days that no sale counts, oldest first: the customer is owed them.
    pub paid_twice: Vec<PaidTwiceView>,
}

/// A card payment that was in doubt, and turned out approved after its sale was paid another way or given up.
#[derive(Clone, Debug, Serialize, TS)]
pub struct PaidTwiceView {
    /// With the terminal's word for it.
    pub payment: CardPayment,
    /// The sale's receipt; none when the sale was given up.
    pub receipt_no: Option<u64>,
}

/// A tab and what is on it.
#[derive(Clone, Debug, Serialize, TS)]
pub struct CategoryView {
    /// The tab.
    pub category: Category,
    /// In their order, only what is for sale.
    pub products: Vec<Product>,
}

/// The catalogue, in order.
#[derive(Clone, Debug, Serialize, TS)]
pub struct CatalogView {
    /// Changes when anything here does.
    pub version: u64,
    /// Of all prices.
    pub currency: Option<Currency>,
    /// Tab by tab.
    pub categories: Vec<CategoryView>,
}

/// How much of a product is left, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum StockLevel {
    /// Nobody ever counted it.
    Unknown,
    /// Nothing to think about.
    Plenty,
    /// The end is in sight.
    Low,
    /// None left by the number. Selling goes on: what is handed over was there.
    Out,
}

/// A product and its stock, as far as this till knows it.
#[derive(Clone, Debug, Serialize, TS)]
pub struct StockView {
    /// The product, for sale or not.
    pub product: Product,
    /// How much is left at the venue, thousandths; negative when more was sold than was counted.
    pub on_hand_milli: Option<i64>,
    /// In a word.
    pub level: StockLevel,
}

/// The sale on the counter.
#[derive(Clone, Debug, Serialize, TS)]
pub struct SaleView {
    /// Its lines.
    pub sale: Sale,
    /// What they come to.
    pub totals: Totals,
    /// Card payments made towards it, oldest first; declined ones too.
    pub cards: Vec<CardPaymentView>,
    /// Approved by card so far, minor units.
    pub paid_minor: i64,
    /// Left to pay by card, minor units, exact.
    pub left_minor: i64,
    /// Left to pay in cash, minor units, rounded by law.
    pub cash_due_minor: i64,
    /// Cash due less what is left: the legal rounding, minor units.
    pub rounding_minor: i64,
    /// Sums of real notes a customer is likely to hand over, smallest first, at most four; the first is exact.
    pub cash_suggestions: Vec<i64>,
}

/// A card payment and what may be done about it.
#[derive(Clone, Debug, Serialize, TS)]
pub struct CardPaymentView {
    /// Where it stands.
    pub payment: CardPayment,
    /// It can still be cancelled at the till.
    pub can_cancel: bool,
    /// The terminal can be asked to give it back.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub can_void: bool,
    /// Its batch is closed: it is not voided but given back, and the customer may have to show the card.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub is_batch_closed: bool,
    /// A person said how it ended, or gave it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub manual: Option<ManualView>,
    /// Milliseconds since it was asked for.
    pub elapsed_ms: i64,
}

/// How a card payment in doubt ended, as a person read it off the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ResolveOutcome {
    /// The voucher shows it approved.
    Approved,
    /// Nothing was charged.
    NotCharged,
    /// The voucher shows that it was given back.
    Voided,
    /// It was not given back: the approval stands.
    NotVoided,
}

/// Who said what no terminal did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct ManualView {
    /// Their name.
    pub by: Option<String>,
    /// When.
    pub at: Option<Timestamp>,
    /// Why; a till without a line to its terminal asks for no reason.
    pub note: Option<String>,
}

/// What would settle a payment in the danger zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SettleWay {
    /// Ask the terminal: `card.ask`. The till does so by itself as well.
    AskTerminal,
    /// Somebody reads it off the terminal: `card.resolve`.
    Resolve,
    /// The terminal gives it back: `card.void`.
    Void,
    /// Somebody gives it back: `card.return`.
    Return,
}

/// A card payment that a person should look at.
#[derive(Clone, Debug, Serialize, TS)]
pub struct OpenCardView {
    /// The payment, with its amount and its age.
    pub card: CardPaymentView,
    /// What is wrong with it.
    pub reason: OpenReason,
    /// Which terminal was asked, in words.
    pub terminal: String,
    /// Who asked.
    pub asked_by: Option<String>,
    /// Its sale was finished without it, under this number.
    pub receipt_no: Option<u64>,
    /// What would settle it, the surest first.
    pub ways: Vec<SettleWay>,
    /// What a person may say became of it.
    pub outcomes: Vec<ResolveOutcome>,
}

/// The terminal's batch, held against the till's own payments.
#[derive(Clone, Debug, Serialize, TS)]
pub struct BatchView {
    /// Which terminal, in words.
    pub terminal: String,
    /// When it was last closed from this till.
    pub last_closed_at: Option<Timestamp>,
    /// When it was closed, by this command.
    pub closed_at: Option<Timestamp>,
    /// The three-way table.
    pub comparison: BatchComparison,
    /// The terminal said what it took, and there is nothing to look at.
    pub agrees: bool,
    /// Payments not settled yet: while there are any, the batch cannot be closed.
    pub doubts: u32,
}

/// What the terminal can be asked for besides payments.
#[derive(Clone, Debug, Default, Serialize, TS)]
pub struct ServicesView {
    /// In the order a person would look for it; empty for a terminal without a cable.
    pub services: Vec<ServiceName>,
    /// Payments whose voucher it prints again, newest first.
    pub vouchers: Vec<VoucherView>,
}

/// A payment whose voucher the terminal prints again.
#[derive(Clone, Debug, Serialize, TS)]
pub struct VoucherView {
    /// Which.
    pub payment_id: PaymentId,
    /// What it took, minor units.
    pub amount_minor: i64,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// Last four digits of the card.
    pub last4: String,
}

/// What the terminal did.
#[derive(Clone, Debug, Serialize, TS)]
pub struct ServedView {
    /// What it would have printed, had it a printer of its own, line by line; empty where it has.
    pub lines: Vec<String>,
}

/// What cash on the counter pays, before it is taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct CashTenderView {
    /// Left to pay in cash, minor units, rounded by law.
    pub due_minor: i64,
    /// On the counter, minor units.
    pub tendered_minor: i64,
    /// Still missing, minor units; zero when it is enough.
    pub missing_minor: i64,
    /// To hand back, minor units.
    pub change_minor: i64,
    /// The change in the fewest notes and coins, largest first.
    pub change_notes: Vec<Counted>,
}

/// A count that is under way, added up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct CashSumView {
    /// Row by row, as they came.
    pub rows: Vec<CashRowView>,
    /// Notes and coins.
    pub pieces: u64,
    /// What they come to, minor units.
    pub total_minor: i64,
}

/// One denomination of a count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct CashRowView {
    /// Which, minor units.
    pub denomination_minor: i64,
    /// What its pieces come to, minor units.
    pub total_minor: i64,
}

/// A sale that happened.
#[derive(Clone, Debug, Serialize, TS)]
pub struct CompletedSaleView {
    /// Its id.
    pub sale_id: SaleId,
    /// Consecutive at this register.
    pub receipt_no: u64,
    /// When.
    pub completed_at: Timestamp,
    /// Of all amounts.
    pub currency: Currency,
    /// What it came to.
    pub totals: Totals,
    /// How it was paid; `change_minor` is what to hand back.
    pub settlement: Settlement,
    /// The change in the fewest notes and coins, largest first.
    pub change_notes: Vec<Counted>,
    /// What the customer carries to the bar.
    pub tickets: Vec<IssuedTicket>,
    /// Paper that has not come out yet.
    pub is_print_pending: bool,
    /// Paper of which nobody knows whether it came out; `printer.jobs` tells why.
    pub is_print_unknown: bool,
}

/// A line of a ticket.
#[derive(Clone, Debug, Serialize, TS)]
pub struct TicketLineView {
    /// Place on the ticket, from 1.
    pub line_no: u8,
    /// The product's name here, or its number when it is unknown here.
    pub name: String,
    /// As sold.
    pub quantity: u8,
    /// Handed over so far.
    pub redeemed: u32,
    /// Still to hand over.
    pub owed: u8,
}

/// One use of a ticket.
#[derive(Clone, Debug, Serialize, TS)]
pub struct RedemptionView {
    /// Its id, to take it back.
    pub redemption_id: RedemptionId,
    /// When.
    pub redeemed_at: Timestamp,
    /// Who.
    pub staff: Option<String>,
    /// Which machine.
    pub device: String,
    /// What.
    pub lines: Vec<RedeemedLine>,
    /// It was taken back, and counts no more.
    pub undone: Option<DeedView>,
    /// Until when whoever is signed in takes it back without asking anybody; none when it was not they, or is over.
    pub undo_until: Option<Timestamp>,
}

/// Who did something about a ticket.
#[derive(Clone, Debug, Serialize, TS)]
pub struct DeedView {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub staff: Option<String>,
    /// Which machine.
    pub device: String,
}

/// A ticket withdrawn.
#[derive(Clone, Debug, Serialize, TS)]
pub struct VoidView {
    /// Who, when, where.
    pub by: DeedView,
    /// Why.
    pub reason: String,
}

/// Nobody can be asked whether another bar handed over the same.
#[derive(Clone, Debug, Serialize, TS)]
pub struct BlindView {
    /// The venue's other tills, by name.
    pub devices: Vec<String>,
    /// When they were last heard, through the server.
    pub since: Option<Timestamp>,
    /// What the venue allows then.
    pub policy: RedemptionPolicy,
    /// What is owed, at today's prices; none when a product is not known here.
    pub value_minor: Option<i64>,
    /// Whether all that is owed may be handed over all the same.
    pub is_allowed: bool,
}

/// A ticket, checked and judged.
#[derive(Clone, Debug, Serialize, TS)]
pub struct TicketView {
    /// What it promises.
    pub ticket: Ticket,
    /// The signed code, for the next command.
    pub code: String,
    /// `BMB 11725-K`.
    pub display_code: Option<String>,
    /// What to tell the bar.
    pub verdict: Verdict,
    /// Line by line.
    pub lines: Vec<TicketLineView>,
    /// What was handed over before, oldest first.
    pub history: Vec<RedemptionView>,
    /// The till that sold it.
    pub sold_by: String,
    /// When the venue's other tills were last heard, through the server.
    pub heard_until: Option<Timestamp>,
    /// It was withdrawn.
    pub void: Option<VoidView>,
    /// Whose word is missing; none when the server can be asked, or there is no other till.
    pub blind: Option<BlindView>,
}

/// The codes in what a camera sees. None of them is believed.
#[derive(Clone, Debug, Serialize, TS)]
pub struct FrameView {
    /// What each says, top to bottom.
    pub codes: Vec<String>,
}

/// What a scan turned out to be.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ScanOutcome {
    /// A product, now on the sale.
    ProductAdded {
        /// The line it is on.
        line_no: u16,
        /// The sale with it.
        sale: SaleView,
    },
    /// A ticket.
    Ticket {
        /// Checked and judged.
        ticket: TicketView,
    },
    /// A receipt of this till.
    Receipt {
        /// Its sale.
        sale: CompletedSaleView,
    },
    /// A staff badge. It does nothing by itself.
    Badge {
        /// Whose.
        badge: BadgeView,
    },
}

/// What a run of sync did.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, TS)]
pub struct SyncReport {
    /// Events the server now has proved to hold.
    pub sent_events: u64,
    /// Stream items applied.
    pub pulled_items: u64,
    /// Events still to send.
    pub unsent_events: u64,
}

/// What verifying found.
#[derive(Clone, Debug, Serialize, TS)]
pub struct VerifyReport {
    /// Chains walked.
    pub chains: u64,
    /// Events whose hash was recomputed.
    pub events: u64,
    /// Projection tables rebuilt and compared.
    pub projections: u64,
    /// What does not hold; empty when all does.
    pub faults: Vec<String>,
}

/// What the till tells its window unasked.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(tag = "notice", rename_all = "snake_case")]
pub enum Notice {
    /// Something in the status changed.
    Status {
        /// All of it.
        status: Box<TillStatus>,
    },
    /// A card payment moved.
    Card {
        /// Where it stands now.
        card: Box<CardPaymentView>,
    },
    /// The catalogue changed.
    Catalog,
    /// A serial scanner read something.
    Scan {
        /// As read.
        code: String,
        /// What it was.
        outcome: Option<Box<ScanOutcome>>,
        /// Or why it was nothing.
        error: Option<CommandError>,
    },
}
