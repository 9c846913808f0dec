// Generated from the till's Rust types. Do not edit: a test compares it.

export type AddProduct = { 
/**
 * Which.
 */
product_id: ProductId, 
/**
 * How much, thousandths; one piece when absent.
 */
quantity_milli?: Quantity, };

export type AddUpCash = { 
/**
 * What was counted so far.
 */
counted: CashCount, };

export type Approval = { 
/**
 * Who allows it.
 */
staff_id: StaffId, 
/**
 * Theirs, four to eight digits.
 */
pin: string, };

export type Approver = { 
/**
 * Who.
 */
staff_id: StaffId, 
/**
 * Their name.
 */
name: string, 
/**
 * What they are.
 */
roles: Array<Role>, };

export type BadgeView = { 
/**
 * Whose.
 */
staff_id: StaffId, 
/**
 * Their name.
 */
name: string, 
/**
 * The last night it holds.
 */
last_valid: BusinessDate, };

export type BatchComparison = { 
/**
 * What the till holds as taken.
 */
ours: TerminalTotals, 
/**
 * What the terminal says in one number, if it says one.
 */
terminal?: TerminalTotals, 
/**
 * What the terminal's own lines add up to, if it tells them.
 */
listed?: TerminalTotals, 
/**
 * Ours in the order they were asked for, then what only the terminal knows.
 */
lines: Array<BatchLine>, };

export type BatchLine = { 
/**
 * How it came out.
 */
verdict: BatchVerdict, 
/**
 * The till's payment, where it has one.
 */
payment_id?: PaymentId, 
/**
 * The key both may know it by.
 */
ticket_no?: string, 
/**
 * The terminal's number for it, or empty.
 */
operation_no: string, 
/**
 * The bank's code for it, or empty.
 */
authorisation_code: string, 
/**
 * Last four digits of the card, or empty.
 */
last4: string, 
/**
 * When, as the terminal writes it, or empty.
 */
at: string, 
/**
 * What the till holds as taken, minor units.
 */
ours_minor: number, 
/**
 * What the terminal lists, less what it gave back, minor units.
 */
terminal_minor: number, 
/**
 * The terminal's less ours, minor units.
 */
difference_minor: number, };

export type BatchVerdict = "agrees" | "differs" | "only_here" | "only_there" | "unlisted" | "in_doubt";

export type BatchView = { 
/**
 * Which terminal, in words.
 */
terminal: string, 
/**
 * When it was last closed from this till.
 */
last_closed_at: Timestamp | null, 
/**
 * When it was closed, by this command.
 */
closed_at: Timestamp | null, 
/**
 * The three-way table.
 */
comparison: BatchComparison, 
/**
 * The terminal said what it took, and there is nothing to look at.
 */
agrees: boolean, 
/**
 * Payments not settled yet: while there are any, the batch cannot be closed.
 */
doubts: number, };

export type BlindView = { 
/**
 * The venue's other tills, by name.
 */
devices: Array<string>, 
/**
 * When they were last heard, through the server.
 */
since: Timestamp | null, 
/**
 * What the venue allows then.
 */
policy: RedemptionPolicy, 
/**
 * What is owed, at today's prices; none when a product is not known here.
 */
value_minor: number | null, 
/**
 * Whether all that is owed may be handed over all the same.
 */
is_allowed: boolean, };

export type BusinessDate = string;

export type CardApproval = { 
/**
 * The bank's code for it.
 */
authorisation_code: string, 
/**
 * The terminal's number for it.
 */
operation_no: string, 
/**
 * Last four digits of the card.
 */
last4: string, 
/**
 * Brand as the terminal names it, `VI`.
 */
brand: string, 
/**
 * `CR` credit, `DB` debit, as the terminal says.
 */
card_type: string, };

export type CardPayment = { 
/**
 * Its id, committed before the first byte leaves.
 */
payment_id: PaymentId, 
/**
 * The sale it is for.
 */
sale_id: SaleId, 
/**
 * What the terminal is asked for, minor units.
 */
amount_minor: number, 
/**
 * The correlation key on the wire: six characters, unique on that terminal.
 */
ticket_no: string, 
/**
 * When it was asked for.
 */
started_at: Timestamp, 
/**
 * The terminal's number for the last thing it did before, if it said.
 */
baseline?: string, 
/**
 * What the terminal promised before the line went quiet: evidence for whoever has to settle a doubt.
 */
promised?: CardApproval, 
/**
 * A person said how it ended, with the terminal's paper in hand.
 */
is_manual?: boolean, 
/**
 * What was said since that denies it. A person has to look.
 */
denied?: TerminalReport, 
/**
 * The terminal's code for not giving it back.
 */
void_refused?: string, 
/**
 * How the customer got it back without the terminal's word. It pays nothing any more.
 */
returned?: ReturnWay, } & ({ "state": "created" } | { "state": "ready" } | { "state": "in_progress", 
/**
 * What the terminal is waiting for.
 */
progress: CardProgress, } | { "state": "approved", 
/**
 * Its word for it.
 */
approval: CardApproval, } | { "state": "declined", 
/**
 * The terminal's own code, `01`.
 */
code: string, } | { "state": "not_started", 
/**
 * Why.
 */
reason: NotStartedReason, } | { "state": "uncertain" } | { "state": "voiding", 
/**
 * The approval that may be no more.
 */
approval: CardApproval, 
/**
 * The terminal's number for the last thing it did before, where it was asked: a void gets the next.
 */
before?: string, } | { "state": "voided", 
/**
 * The approval that is no more.
 */
approval: CardApproval, });

export type CardPaymentView = { 
/**
 * Where it stands.
 */
payment: CardPayment, 
/**
 * It can still be cancelled at the till.
 */
can_cancel: boolean, 
/**
 * The terminal can be asked to give it back.
 */
can_void?: boolean, 
/**
 * Its batch is closed: it is not voided but given back, and the customer may have to show the card.
 */
is_batch_closed?: boolean, 
/**
 * A person said how it ended, or gave it back.
 */
manual?: ManualView, 
/**
 * Milliseconds since it was asked for.
 */
elapsed_ms: number, };

