//! What can happen. A new meaning is a new schema; old lines are never rewritten.

use serde::{Deserialize, Serialize};

use super::Hash;
use crate::ids::{ChainId, DeviceId, PaymentId, ProductId, RedemptionId, RegisterId, SaleId, SessionId, StaffId};
use crate::merge::{Part, StockMove, TagRemoval};
use crate::money::Currency;
use crate::register::{CashCount, CashMovementKind, ZReport};
use crate::sale::{CompletedSale, SaleLine, Totals};
use crate::tender::{BatchComparison, CardPayment, ReturnWay, Settlement, TerminalReport};
use crate::ticket::{RedeemedLine, TicketId};
use crate::time::{BusinessDate, Timestamp};

/// The chain a new one continues.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParentChain {
    /// Its id.
    pub chain: ChainId,
    /// Its last number.
    pub seq: u64,
    /// Its last hash.
    pub hash: Hash,
}

/// First of every chain: the till process started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainStarted {
    /// Version of the program.
    pub app_version: String,
    /// The chain before, if the database held one.
    pub parent: Option<ParentChain>,
    /// Hash of the certificate it sells under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Hash>,
    /// Version of the database's engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sqlite_version: Option<String>,
    /// What the witness beside the database said at the start; none where no witness is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<WitnessState>,
}

/// What a till's witness, a small file outside its data, knows of the chains in its database. A database that was put
/// back from a copy knows less than its witness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum WitnessState {
    /// There is none: a first start, or another machine.
    Absent,
    /// The database holds all it knows.
    Agrees,
    /// It knows of events the database does not hold.
    Ahead {
        /// The chain it saw last.
        chain: ChainId,
        /// The last number it saw.
        seq: u64,
        /// The hash there.
        hash: Hash,
    },
    /// The database holds another event under that number.
    Differs {
        /// The chain it saw last.
        chain: ChainId,
        /// The last number it saw.
        seq: u64,
        /// The hash there.
        hash: Hash,
    },
    /// It is there, and is no witness.
    Unreadable,
}

/// Somebody signed in with their PIN.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorLoggedIn {
    /// Who.
    pub staff_id: StaffId,
}

/// They left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorLoggedOut {
    /// Who.
    pub staff_id: StaffId,
}

/// A wrong PIN.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorRefused {
    /// Whose PIN it was not.
    pub staff_id: StaffId,
    /// Wrong PINs in a row, this one included.
    pub wrong: u8,
    /// Set when this one locked them.
    pub locked_until: Option<Timestamp>,
}

/// A drawer was opened for selling.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterOpened {
    /// The session it began.
    pub session_id: SessionId,
    /// The drawer.
    pub register_id: RegisterId,
    /// Its night.
    pub business_date: BusinessDate,
    /// Who opened it.
    pub opened_by: StaffId,
    /// When.
    pub opened_at: Timestamp,
    /// What it is counted in.
    pub currency: Currency,
    /// Cash found in it.
    pub float: CashCount,
}

/// It was counted and closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterClosed {
    /// The session it ended.
    pub session_id: SessionId,
    /// When.
    pub closed_at: Timestamp,
    /// What the hands found.
    pub counted: CashCount,
    /// The reading made of it.
    pub z: ZReport,
}

/// The ticket a sale gave out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct IssuedTicket {
    /// Its identity.
    pub ticket_id: TicketId,
    /// `BMB 11725-K`.
    pub display_code: String,
    /// The signed code, as printed.
    pub code: String,
}

/// A sale happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaleRecorded {
    /// Its id.
    pub sale_id: SaleId,
    /// Consecutive at this register.
    pub receipt_no: u64,
    /// Its night.
    pub business_date: BusinessDate,
    /// When it was settled.
    pub completed_at: Timestamp,
    /// What it was sold in.
    pub currency: Currency,
    /// What was sold.
    pub lines: Vec<SaleLine>,
    /// What it came to.
    pub totals: Totals,
    /// How it was paid.
    pub settlement: Settlement,
    /// What the customer carries to the bar.
    pub tickets: Vec<IssuedTicket>,
}

