//! The card terminal's protocol, as the till has it.

#[path = "../../../pos-app/src/terminal/transbank/frame.rs"]
pub mod frame;
#[path = "../../../pos-app/src/terminal/transbank/message.rs"]
pub mod message;