export type CardProgress = "sent" | "present_card" | "confirm_amount" | "choose" | "enter_pin" | "contacting_bank" | "recovering";

export type CardRef = { 
/**
 * Which.
 */
payment_id: PaymentId, };

export type CashCount = Array<Counted>;

export type CashMovementKind = "in" | "out" | "drop";

export type CashRounding = { 
/**
 * The smallest amount that coins can pay, in minor units; 1 means exact.
 */
unit_minor: number, 
/**
 * Where the exact middle goes.
 */
tie: Tie, 
/**
 * An amount that is not zero never rounds to zero (Slovakia: 1 and 2 cents become 5).
 */
keeps_nonzero: boolean, };

export type CashRowView = { 
/**
 * Which, minor units.
 */
denomination_minor: number, 
/**
 * What its pieces come to, minor units.
 */
total_minor: number, };

export type CashSumView = { 
/**
 * Row by row, as they came.
 */
rows: Array<CashRowView>, 
/**
 * Notes and coins.
 */
pieces: number, 
/**
 * What they come to, minor units.
 */
total_minor: number, };

export type CashTenderView = { 
/**
 * Left to pay in cash, minor units, rounded by law.
 */
due_minor: number, 
/**
 * On the counter, minor units.
 */
tendered_minor: number, 
/**
 * Still missing, minor units; zero when it is enough.
 */
missing_minor: number, 
/**
 * To hand back, minor units.
 */
change_minor: number, 
/**
 * The change in the fewest notes and coins, largest first.
 */
change_notes: Array<Counted>, };

export type CatalogView = { 
/**
 * Changes when anything here does.
 */
version: number, 
/**
 * Of all prices.
 */
currency: Currency | null, 
/**
 * Tab by tab.
 */
categories: Array<CategoryView>, };

export type Category = { 
/**
 * Its id.
 */
category_id: CategoryId, 
/**
 * As on the tab.
 */
name: string, 
/**
 * Which of the eight category tints, 1..=8.
 */
tint: number, 
/**
 * Place among the tabs, smallest first.
 */
position: number, 
/**
 * Still shown.
 */
is_active: boolean, };

export type CategoryId = string;

export type CategoryView = { 
/**
 * The tab.
 */
category: Category, 
/**
 * In their order, only what is for sale.
 */
products: Array<Product>, };

export type CloseBatch = { 
/**
 * Somebody has looked at the difference, and closes all the same.
 */
accepts_difference?: boolean, };

export type CloseRegister = { 
/**
 * What was counted in it.
 */
counted: CashCount, };

export type CommandError = { 
/**
 * For programs.
 */
code: ErrorCode, 
/**
 * A sentence in English; the screens have their own words for the code.
 */
message: string, 
/**
 * What the words need: amounts, times, names.
 */
details: Record<string, unknown>, };

export type CompleteSale = { 
/**
 * Cash handed over, minor units; none when cards cover the total.
 */
cash_tendered_minor?: number, };

export type CompletedSaleView = { 
/**
 * Its id.
 */
sale_id: SaleId, 
/**
 * Consecutive at this register.
 */
receipt_no: number, 
/**
 * When.
 */
completed_at: Timestamp, 
/**
 * Of all amounts.
 */
currency: Currency, 
/**
 * What it came to.
 */
totals: Totals, 
/**
 * How it was paid; `change_minor` is what to hand back.
 */
settlement: Settlement, 
/**
 * The change in the fewest notes and coins, largest first.
 */
change_notes: Array<Counted>, 
/**
 * What the customer carries to the bar.
 */
tickets: Array<IssuedTicket>, 
/**
 * Paper that has not come out yet.
 */
is_print_pending: boolean, 
/**
 * Paper of which nobody knows whether it came out; `printer.jobs` tells why.
 */
is_print_unknown: boolean, };

export type Concern = { 
/**
 * Which.
 */
code: ConcernCode, 
/**
 * Since when it is known.
 */
since: Timestamp | null, 
/**
 * How many events it is about.
 */
events: number, 
/**
 * By how much a clock is wrong.
 */
minutes: number, 
/**
 * For the telephone call.
 */
detail: string | null, };

export type ConcernCode = "ledger_damaged" | "disk_full" | "till_revoked" | "ledger_restored" | "ledger_recovered" | "events_lost" | "till_cloned" | "chain_forked" | "clock_wrong" | "server_restored";

export type CountNext = { 
/**
 * So many; one when absent.
 */
times?: number, };

export type CountStock = { 
/**
 * Which.
 */
product_id: ProductId, 
/**
 * What the hands found, thousandths.
 */
counted_milli: Quantity, };

export type Counted = { 
/**
 * The note or coin, minor units.
 */
denomination_minor: number, 
/**
 * How many.
 */
count: number, };

export type Currency = "CLP" | "COP" | "CZK" | "EUR" | "ILS";

export type DeedView = { 
/**
 * When.
 */
at: Timestamp, 
/**
 * Who.
 */
staff: string | null, 
/**
 * Which machine.
 */
device: string, };

export type DeviceHealth = { 
/**
 * How it is.
 */
state: DeviceState, 
/**
 * Where: `tcp 127.0.0.1:9100`, `serial /dev/ttyUSB0`.
 */
address: string | null, 
/**
 * A simulator; said so on screen.
 */
is_simulated: boolean, 
/**
 * Jobs that wait for it.
 */
pending: number, 
/**
 * What it or the system said, for the telephone call.
 */
detail: string | null, };

export type DeviceState = "not_configured" | "unknown" | "ready" | "attention" | "unreachable";

export type EditProduct = { 
/**
 * Which.
 */
product_id: ProductId, 
/**
 * Its name.
 */
name?: string, 
/**
 * Its price with tax, minor units.
 */
price_minor?: number, 
/**
 * Whether it is for sale; not when it is sold out.
 */
is_active?: boolean, 
/**
 * Tags to put on it.
 */
add_tags?: Array<string>, 
/**
 * Tags to take off.
 */
remove_tags?: Array<string>, };

export type Enroll = { 
/**
 * `https://…`, without a path.
 */
server_url: string, 
/**
 * The one-time code.
 */
code: string, };

