//! What a card terminal says over its cable, or what noise says in its place.

/// What is written down of what was said.
#[path = "../../../pos-app/src/terminal/transcript.rs"]
pub mod transcript;

use crate::transbank::frame::{Heard, MAX_FRAME, Receiver, encode};
use crate::transbank::message::{Reply, decode};

/// The bytes are what comes over the cable.
///
/// Holds: nothing is kept beyond a frame's length; a frame is heard as it was sent, whatever noise came before the pause;
/// of a card no more than four digits stay.
pub fn target(bytes: &[u8]) {
    let mut receiver = Receiver::default();
    for byte in bytes {
        match receiver.hear(*byte) {
            Some(Heard::Frame(data)) => read(&data),
            Some(Heard::Broken { data, .. }) => assert!(data.len() <= MAX_FRAME + 1),
            _ => {}
        }
    }
    receiver.gap();
    assert!(!receiver.is_mid_frame());
    let text: String = bytes.iter().filter(|byte| byte.is_ascii_graphic()).map(|byte| char::from(*byte)).collect();
    if text.len() <= MAX_FRAME {
        let heard: Vec<_> = encode(&text).into_iter().filter_map(|byte| receiver.hear(byte)).collect();
        assert_eq!(heard, [Heard::Frame(text.into_bytes())]);
    }
}

fn read(data: &[u8]) {
    if let Reply::Sale(_, reply) | Reply::Row(reply) = decode(data) {
        assert!(reply.last4.len() <= 4 && reply.last4.bytes().all(|byte| byte.is_ascii_digit()));
    }
}
