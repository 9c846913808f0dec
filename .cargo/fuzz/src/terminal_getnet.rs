//! What a card terminal of Getnet says over its cable, or what noise says in its place.

use crate::getnet::frame::{Heard, Receiver, encode};
use crate::getnet::message::Reply;

/// The bytes are what comes.
///
/// Holds: a message is heard as it was sent, whatever came before the pause; of a card no more than four digits stay.
pub fn target(bytes: &[u8]) {
    let mut receiver = Receiver::default();
    for byte in bytes {
        if let Some(Heard::Message(message)) = receiver.hear(*byte) {
            let reply = Reply::read(&message);
            assert!(reply.last4.len() <= 4 && reply.last4.bytes().all(|byte| byte.is_ascii_digit()));
        }
    }
    receiver.gap();
    assert!(!receiver.is_mid_object());
    // What says itself what it is cannot be more than that.
    let text = String::from_utf8_lossy(bytes);
    let serialized = serde_json::json!({ "FunctionCode": 112, "MessageText": text }).to_string();
    let heard = encode(&serialized).into_iter().filter_map(|byte| receiver.hear(byte));
    let messages: Vec<_> = heard.filter(|heard| !matches!(heard, Heard::Noise(_))).collect();
    let [Heard::Message(message)] = &messages[..] else { panic!("{messages:?}") };
    assert_eq!(message["MessageText"], *text);
}