export type EnterCard = { 
/**
 * How much, minor units; all that is left when absent.
 */
amount_minor?: number, 
/**
 * The authorisation code on the voucher.
 */
authorisation_code: string, 
/**
 * The card's last four digits on the voucher.
 */
last4: string, 
/**
 * `CR` or `DB`, where the voucher says it.
 */
card_type?: string, 
/**
 * The brand, where the voucher says it.
 */
brand?: string, };

export type ErrorCode = "command_unknown" | "arguments_invalid" | "device_not_enrolled" | "device_already_enrolled" | "enrolment_code_invalid" | "server_unreachable" | "server_refused" | "not_logged_in" | "staff_unknown" | "pin_wrong" | "pin_locked" | "permission_denied" | "badge_missing" | "badge_malformed" | "badge_other_tenant" | "badge_unknown_device" | "badge_device_revoked" | "badge_forged" | "badge_expired" | "badge_left" | "badge_here" | "session_not_open" | "session_already_open" | "count_invalid" | "sale_still_open" | "product_unknown" | "product_not_for_sale" | "line_unknown" | "quantity_invalid" | "sale_empty" | "sale_too_large" | "sale_unknown" | "tender_short" | "tender_over_not_cash" | "amount_invalid" | "card_in_progress" | "card_uncertain" | "card_unknown" | "card_not_cancellable" | "card_already_paid" | "terminal_unreachable" | "terminal_not_configured" | "terminal_is_manual" | "terminal_not_manual" | "terminal_failed" | "terminal_has_payment" | "terminal_cannot" | "terminal_denied" | "terminal_unclear" | "voucher_unknown" | "card_not_open" | "card_outcome_invalid" | "card_taken" | "card_code_invalid" | "card_digits_invalid" | "note_invalid" | "card_proof_used" | "card_not_voidable" | "card_void_debit" | "card_counted" | "card_not_returnable" | "batch_has_doubts" | "batch_differs" | "batch_untold" | "code_unknown" | "ticket_malformed" | "ticket_other_tenant" | "ticket_unknown_device" | "ticket_signature_invalid" | "ticket_kind_not_served" | "ticket_unknown" | "ticket_delivered" | "ticket_void" | "ticket_in_review" | "ticket_unheard" | "redemption_unknown" | "ticket_expired" | "ticket_other_night" | "ticket_too_many" | "ticket_line_invalid" | "printer_not_configured" | "printer_unreachable" | "paper_not_in_doubt" | "printer_has_no_spare" | "drawer_elsewhere" | "ledger_newer" | "ledger_in_use" | "ledger_corrupt" | "ledger_write_failed" | "disk_full" | "config_invalid" | "internal";

export type FrameView = { 
/**
 * What each says, top to bottom.
 */
codes: Array<string>, };

export type IssuedTicket = { 
/**
 * Its identity.
 */
ticket_id: TicketId, 
/**
 * `BMB 11725-K`.
 */
display_code: string, 
/**
 * The signed code, as printed.
 */
code: string, };

export type LogIn = { 
/**
 * Who.
 */
staff_id: StaffId, 
/**
 * Four to eight digits.
 */
pin: string, };

export type ManualView = { 
/**
 * Their name.
 */
by: string | null, 
/**
 * When.
 */
at: Timestamp | null, 
/**
 * Why; a till without a line to its terminal asks for no reason.
 */
note: string | null, };

export type MoveCash = { 
/**
 * Which way.
 */
movement: CashMovementKind, 
/**
 * How much, minor units.
 */
amount_minor: number, 
/**
 * Why; goes into the ledger and on the slip. Of a drop the envelope's number as well.
 */
reason: string, };

export type MoveStock = { 
/**
 * Of what.
 */
product_id: ProductId, 
/**
 * How much, thousandths.
 */
quantity_milli: Quantity, };

export type NotStartedReason = "unreachable" | "refused" | "cancelled";

export type Nothing = Record<symbol, never>;

export type Notice = { "notice": "status", 
/**
 * All of it.
 */
status: TillStatus, } | { "notice": "card", 
/**
 * Where it stands now.
 */
card: CardPaymentView, } | { "notice": "catalog" } | { "notice": "scan", 
/**
 * As read.
 */
code: string, 
/**
 * What it was.
 */
outcome: ScanOutcome | null, 
/**
 * Or why it was nothing.
 */
error: CommandError | null, };

export type OpenCardView = { 
/**
 * The payment, with its amount and its age.
 */
card: CardPaymentView, 
/**
 * What is wrong with it.
 */
reason: OpenReason, 
/**
 * Which terminal was asked, in words.
 */
terminal: string, 
/**
 * Who asked.
 */
asked_by: string | null, 
/**
 * Its sale was finished without it, under this number.
 */
receipt_no: number | null, 
/**
 * What would settle it, the surest first.
 */
ways: Array<SettleWay>, 
/**
 * What a person may say became of it.
 */
outcomes: Array<ResolveOutcome>, };

export type OpenDrawer = { 
/**
 * Why; goes into the ledger.
 */
reason: string, };

export type OpenReason = "in_doubt" | "void_in_doubt" | "contradicted" | "not_counted";

export type OpenRegister = { 
/**
 * What was counted in it.
 */
float: CashCount, };

export type OperatorView = { 
/**
 * Who.
 */
staff_id: StaffId, 
/**
 * Their name.
 */
name: string, 
/**
 * What they are.
 */
roles: Array<Role>, 
/**
 * What they may do without asking.
 */
may: Array<Permission>, 
/**
 * What they may do when somebody who may allows it with their PIN.
 */
may_with_approval: Array<Permission>, };

export type PaidTwiceView = { 
/**
 * With the terminal's word for it.
 */
payment: CardPayment, 
/**
 * The sale's receipt; none when the sale was given up.
 */
receipt_no: number | null, };

export type PaperDoubt = "till_stopped" | "line_broke" | "no_word" | "printer_changed" | "unreadable";

export type PaperKind = "receipt" | "ticket" | "opening_slip" | "cash_slip" | "x_report" | "z_report" | "badge" | "terminal_slip" | "test_page" | "drawer" | "unreadable";

