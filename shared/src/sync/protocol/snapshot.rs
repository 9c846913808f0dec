//! A stream's whole state at one number, for a till that cannot go on from where it was.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::event::Hash;
use crate::ids::LogId;
use crate::keys::{self, BadSignature, PublicKey, Purpose, Signature, SigningKey};
use crate::sync::stream::{Cursor, Op, StreamItem, StreamName};

/// Most bytes of text in one part.
pub const MAX_PART_BYTES: usize = 4 * 1024 * 1024;

/// The answer to `GET /v1/snapshot?stream=S`. The parts follow by `GET /v1/snapshot/{hash}`, each zstd over
/// [`SnapshotLine`]s in order of their keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotManifest {
    /// The server's log.
    pub log_id: LogId,
    /// Of which stream.
    pub stream: StreamName,
    /// The last item it covers.
    pub seq: u64,
    /// The stream's rolling hash there.
    pub hash: Hash,
    /// How many records.
    pub items: u64,
    /// In the order of their keys.
    pub parts: Vec<SnapshotPart>,
    /// By the tenant's key, over everything above.
    pub signature: Signature,
}

/// A part of a snapshot, named by its content: it never changes, and anyone may keep a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotPart {
    /// [`Hash::of_part`] of its text, not compressed.
    pub hash: Hash,
    /// The length of that text, at most [`MAX_PART_BYTES`].
    pub bytes: u64,
}

/// A record of a snapshot: one line of its part, each ended by a line feed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SnapshotLine {
    /// As in [`crate::sync::stream::StreamItem`].
    pub key: String,
    /// As the newest item of that key had it.
    pub value: Box<RawValue>,
}

/// A part as it came, read. Whoever fetches parts reads them, so that whoever lays the one before is not kept waiting.
#[derive(Clone, Debug)]
pub struct PartRead {
    hash: Hash,
    records: Option<Vec<StreamItem>>,
}

impl PartRead {
    /// Reads a part's text, whatever it was asked for as.
    pub fn of(text: &str) -> Self {
        let record = |line: &str| {
            let SnapshotLine { key, value } = serde_json::from_str(line).ok()?;
            Some(StreamItem { seq: 0, op: Op::Put, key, value, cause: None })
        };
        Self { hash: Hash::of_part(text), records: text.lines().map(record).collect() }
    }

    /// Its records, if it is the part that the manifest names.
    pub fn records_of(self, named: &SnapshotPart) -> Option<Vec<StreamItem>> {
        self.records.filter(|_| self.hash == named.hash)
    }
}

impl SnapshotManifest {
    /// A manifest, signed by the tenant's key.
    pub fn sign(
        stream: StreamName,
        cursor: Cursor,
        items: u64,
        parts: Vec<SnapshotPart>,
        tenant_key: &SigningKey,
    ) -> Self {
        let Cursor { log_id, seq, hash } = cursor;
        let signature = Signature::from_bytes([0; 64]);
        let mut manifest = Self { log_id, stream, seq, hash, items, parts, signature };
        manifest.signature = keys::sign(tenant_key, Purpose::Snapshot, &manifest.signed_bytes());
        manifest
    }

    /// Checks that the tenant's key signed it.
    pub fn verify(&self, tenant_key: &PublicKey) -> Result<(), BadSignature> {
        tenant_key.verify(Purpose::Snapshot, &self.signed_bytes(), &self.signature)
    }

    /// Where a reader stands who has taken all of it.
    pub fn cursor(&self) -> Cursor {
        Cursor { log_id: self.log_id, seq: self.seq, hash: self.hash }
    }

    fn signed_bytes(&self) -> Vec<u8> {
        let Self { log_id, stream, seq, hash, items, parts, signature: _ } = self;
        let parts = parts.iter().map(|SnapshotPart { hash, bytes }| format!("{hash} {bytes}\n"));
        let head = format!("{log_id}\n{stream}\n{seq}\n{hash}\n{items}\n");
        (head + &parts.collect::<String>()).into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_part_is_read_as_the_one_it_is_and_no_other() {
        let text = "{\"key\":\"a/1\",\"value\":[1]}\n{\"key\":\"a/2\",\"value\":{}}\n";
        let named = |text: &str| SnapshotPart { hash: Hash::of_part(text), bytes: text.len() as u64 };
        let records = PartRead::of(text).records_of(&named(text)).expect("it is that part");
        let read: Vec<_> = records.iter().map(|item| (item.key.as_str(), item.value.get())).collect();
        assert_eq!(read, [("a/1", "[1]"), ("a/2", "{}")]);
        assert!(PartRead::of(text).records_of(&named("{}\n")).is_none(), "another part");
        assert!(PartRead::of("{}\n").records_of(&named("{}\n")).is_none(), "not records");
    }

    #[test]
    fn a_manifest_is_believed_as_it_was_signed_and_not_otherwise() {
        let key = SigningKey::from_bytes(&[1; 32]);
        let cursor = Cursor { log_id: LogId::from_uuid(Uuid::from_u128(2)), seq: 3, hash: Hash::ZERO };
        let parts = vec![SnapshotPart { hash: Hash::of_part("{}\n"), bytes: 3 }];
        let manifest = SnapshotManifest::sign(StreamName::Catalog, cursor, 1, parts, &key);
        let json = serde_json::to_string(&manifest).expect("JSON");
        let read: SnapshotManifest = serde_json::from_str(&json).expect("a manifest");
        assert_eq!((read.verify(&PublicKey::of(&key)), read.cursor()), (Ok(()), cursor));
        for changed in [
            SnapshotManifest { seq: 4, ..read.clone() },
            SnapshotManifest { parts: Vec::new(), ..read.clone() },
            SnapshotManifest { items: 2, ..read },
        ] {
            assert_eq!(changed.verify(&PublicKey::of(&key)), Err(BadSignature));
        }
    }
}
