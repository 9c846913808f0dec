//! What the server tells a till: items of a stream, and a stream's name.

use shared::sync::stream::{Cursor, StreamName};

use crate::who;

/// The first line is a stream's name, the others are items.
///
/// Holds: a name reads as what it is written as; a cursor moves by exactly one item, or not at all.
pub fn target(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut lines = text.split('\n');
    if let Some(Ok(name)) = lines.next().map(str::parse::<StreamName>) {
        assert_eq!(name.to_string().parse(), Ok(name));
    }
    let mut cursor = Cursor::start(who::log());
    for line in lines {
        let before = cursor;
        match cursor.read(line) {
            Ok(item) => {
                assert_eq!((item.seq, cursor.seq), (before.seq + 1, before.seq + 1));
                assert_ne!(cursor.hash, before.hash);
            }
            Err(_) => assert_eq!(cursor, before, "what cannot be read moves nothing"),
        }
    }
}