export type PaperStatus = { 
/**
 * Papers of which nobody knows whether they came out; `printer.jobs` tells them.
 */
in_doubt: number, 
/**
 * Where the printer is that the queue goes to otherwise; none when the till has one printer.
 */
other_printer: string | null, 
/**
 * The spare takes the queue.
 */
uses_spare: boolean, 
/**
 * The drawer stands open; none where nobody can know.
 */
is_drawer_open: boolean | null, };

export type PaperTemplate = { 
/**
 * Under the address, each in the middle.
 */
header: Array<string>, 
/**
 * At the foot.
 */
footer: Array<string>, };

export type Payment = { "kind": "cash", 
/**
 * What stays in the drawer: tendered less change, minor units.
 */
amount_minor: number, 
/**
 * What was handed over, minor units.
 */
tendered_minor: number, 
/**
 * What was given back, minor units.
 */
change_minor: number, 
/**
 * Legal rounding: cash kept less cash owed, minor units.
 */
rounding_minor: number, } | { "kind": "card", 
/**
 * Which attempt.
 */
payment_id: PaymentId, 
/**
 * What it took, minor units.
 */
amount_minor: number, 
/**
 * The terminal's word.
 */
approval: CardApproval, 
/**
 * A person's word, from paper.
 */
is_manual?: boolean, };

export type PaymentId = string;

export type Permission = "open_register" | "sell" | "remove_line" | "redeem_ticket" | "open_drawer" | "move_cash" | "reprint" | "see_expected_cash" | "see_diagnostics" | "edit_product" | "keep_stock" | "settle_card" | "void_card" | "close_batch" | "undo_redemption" | "void_ticket" | "print_badge";

export type PrintBadge = { 
/**
 * Whose.
 */
staff_id: StaffId, };

export type PrintJobRef = { 
/**
 * Its number in the queue.
 */
job_id: number, };

export type PrintJobView = { 
/**
 * Its number in the queue.
 */
job_id: number, 
/**
 * What it is.
 */
paper: PaperKind, 
/**
 * What it is called: a receipt's number, a ticket's display code, a Z's number, a name.
 */
name: string | null, 
/**
 * 0 for the original.
 */
copy_no: number, 
/**
 * Since when it waits or is in doubt.
 */
queued_at: Timestamp, 
/**
 * Why nobody knows whether it came out; none while it waits.
 */
doubt: PaperDoubt | null, 
/**
 * It can be printed again, as a copy.
 */
can_print_again: boolean, };

export type PrintJobsView = { 
/**
 * At most a hundred of them.
 */
jobs: Array<PrintJobView>, 
/**
 * How many wait.
 */
waiting: number, 
/**
 * How many are in doubt.
 */
in_doubt: number, };

export type Product = { 
/**
 * Its id.
 */
product_id: ProductId, 
/**
 * Short number inside the tenant, dense from 1: what a QR ticket carries.
 */
number: number, 
/**
 * Our own code, unique per tenant.
 */
sku: string, 
/**
 * As on the key and on paper.
 */
name: string, 
/**
 * The group it is shown in.
 */
category_id: CategoryId, 
/**
 * Price with tax, minor units of the venue's currency.
 */
price_minor: number, 
/**
 * The tax inside the price.
 */
tax_rate_bp: RateBp, 
/**
 * GTIN-14 texts, fourteen digits each.
 */
barcodes: Array<string>, 
/**
 * Sold as a ticket that a bar redeems, rather than handed over at the till.
 */
is_ticketed: boolean, 
/**
 * Place on the page, smallest first.
 */
position: number, 
/**
 * Still for sale.
 */
is_active: boolean, 
/**
 * What it is besides its category: `happy hour`, `vegan`. In order.
 */
tags?: Array<string>, };

export type ProductId = string;

export type Quantity = number;

export type RateBp = number;

export type ReadFrame = { 
/**
 * Dots across, 32 to 1280.
 */
width: number, 
/**
 * Dots down, 32 to 1280.
 */
height: number, 
/**
 * One byte a dot, row by row, from black to white, as Base64.
 */
luma: string, };

export type RecentSales = { 
/**
 * At most this many, 1..=100.
 */
limit: number, };

export type RedeemTicket = { 
/**
 * The QR text or the display code.
 */
code: string, 
/**
 * Which lines and how many; everything owed when absent.
 */
lines?: Array<RedeemedLine>, };

export type RedeemedLine = { 
/**
 * Place on the ticket, from 1.
 */
line_no: number, 
/**
 * How many pieces.
 */
quantity: number, };

export type RedemptionId = string;

export type RedemptionPolicy = { "rule": "accept_all" } | { "rule": "accept_below", 
/**
 * In the venue's currency, minor units.
 */
value_minor: number, } | { "rule": "home_only" } | { "rule": "refuse" };

export type RedemptionView = { 
/**
 * Its id, to take it back.
 */
redemption_id: RedemptionId, 
/**
 * When.
 */
redeemed_at: Timestamp, 
/**
 * Who.
 */
staff: string | null, 
/**
 * Which machine.
 */
device: string, 
/**
 * What.
 */
lines: Array<RedeemedLine>, 
/**
 * It was taken back, and counts no more.
 */
undone: DeedView | null, 
/**
 * Until when whoever is signed in takes it back without asking anybody; none when it was not they, or is over.
 */
undo_until: Timestamp | null, };

export type Register = { 
/**
 * Its id.
 */
register_id: RegisterId, 
/**
 * The venue it stands in.
 */
venue_id: VenueId, 
/**
 * Three letters that begin its tickets' display codes, `BMB`. Unique per tenant; never I or O.
 */
code: string, 
/**
 * As people call it, `Barra principal`.
 */
name: string, };

export type RegisterId = string;

export type RemoveLine = { 
/**
 * Which line.
 */
line_no: number, };

export type Reprint = { 
/**
 * Which sale.
 */
sale_id: SaleId, };

export type ResolveCard = { 
/**
 * Which.
 */
payment_id: PaymentId, 
/**
 * How it ended.
 */
outcome: ResolveOutcome, 
/**
 * The authorisation code on the voucher, of what was approved.
 */
authorisation_code?: string, 
/**
 * The card's last four digits on the voucher, of what was approved.
 */
last4?: string, 
/**
 * How they know; goes into the ledger.
 */
note: string, };