/// A sale was given up before payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaleAbandoned {
    /// Its id.
    pub sale_id: SaleId,
    /// What it would have been: product and thousandths.
    pub lines: Vec<(ProductId, i64)>,
}

/// The terminal is about to be asked for money. Durable before the first byte leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardRequested {
    /// The attempt.
    pub payment_id: PaymentId,
    /// The sale it is for.
    pub sale_id: SaleId,
    /// Which terminal.
    pub terminal: String,
    /// How much, minor units.
    pub amount_minor: i64,
    /// The correlation key on the wire.
    pub ticket_no: String,
    /// When.
    pub requested_at: Timestamp,
}

/// The terminal said something that counts. Durable before we acknowledge it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardReported {
    /// The attempt.
    pub payment_id: PaymentId,
    /// What it said.
    pub report: TerminalReport,
    /// A person said so, with the terminal's paper in hand; not the wire.
    pub is_manual: bool,
    /// Why they settled a doubt so; none where the till has no line to its terminal, and they always say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The payment that this approval proves already. One transaction of a terminal pays one sale, so it is kept as a word
    /// that cannot be true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proves_already: Option<PaymentId>,
}

impl CardReported {
    /// As the terminal said it.
    pub const fn by_terminal(payment_id: PaymentId, report: TerminalReport) -> Self {
        Self { payment_id, report, is_manual: false, note: None, proves_already: None }
    }

    /// What the payment is after it. A word that cannot be true is kept beside what is known.
    #[must_use]
    pub fn apply(&self, payment: CardPayment) -> CardPayment {
        if self.proves_already.is_some() {
            return payment.deny(self.report.clone());
        }
        let told = if self.is_manual {
            payment.clone().settle_by_hand(self.report.clone())
        } else {
            payment.clone().report(self.report.clone())
        };
        told.unwrap_or_else(|_| payment.deny(self.report.clone()))
    }
}

/// What a card had paid, and no sale counts, was given back without the terminal's word for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardReturned {
    /// The attempt.
    pub payment_id: PaymentId,
    /// How much, minor units: all of it.
    pub amount_minor: i64,
    /// How.
    pub way: ReturnWay,
    /// Why.
    pub note: String,
}

impl CardReturned {
    /// What the payment is after it.
    #[must_use]
    pub fn apply(&self, payment: CardPayment) -> CardPayment {
        CardPayment { returned: Some(self.way), denied: None, ..payment }
    }
}

/// A terminal's batch was closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardBatchClosed {
    /// Which terminal.
    pub terminal: String,
    /// When.
    pub closed_at: Timestamp,
    /// What it came to, held against the till's own payments right before.
    pub comparison: BatchComparison,
}

/// A bar handed something over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketRedeemed {
    /// This use of it.
    pub redemption_id: RedemptionId,
    /// The ticket.
    pub ticket_id: TicketId,
    /// The night it was redeemed.
    pub business_date: BusinessDate,
    /// When.
    pub redeemed_at: Timestamp,
    /// What was handed over.
    pub lines: Vec<RedeemedLine>,
    /// The signed code: any till's redemption can be checked without the sale.
    pub code: String,
    /// Whom nobody could ask; none when the server said yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unheard: Option<Unheard>,
}

/// Whose word was missing when a bar handed over alone: any of them may have handed over the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unheard {
    /// When the server, and through it the others, was last heard; never when none.
    pub since: Option<Timestamp>,
    /// The venue's other tills.
    pub devices: Vec<DeviceId>,
}

/// A hand-over was taken back: it counts no more, wherever it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedemptionUndone {
    /// Which.
    pub redemption_id: RedemptionId,
    /// Of which ticket.
    pub ticket_id: TicketId,
    /// When.
    pub undone_at: Timestamp,
    /// By whoever handed it over, in the seconds they have for that; otherwise by somebody who may.
    pub is_own: bool,
}

