//! What has no limit and merges by itself: fields edited at tills, tags, stock.
//!
//! The only room that knows the crate `crdts`, because the crate trusts its caller in places where a till cannot be
//! trusted to be alone:
//!
//! - a register merges two values under one marker without a word, and the replicas differ for ever: [`Field`] asks first;
//! - a counter takes any jump for granted and answers in integers without end: [`Moved`] is told totals, and checks;
//! - an actor that is a device counts again what a restored device had counted: an [`Actor`] is a device's one run;
//! - a set gives two members added at once the same dot and then calls it a mistake: [`Tags`] gives each its own.
//!
//! Whatever the order and however often, the same facts come to the same state. Nothing here knows a limit: what must
//! not be exceeded is leased, never merged.

mod actor;
mod field;
mod marker;
mod product;
mod stock;
mod tags;

pub use actor::Actor;
pub use field::{Contradiction, Field, Outcome};
pub use marker::{Author, Marker, Version};
pub use product::{EditOutcome, EditedField, Marks, Superseded};
pub use stock::{Counted, Moved, Part, Stock, StockError, StockMove, StockRecord, moves_of};
pub use tags::{Dot, TagRemoval, Tags};