export type ResolveOutcome = "approved" | "not_charged" | "voided" | "not_voided";

export type ReturnCard = { 
/**
 * Which.
 */
payment_id: PaymentId, 
/**
 * How.
 */
way: ReturnWay, 
/**
 * Why; goes into the ledger.
 */
note: string, };

export type ReturnWay = "cash" | "otherwise";

export type Role = "cashier" | "bartender" | "supervisor" | "manager" | "admin" | "auditor";

export type RouteScan = { 
/**
 * As the scanner sent it.
 */
code: string, 
/**
 * How many of a product; one when absent. A label with its own weight or price stands for itself.
 */
times?: number, };

export type Sale = { 
/**
 * Its id, made before the first line.
 */
sale_id: SaleId, 
/**
 * What it is sold in.
 */
currency: Currency, 
/**
 * In the order they were added.
 */
lines: Array<SaleLine>, 
/**
 * The number the next new line takes.
 */
next_line_no: number, };

export type SaleId = string;

export type SaleKind = "sale" | "affected" | "invoice_affected" | "exempt" | "invoice_exempt" | "collection_affected" | "collection_exempt";

export type SaleLine = { 
/**
 * Place on the receipt, from 1. A removed line's number is not used again in its sale.
 */
line_no: number, 
/**
 * The product.
 */
product_id: ProductId, 
/**
 * Its short number, for the QR ticket.
 */
product_number: number, 
/**
 * Its SKU then.
 */
sku: string, 
/**
 * Its name then.
 */
name: string, 
/**
 * How much.
 */
quantity_milli: Quantity, 
/**
 * Price of one, tax included, minor units.
 */
unit_price_minor: number, 
/**
 * The tax inside.
 */
tax_rate_bp: RateBp, 
/**
 * Quantity times price, minor units.
 */
total_minor: number, 
/**
 * Goes onto a QR ticket that a bar redeems.
 */
is_ticketed: boolean, };

export type SaleView = { 
/**
 * Its lines.
 */
sale: Sale, 
/**
 * What they come to.
 */
totals: Totals, 
/**
 * Card payments made towards it, oldest first; declined ones too.
 */
cards: Array<CardPaymentView>, 
/**
 * Approved by card so far, minor units.
 */
paid_minor: number, 
/**
 * Left to pay by card, minor units, exact.
 */
left_minor: number, 
/**
 * Left to pay in cash, minor units, rounded by law.
 */
cash_due_minor: number, 
/**
 * Cash due less what is left: the legal rounding, minor units.
 */
rounding_minor: number, 
/**
 * Sums of real notes a customer is likely to hand over, smallest first, at most four; the first is exact.
 */
cash_suggestions: Array<number>, };

export type ScanOutcome = { "kind": "product_added", 
/**
 * The line it is on.
 */
line_no: number, 
/**
 * The sale with it.
 */
sale: SaleView, } | { "kind": "ticket", 
/**
 * Checked and judged.
 */
ticket: TicketView, } | { "kind": "receipt", 
/**
 * Its sale.
 */
sale: CompletedSaleView, } | { "kind": "badge", 
/**
 * Whose.
 */
badge: BadgeView, };

export type ScannedCode = { 
/**
 * As the scanner sent it.
 */
code: string, };

export type SearchCatalog = { 
/**
 * What was typed.
 */
text: string, 
/**
 * At most this many, 1..=100.
 */
limit: number, };

export type ServeTerminal = { 
/**
 * What. `voucher` is of one payment: `card.print_voucher`.
 */
service: ServiceName, 
/**
 * Of whom, where it is about a seller; the till's own sales when absent.
 */
seller?: number, 
/**
 * What sales typed into the terminal are from now on, where it is about that.
 */
sale_kind?: SaleKind, };

export type ServedView = { 
/**
 * What it would have printed, had it a printer of its own, line by line; empty where it has.
 */
lines: Array<string>, };

export type ServerHealth = { 
/**
 * How it is.
 */
state: ServerState, 
/**
 * Where.
 */
url: string | null, 
/**
 * When it last answered.
 */
last_contact: Timestamp | null, 
/**
 * Since when it has not.
 */
offline_since: Timestamp | null, 
/**
 * Events it does not have yet.
 */
unsent_events: number, 
/**
 * What it said when it refused.
 */
detail: string | null, };

export type ServerState = "none" | "up_to_date" | "sending" | "offline" | "needs_attention";

export type ServiceName = "voucher" | "last_voucher" | "totals" | "sales" | "seller_sales" | "tips" | "parameters" | "sim" | "load_keys" | "sale_kind" | "stand_alone";

export type ServicesView = { 
/**
 * In the order a person would look for it; empty for a terminal without a cable.
 */
services: Array<ServiceName>, 
/**
 * Payments whose voucher it prints again, newest first.
 */
vouchers: Array<VoucherView>, };

export type SessionId = string;

export type SessionTotals = { 
/**
 * How many sales.
 */
sales: number, 
/**
 * What they came to before rounding, minor units.
 */
total_minor: number, 
/**
 * The tax inside, minor units.
 */
tax_minor: number, 
/**
 * Cash kept: tendered less change, minor units.
 */
cash_minor: number, 
/**
 * Taken by card, minor units.
 */
card_minor: number, 
/**
 * Legal rounding, its own account, minor units.
 */
rounding_minor: number, 
/**
 * Of the card payments, how many a person entered or settled.
 */
manual_cards?: number, 
/**
 * What those took, minor units; in `card_minor` as well.
 */
manual_card_minor?: number, 
/**
 * Cash handed back for what cards had taken beside a sale, minor units. It belongs to no sale.
 */
returned_minor?: number, 
/**
 * Cash put in, minor units.
 */
paid_in_minor?: number, 
/**
 * Cash paid out, minor units.
 */
paid_out_minor?: number, 
/**
 * Cash taken to the safe, minor units.
 */
dropped_minor?: number, };

