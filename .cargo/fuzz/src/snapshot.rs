//! A snapshot: its signed manifest, and the lines of its parts.

use shared::keys::PublicKey;
use shared::sync::protocol::{SnapshotLine, SnapshotManifest};

use crate::who;

/// The first byte says whether the rest is a manifest or a part.
///
/// Holds: only what the company signed is believed, and nothing of it can be changed; a line reads as what it is written
/// as.
pub fn target(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else { return };
    if first & 1 == 0 { manifest(rest) } else { part(rest) }
}

fn manifest(bytes: &[u8]) {
    let Ok(read) = serde_json::from_slice::<SnapshotManifest>(bytes) else { return };
    let key = PublicKey::of(&who::key());
    let signed = SnapshotManifest::sign(read.stream, read.cursor(), read.items, read.parts.clone(), &who::key());
    assert!(signed.verify(&key).is_ok());
    assert_eq!(read.verify(&key).is_ok(), read.signature == signed.signature);
    let text = serde_json::to_string(&signed).expect("a manifest is JSON");
    assert_eq!(serde_json::from_str::<SnapshotManifest>(&text).ok(), Some(signed.clone()));
    let more = SnapshotManifest { items: signed.items ^ 1, ..signed.clone() };
    assert!(more.verify(&key).is_err());
    if !signed.parts.is_empty() {
        let mut fewer = signed;
        fewer.parts.pop();
        assert!(fewer.verify(&key).is_err());
    }
}

fn part(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for line in text.lines() {
        let Ok(read) = serde_json::from_str::<SnapshotLine>(line) else { continue };
        let written = serde_json::to_string(&read).expect("a line is JSON");
        let again: SnapshotLine = serde_json::from_str(&written).expect("it was written so");
        assert_eq!((again.key, again.value.get()), (read.key, read.value.get()));
    }
}