/// A ticket was withdrawn: what it still owes is owed no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketVoided {
    /// Which.
    pub ticket_id: TicketId,
    /// When.
    pub voided_at: Timestamp,
    /// Why.
    pub reason: String,
    /// The signed code.
    pub code: String,
}

/// A ticket that owes nothing was shown again and again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketShownAgain {
    /// Which.
    pub ticket_id: TicketId,
    /// How often at this till, since it was used up.
    pub times: u32,
    /// When it was shown last.
    pub shown_at: Timestamp,
    /// The signed code.
    pub code: String,
}

/// A receipt was printed again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptReprinted {
    /// Of which sale.
    pub sale_id: SaleId,
    /// 1 for the first copy.
    pub copy_no: u32,
}

/// The drawer was opened without a sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrawerOpened {
    /// Why.
    pub reason: String,
}

/// Somebody's badge was printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadgePrinted {
    /// Whose.
    pub staff_id: StaffId,
    /// The last night it holds.
    pub last_valid: BusinessDate,
}

/// Cash was put into a drawer or taken out of it, and no sale explains it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CashMoved {
    /// The drawer's session.
    pub session_id: SessionId,
    /// Its night.
    pub business_date: BusinessDate,
    /// Which way.
    pub movement: CashMovementKind,
    /// How much, minor units; always more than nothing.
    pub amount_minor: i64,
    /// Why; of a drop the envelope's number as well.
    pub reason: String,
    /// When.
    pub moved_at: Timestamp,
}

/// A field's new value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edited<V> {
    /// What it should be.
    pub to: V,
    /// The round of edits the editor knew of.
    pub seen: u64,
}

/// A product was edited at a till. What is not named stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductEdited {
    /// Which.
    pub product_id: ProductId,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Edited<String>>,
    /// Its price with tax, minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_minor: Option<Edited<i64>>,
    /// Whether it is for sale; not when it is sold out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_active: Option<Edited<bool>>,
    /// Tags put on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub add_tags: Vec<String>,
    /// Tags taken off, as they were known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove_tags: Vec<TagRemoval>,
}

/// Somebody counted what is there of a product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockCounted {
    /// Which.
    pub product_id: ProductId,
    /// What the hands found, thousandths.
    pub counted_milli: i64,
    /// The round of counts the counter knew of.
    pub seen_round: u64,
    /// What is in that number already, run by run; this event's own run up to this event.
    pub seen: Vec<Part>,
}

/// Why stock moved without a sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum StockReason {
    /// Delivered.
    Received,
    /// Broken, spilt, given away.
    Wasted,
}

/// Stock moved without a sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockMoved {
    /// Of what.
    pub product_id: ProductId,
    /// Why, which also says which way.
    pub reason: StockReason,
    /// How much, thousandths; not negative.
    pub quantity_milli: u64,
}

impl StockMoved {
    /// As a movement.
    pub const fn as_move(&self) -> StockMove {
        match self.reason {
            StockReason::Received => StockMove::received(self.product_id, self.quantity_milli),
            StockReason::Wasted => StockMove::taken(self.product_id, self.quantity_milli),
        }
    }
}

/// Why a payload is no fact.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FactError {
    /// From a newer program.
    #[error("{kind} schema {schema} is not known to this version")]
    Unknown {
        /// Its type.
        kind: String,
        /// Its schema.
        schema: u16,
    },
    /// The type is known, the content is not of it.
    #[error("the payload is not a {kind}: {reason}")]
    Malformed {
        /// Its type.
        kind: &'static str,
        /// What the parser said.
        reason: String,
    },
}

/// A fact's payload, as it goes into a line.
pub(super) struct Payload<'a>(pub(super) &'a Fact);

