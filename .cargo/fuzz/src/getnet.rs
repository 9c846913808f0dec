//! The card terminals' protocol of Getnet, as the till has it.

#[path = "../../../pos-app/src/terminal/getnet/frame.rs"]
pub mod frame;
#[path = "../../../pos-app/src/terminal/getnet/message.rs"]
pub mod message;