export type SessionView = { 
/**
 * Its id.
 */
session_id: SessionId, 
/**
 * Its night.
 */
business_date: BusinessDate, 
/**
 * Since when.
 */
opened_at: Timestamp, 
/**
 * By whom.
 */
opened_by: string, 
/**
 * Sales so far.
 */
sales: number, };

export type SetQuantity = { 
/**
 * Which line.
 */
line_no: number, 
/**
 * How much, thousandths.
 */
quantity_milli: Quantity, };

export type SettleWay = "ask_terminal" | "resolve" | "void" | "return";

export type Settlement = { 
/**
 * Cards first, cash last.
 */
payments: Array<Payment>, 
/**
 * To hand back, minor units.
 */
change_minor: number, 
/**
 * Legal rounding of the cash part, minor units; its own account, never in tax.
 */
rounding_minor: number, };

export type StaffId = string;

export type StaffView = { 
/**
 * Who.
 */
staff_id: StaffId, 
/**
 * Their name.
 */
name: string, 
/**
 * What they are.
 */
roles: Array<Role>, 
/**
 * Their PIN is locked until then.
 */
locked_until: Timestamp | null, };

export type StartCard = { 
/**
 * How much, minor units; all that is left when absent.
 */
amount_minor?: number, };

export type StockLevel = "unknown" | "plenty" | "low" | "out";

export type StockView = { 
/**
 * The product, for sale or not.
 */
product: Product, 
/**
 * How much is left at the venue, thousandths; negative when more was sold than was counted.
 */
on_hand_milli: number | null, 
/**
 * In a word.
 */
level: StockLevel, };

export type SyncReport = { 
/**
 * Events the server now has proved to hold.
 */
sent_events: number, 
/**
 * Stream items applied.
 */
pulled_items: number, 
/**
 * Events still to send.
 */
unsent_events: number, };

export type TaxLine = { 
/**
 * The rate.
 */
rate_bp: RateBp, 
/**
 * Price with tax, minor units.
 */
gross_minor: number, 
/**
 * Price without tax, minor units.
 */
net_minor: number, 
/**
 * The tax, minor units.
 */
tax_minor: number, };

export type TenderCash = { 
/**
 * Notes and coins on the counter.
 */
notes?: CashCount, 
/**
 * Or a sum, minor units.
 */
amount_minor?: number, };

export type TerminalReport = { "says": "ready" } | { "says": "asked", 
/**
 * The terminal's number for the last thing it did before, where it can be asked: what it does now gets another.
 */
baseline?: string, } | { "says": "progress", 
/**
 * What it waits for.
 */
progress: CardProgress, } | { "says": "promised", 
/**
 * Its word so far.
 */
approval: CardApproval, } | { "says": "approved", 
/**
 * Its word.
 */
approval: CardApproval, } | { "says": "declined", 
/**
 * The terminal's own code.
 */
code: string, } | { "says": "not_started", 
/**
 * Why.
 */
reason: NotStartedReason, } | { "says": "no_answer" } | { "says": "void_asked", 
/**
 * The terminal's number for the last thing it did before, where it can be asked.
 */
baseline?: string, } | { "says": "voided" } | { "says": "void_refused", 
/**
 * The terminal's own code, `08` for a debit card.
 */
code: string, };

export type TerminalTotals = { 
/**
 * How many transactions.
 */
count: number, 
/**
 * What they come to, minor units.
 */
total_minor: number, };

export type Ticket = { 
/**
 * What it is for.
 */
kind: TicketKind, 
/**
 * Its identity.
 */
ticket_id: TicketId, 
/**
 * The night it was sold.
 */
business_date: BusinessDate, 
/**
 * For how many business days it holds, that one included.
 */
valid_days: number, 
/**
 * What is owed, in order; a line's number is its place, from 1.
 */
lines: Array<TicketLine>, };

export type TicketId = string;

export type TicketKind = "delivery" | "entry" | "wardrobe" | "wallet" | "voucher" | "order" | "receipt" | "staff";

export type TicketLine = { 
/**
 * The product's short number.
 */
product_number: number, 
/**
 * How many pieces, 1..=255.
 */
quantity: number, };

export type TicketLineView = { 
/**
 * Place on the ticket, from 1.
 */
line_no: number, 
/**
 * The product's name here, or its number when it is unknown here.
 */
name: string, 
/**
 * As sold.
 */
quantity: number, 
/**
 * Handed over so far.
 */
redeemed: number, 
/**
 * Still to hand over.
 */
owed: number, };

export type TicketView = { 
/**
 * What it promises.
 */
ticket: Ticket, 
/**
 * The signed code, for the next command.
 */
code: string, 
/**
 * `BMB 11725-K`.
 */
display_code: string | null, 
/**
 * What to tell the bar.
 */
verdict: Verdict, 
/**
 * Line by line.
 */
lines: Array<TicketLineView>, 
/**
 * What was handed over before, oldest first.
 */
history: Array<RedemptionView>, 
/**
 * The till that sold it.
 */
sold_by: string, 
/**
 * When the venue's other tills were last heard, through the server.
 */
heard_until: Timestamp | null, 
/**
 * It was withdrawn.
 */
void: VoidView | null, 
/**
 * Whose word is missing; none when the server can be asked, or there is no other till.
 */
blind: BlindView | null, };

export type Tie = "down" | "up";

export type TillStatus = { 
/**
 * This program's version.
 */
app_version: string, 
/**
 * The till's clock.
 */
now: Timestamp, 
/**
 * Head office knows it.
 */
is_enrolled: boolean, 
/**
 * Where it stands.
 */
venue: Venue | null, 
/**
 * What it sells at.
 */
register: Register | null, 
/**
 * Tonight, by the venue's cut-over.
 */
business_date: BusinessDate | null, 
/**
 * Notes and coins of the venue's currency, largest first.
 */
denominations: Array<number>, 
/**
 * Who is signed in.
 */
operator: OperatorView | null, 
/**
 * The open drawer.
 */
session: SessionView | null, 
/**
 * The printer that takes the queue.
 */
printer: DeviceHealth, 
/**
 * Papers in doubt, the other printer, the drawer.
 */
paper: PaperStatus, 
/**
 * The card terminal.
 */
terminal: DeviceHealth, 
/**
 * The scanner.
 */
scanner: DeviceHealth, 
/**
 * The server.
 */
server: ServerHealth, 
/**
 * What a person should know of the ledger and of head office, worst first.
 */
concerns: Array<Concern>, 
/**
 * The terminal has no cable: what it charged is typed in with `card.enter_manual`.
 */
terminal_is_manual?: boolean, 
/**
 * Card payments that a person should look at; `card.list_open` tells them.
 */
open_cards?: number, 
/**
 * Card payments in doubt, oldest first.
 */
uncertain_payments: Array<CardPaymentView>, 
/**
 * Card payments of the last two days that no sale counts, oldest first: the customer is owed them.
 */
paid_twice: Array<PaidTwiceView>, };

