//! The card terminals' protocol ZVT, as the till has it.

#[path = "../../../pos-app/src/terminal/zvt/apdu.rs"]
pub mod apdu;
#[path = "../../../pos-app/src/terminal/zvt/bmp.rs"]
pub mod bmp;
#[path = "../../../pos-app/src/terminal/zvt/message.rs"]
pub mod message;
#[path = "../../../pos-app/src/terminal/zvt/serial.rs"]
pub mod serial;
#[path = "../../../pos-app/src/terminal/zvt/tlv.rs"]
pub mod tlv;
