//! What a card terminal says in ZVT over its cable or its network, or what noise says in their place.

use crate::zvt::apdu::{Apdu, Reader};
use crate::zvt::message::{StatusInformation, printed};
use crate::zvt::serial::{Heard, MAX_MESSAGE, Receiver, encode};

/// The bytes are what comes.
///
/// Holds: nothing is kept beyond a message's length; a message is heard as it was sent, whatever came before the pause; of a
/// card no more than four digits stay, and on paper no more than its ends.
pub fn target(bytes: &[u8]) {
    let mut receiver = Receiver::default();
    for byte in bytes {
        match receiver.hear(*byte) {
            Some(Heard::Apdu(apdu)) => read(&apdu),
            Some(Heard::Broken(length, _)) => assert!(length <= MAX_MESSAGE + 1),
            _ => {}
        }
    }
    receiver.gap();
    assert!(!receiver.is_mid_frame());
    let mut reader = Reader::default();
    bytes.iter().filter_map(|byte| reader.hear(*byte)).for_each(|apdu| read(&apdu));
    if let [class, instruction, data @ ..] = bytes
        && data.len() < MAX_MESSAGE - 5
    {
        let apdu = Apdu::new(u16::from_be_bytes([*class, *instruction]), data.to_vec());
        let heard: Vec<_> = encode(&apdu).into_iter().filter_map(|byte| receiver.hear(byte)).collect();
        assert_eq!(heard, [Heard::Apdu(apdu)]);
    }
}

fn read(apdu: &Apdu) {
    let status = StatusInformation::read(&apdu.data);
    let last4 = &status.approval.last4;
    assert!(last4.is_empty() || (last4.len() == 4 && last4.bytes().all(|byte| byte.is_ascii_digit())));
    for line in printed(apdu) {
        let longest = line.split(|character: char| !character.is_ascii_digit()).map(str::len).max();
        assert!(longest.is_none_or(|longest| longest < 13), "{line}");
    }
}