macro_rules! facts {
    ($($kind:literal $schema:literal $variant:ident($payload:ty) $doc:literal;)+) => {
        /// What happened.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Fact {
            $(#[doc = $doc] $variant($payload),)+
        }

        impl Serialize for Payload<'_> {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self.0 { $(Fact::$variant(payload) => payload.serialize(serializer),)+ }
            }
        }

        impl Fact {
            /// Its type on the wire.
            pub fn kind(&self) -> &'static str {
                match self { $(Self::$variant(_) => $kind,)+ }
            }

            /// The payload's schema.
            pub fn schema(&self) -> u16 {
                match self { $(Self::$variant(_) => $schema,)+ }
            }

            /// The payload as JSON.
            pub fn payload(&self) -> String {
                match self {
                    $(Self::$variant(payload) => serde_json::to_string(payload).expect("a fact encodes as JSON"),)+
                }
            }

            /// Reads a payload.
            ///
            /// Errors: [`FactError::Unknown`] for a type or schema of the future, [`FactError::Malformed`].
            pub fn decode(kind: &str, schema: u16, payload: &str) -> Result<Self, FactError> {
                match (kind, schema) {
                    $(($kind, $schema) => serde_json::from_str(payload)
                        .map(Self::$variant)
                        .map_err(|error| FactError::Malformed { kind: $kind, reason: error.to_string() }),)+
                    _ => Err(FactError::Unknown { kind: kind.to_owned(), schema }),
                }
            }
        }
    };
}

facts! {
    "chain.started" 1 ChainStarted(ChainStarted) "A till process started.";
    "operator.logged_in" 1 OperatorLoggedIn(OperatorLoggedIn) "Somebody signed in.";
    "operator.logged_out" 1 OperatorLoggedOut(OperatorLoggedOut) "They left.";
    "operator.refused" 1 OperatorRefused(OperatorRefused) "A wrong PIN.";
    "register.opened" 1 RegisterOpened(RegisterOpened) "A drawer opened for selling.";
    "register.closed" 1 RegisterClosed(RegisterClosed) "A drawer counted and closed.";
    "sale.completed" 1 SaleCompleted(SaleRecorded) "A sale.";
    "sale.abandoned" 1 SaleAbandoned(SaleAbandoned) "A sale given up before payment.";
    "card.requested" 1 CardRequested(CardRequested) "A terminal about to be asked for money.";
    "card.reported" 1 CardReported(CardReported) "What the terminal said.";
    "ticket.redeemed" 1 TicketRedeemed(TicketRedeemed) "A bar handed something over.";
    "receipt.reprinted" 1 ReceiptReprinted(ReceiptReprinted) "A receipt printed again.";
    "drawer.opened" 1 DrawerOpened(DrawerOpened) "The drawer opened without a sale.";
    "product.edited" 1 ProductEdited(ProductEdited) "A product edited at a till.";
    "stock.counted" 1 StockCounted(StockCounted) "Stock counted by hand.";
    "stock.moved" 1 StockMoved(StockMoved) "Stock delivered or wasted.";
    "card.returned" 1 CardReturned(CardReturned) "A card payment beside a sale given back.";
    "card.batch_closed" 1 CardBatchClosed(CardBatchClosed) "A terminal's batch closed.";
    "ticket.redemption_undone" 1 RedemptionUndone(RedemptionUndone) "A hand-over taken back.";
    "ticket.voided" 1 TicketVoided(TicketVoided) "A ticket withdrawn.";
    "cash.moved" 1 CashMoved(CashMoved) "Cash put in or taken out without a sale.";
    "ticket.shown_again" 1 TicketShownAgain(TicketShownAgain) "A used ticket shown again and again.";
    "staff.badge_printed" 1 BadgePrinted(BadgePrinted) "Somebody's badge printed.";
}

impl SaleRecorded {
    /// The sale as the register report adds it up.
    pub fn completed(&self) -> CompletedSale {
        CompletedSale {
            sale_id: self.sale_id,
            currency: self.currency,
            lines: self.lines.clone(),
            totals: self.totals.clone(),
            settlement: self.settlement.clone(),
        }
    }
}