export type Timestamp = number;

export type Totals = { 
/**
 * What the customer owes before any rounding of cash, minor units.
 */
total_minor: number, 
/**
 * The tax inside, minor units.
 */
tax_minor: number, 
/**
 * Total less tax, minor units.
 */
net_minor: number, 
/**
 * The same by rate, lowest rate first.
 */
taxes: Array<TaxLine>, };

export type UndoRedemption = { 
/**
 * The QR text or the display code.
 */
code: string, 
/**
 * Which hand-over.
 */
redemption_id: RedemptionId, };

export type UsePrinter = { 
/**
 * The spare; the printer itself otherwise.
 */
is_spare: boolean, };

export type Venue = { 
/**
 * Its id.
 */
venue_id: VenueId, 
/**
 * As on the receipt.
 */
name: string, 
/**
 * Taxpayer number, as printed (Chile: RUT `76.543.210-3`).
 */
tax_id: string, 
/**
 * Street and town, one line.
 */
address: string, 
/**
 * What it sells in.
 */
currency: Currency, 
/**
 * IANA name, `America/Santiago`.
 */
time_zone: string, 
/**
 * Local minutes after midnight at which the business date changes: 360 is 06:00.
 */
cut_over_minutes: number, 
/**
 * How cash is rounded here.
 */
cash_rounding: CashRounding, 
/**
 * How many business days a ticket can be redeemed, the first included.
 */
ticket_valid_days: number, 
/**
 * What a bar may hand over when it cannot ask whether another did.
 */
redemption_policy: RedemptionPolicy, 
/**
 * What its receipts say besides.
 */
paper?: PaperTemplate, };

export type VenueId = string;

export type Verdict = "valid" | "partial" | "delivered" | "void" | "expired" | "other_night";

export type VerifyReport = { 
/**
 * Chains walked.
 */
chains: number, 
/**
 * Events whose hash was recomputed.
 */
events: number, 
/**
 * Projection tables rebuilt and compared.
 */
projections: number, 
/**
 * What does not hold; empty when all does.
 */
faults: Array<string>, };

export type VoidTicket = { 
/**
 * The QR text or the display code.
 */
code: string, 
/**
 * Why; goes into the ledger.
 */
reason: string, };

export type VoidView = { 
/**
 * Who, when, where.
 */
by: DeedView, 
/**
 * Why.
 */
reason: string, };

export type VoucherView = { 
/**
 * Which.
 */
payment_id: PaymentId, 
/**
 * What it took, minor units.
 */
amount_minor: number, 
/**
 * When it was asked for.
 */
asked_at: Timestamp, 
/**
 * Last four digits of the card.
 */
last4: string, };

export type WaitCard = { 
/**
 * Which.
 */
payment_id: PaymentId, 
/**
 * Answer at the latest after this many milliseconds, with whatever stands then.
 */
timeout_ms: number, };

export type XReport = { 
/**
 * The session read.
 */
session_id: SessionId, 
/**
 * Its night.
 */
business_date: BusinessDate, 
/**
 * When it was read.
 */
read_at: Timestamp, 
/**
 * How many sales so far.
 */
sales: number, 
/**
 * Taken by card so far, to hold against the terminal's slips, minor units.
 */
card_minor: number, 
/**
 * Of that, what a person entered or settled, minor units: no terminal vouches for it.
 */
manual_card_minor?: number, 
/**
 * What was sold so far; absent for people who count blind, since it tells the cash.
 */
totals: SessionTotals | null, 
/**
 * What the drawer should hold; absent for people who count blind.
 */
expected_cash_minor: number | null, };

export type ZReport = { 
/**
 * Consecutive at this register.
 */
z_number: number, 
/**
 * The session it closed.
 */
session_id: SessionId, 
/**
 * Its night.
 */
business_date: BusinessDate, 
/**
 * What was sold.
 */
totals: SessionTotals, 
/**
 * Cash at opening, minor units.
 */
float_minor: number, 
/**
 * What the ledger says the drawer holds, minor units.
 */
expected_cash_minor: number, 
/**
 * What the hands found, minor units.
 */
counted_cash_minor: number, 
/**
 * Counted less expected: negative is short, minor units.
 */
variance_minor: number, };

