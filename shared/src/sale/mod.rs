//! One deal with a customer: `open → completed | abandoned`. Lines never change after completion.

mod line;
mod receipt;
mod state;
mod totals;

pub use line::{Quantity, SaleLine};
pub use receipt::{NoReceiptCode, ReceiptCode};
pub use state::{CompletedSale, Sale, SaleError};
pub use totals::Totals;