/** Every command: what it takes and what it answers. */
export interface Commands {
  /** How the till and everything around it is. */
  "status.get": { args: Nothing; answer: TillStatus };
  /** Makes this till head office's, with a one-time code. */
  "device.enroll": { args: Enroll; answer: TillStatus };
  /** Who can sign in here. */
  "staff.list": { args: Nothing; answer: Array<StaffView> };
  /** Says whose badge a code is; it signs nobody in. */
  "staff.read_badge": { args: ScannedCode; answer: BadgeView };
  /** Prints somebody's badge, signed by this till. */
  "staff.print_badge": { args: PrintBadge; answer: BadgeView };
  /** Signs a person in with their PIN. */
  "operator.log_in": { args: LogIn; answer: TillStatus };
  /** Signs them out; sale and session stay. */
  "operator.log_out": { args: Nothing; answer: TillStatus };
  /** Opens the drawer with its counted float. */
  "register.open": { args: OpenRegister; answer: TillStatus };
  /** Adds up a count under way; keeps nothing. */
  "register.add_up": { args: AddUpCash; answer: CashSumView };
  /** Reads the open session; changes nothing. */
  "register.read": { args: Nothing; answer: XReport };
  /** Reads the open session and prints the reading. */
  "register.print": { args: Nothing; answer: XReport };
  /** Puts cash in, pays it out or takes it to the safe, with a reason. */
  "register.move_cash": { args: MoveCash; answer: XReport };
  /** Closes the session on a blind count. */
  "register.close": { args: CloseRegister; answer: ZReport };
  /** Everything for sale, by category. */
  "catalog.list": { args: Nothing; answer: CatalogView };
  /** Products whose name or SKU has these words. */
  "catalog.search": { args: SearchCatalog; answer: Array<Product> };
  /** The sale on the counter. */
  "sale.current": { args: Nothing; answer: SaleView };
  /** Adds a product. */
  "sale.add": { args: AddProduct; answer: SaleView };
  /** Sets how much of a line. */
  "sale.set_quantity": { args: SetQuantity; answer: SaleView };
  /** Takes a line off. */
  "sale.remove": { args: RemoveLine; answer: SaleView };
  /** Gives the sale up and starts an empty one. */
  "sale.abandon": { args: Nothing; answer: SaleView };
  /** Puts the lines of the last sale on the counter again. */
  "sale.repeat_last": { args: Nothing; answer: SaleView };
  /** What cash would pay and give back; changes nothing. */
  "sale.tender": { args: TenderCash; answer: CashTenderView };
  /** Finishes the sale, durably, and prints. */
  "sale.complete": { args: CompleteSale; answer: CompletedSaleView };
  /** The latest sales of this till, newest first. */
  "sale.recent": { args: RecentSales; answer: Array<CompletedSaleView> };
  /** Asks the terminal for a payment towards the sale. */
  "card.start": { args: StartCard; answer: CardPaymentView };
  /** Where a card payment stands. */
  "card.get": { args: CardRef; answer: CardPaymentView };
  /** Waits until it is final or in doubt. */
  "card.wait": { args: WaitCard; answer: CardPaymentView };
  /** Cancels it while nothing was asked of the terminal. */
  "card.cancel": { args: CardRef; answer: CardPaymentView };
  /** Asks the terminal again about a payment in doubt. */
  "card.ask": { args: CardRef; answer: CardPaymentView };
  /** Card payments that a person should look at, oldest first. */
  "card.list_open": { args: Nothing; answer: Array<OpenCardView> };
  /** Says how a payment in doubt ended, by the terminal's paper. */
  "card.resolve": { args: ResolveCard; answer: CardPaymentView };
  /** Gives back what a card paid and no sale counts. */
  "card.return": { args: ReturnCard; answer: CardPaymentView };
  /** Has the terminal give back a payment that no finished sale counts. */
  "card.void": { args: CardRef; answer: CardPaymentView };
  /** Enters what a terminal without a cable has charged. */
  "card.enter_manual": { args: EnterCard; answer: CardPaymentView };
  /** Reads the terminal's batch and holds it against the till's payments. */
  "card.read_batch": { args: Nothing; answer: BatchView };
  /** Closes the terminal's batch; refused while a payment is in doubt. */
  "card.close_batch": { args: CloseBatch; answer: BatchView };
  /** What the terminal can be asked for besides payments. */
  "card.services": { args: Nothing; answer: ServicesView };
  /** Has the terminal print a report, load its keys or stand alone; refused while a payment is open there. */
  "card.serve": { args: ServeTerminal; answer: ServedView };
  /** Has the terminal print the voucher of a payment of its open batch again. */
  "card.print_voucher": { args: CardRef; answer: ServedView };
  /** So many of what the till's own scanner reads next, once. */
  "scan.times": { args: CountNext; answer: Nothing };
  /** Reads the codes in what a camera sees; does nothing with them. */
  "scan.frame": { args: ReadFrame; answer: FrameView };
  /** Takes a scan to where it belongs. */
  "scan.route": { args: RouteScan; answer: ScanOutcome };
  /** Checks and judges a ticket; a used one shown again and again is noted. */
  "ticket.check": { args: ScannedCode; answer: TicketView };
  /** Hands over what a ticket owes, in whole or part. */
  "ticket.redeem": { args: RedeemTicket; answer: TicketView };
  /** Takes back what was handed over: one's own at once, anybody's with permission. */
  "ticket.undo": { args: UndoRedemption; answer: TicketView };
  /** Withdraws a ticket, with a reason. */
  "ticket.void": { args: VoidTicket; answer: TicketView };
  /** Prints a test page. */
  "printer.test": { args: Nothing; answer: TillStatus };
  /** Prints a sale's paper again, marked as a copy. */
  "printer.reprint": { args: Reprint; answer: CompletedSaleView };
  /** Papers that wait, and those of which nobody knows whether they came out. */
  "printer.jobs": { args: Nothing; answer: PrintJobsView };
  /** Prints a paper in doubt again, marked as a copy. */
  "printer.print_again": { args: PrintJobRef; answer: PrintJobsView };
  /** Says that a paper in doubt came out, or is not missed. */
  "printer.found": { args: PrintJobRef; answer: PrintJobsView };
  /** Has the spare printer take the queue, or the printer itself again. */
  "printer.use": { args: UsePrinter; answer: TillStatus };
  /** Opens the drawer without a sale, with a reason. */
  "drawer.open": { args: OpenDrawer; answer: TillStatus };
  /** Changes a product here, and everywhere once head office has heard. */
  "product.edit": { args: EditProduct; answer: Product };
  /** Products whose stock is known, and those not for sale. */
  "stock.list": { args: Nothing; answer: Array<StockView> };
  /** Says how much of a product is there. */
  "stock.count": { args: CountStock; answer: StockView };
  /** Takes in a delivery. */
  "stock.receive": { args: MoveStock; answer: StockView };
  /** Writes off what broke or was given away. */
  "stock.waste": { args: MoveStock; answer: StockView };
  /** Sends and fetches now instead of when it is due. */
  "sync.run": { args: Nothing; answer: SyncReport };
  /** Recomputes every hash and rebuilds every projection. */
  "ledger.verify": { args: Nothing; answer: VerifyReport };
}
