//! A stream as the server keeps it: dense numbers, a rolling hash, and the records it comes to.

use std::collections::BTreeMap;
use std::rc::Rc;

use shared::event::Hash;
use shared::sync::protocol::{SnapshotManifest, SnapshotPart};
use shared::sync::stream::{Cursor, StreamName};

use shared::ids::LogId;
use shared::keys::SigningKey;

/// Bytes of a snapshot's part: small, so that snapshots here have several.
const PART_BYTES: usize = 4 * 1024;

/// One item.
#[derive(Clone, Debug)]
pub struct Item {
    /// The line.
    pub line: Rc<str>,
    /// The rolling hash after it.
    pub hash: Hash,
    /// When its transaction is visible; a bug's.
    pub visible_at: i64,
}

/// A stream.
#[derive(Clone, Debug, Default)]
pub struct Stream {
    /// Items cut off at the old end.
    pub cut: u64,
    /// The rest.
    pub items: Vec<Item>,
    /// The hash at the cut.
    pub cut_hash: Option<Hash>,
    /// What all items come to.
    pub records: BTreeMap<Rc<str>, Rc<str>>,
    /// The newest snapshot: its manifest and parts.
    pub snapshot: Option<(SnapshotManifest, Vec<Rc<str>>)>,
}

impl Stream {
    /// The last number.
    pub fn head_seq(&self) -> u64 {
        self.cut + self.items.len() as u64
    }

    /// The hash at the last number.
    pub fn head_hash(&self) -> Hash {
        self.items.last().map_or(self.cut_hash.unwrap_or(Hash::ZERO), |item| item.hash)
    }

    /// The hash at a number, if it is still known.
    pub fn hash_at(&self, seq: u64) -> Option<Hash> {
        if seq == self.cut {
            return Some(self.cut_hash.unwrap_or(Hash::ZERO));
        }
        let place = usize::try_from(seq.checked_sub(self.cut + 1)?).ok()?;
        self.items.get(place).map(|item| item.hash)
    }

    /// The items after a number.
    pub fn after(&self, seq: u64) -> &[Item] {
        let place = usize::try_from(seq.saturating_sub(self.cut)).unwrap_or(usize::MAX);
        self.items.get(place..).unwrap_or_default()
    }

    /// Sets a record.
    pub fn put(&mut self, key: &str, value: &str, visible_at: i64) {
        let seq = self.head_seq() + 1;
        let line: Rc<str> = format!(r#"{{"seq":{seq},"op":"put","key":"{key}","value":{value},"cause":null}}"#).into();
        let hash = self.head_hash().fold_item(&line);
        self.items.push(Item { line, hash, visible_at });
        self.records.insert(key.into(), value.into());
    }

    /// Removes a record.
    pub fn delete(&mut self, key: &str, visible_at: i64) {
        let seq = self.head_seq() + 1;
        let line: Rc<str> = format!(r#"{{"seq":{seq},"op":"del","key":"{key}","value":null,"cause":null}}"#).into();
        let hash = self.head_hash().fold_item(&line);
        self.items.push(Item { line, hash, visible_at });
        self.records.remove(key);
    }

    /// Cuts off the oldest items. Those who have not seen them start anew.
    pub fn truncate_before(&mut self, seq: u64) {
        let count = usize::try_from(seq.saturating_sub(self.cut)).unwrap_or(0).min(self.items.len());
        if let Some(last) = self.items.drain(..count).next_back() {
            self.cut_hash = Some(last.hash);
        }
        self.cut += count as u64;
    }

    /// Makes a snapshot of what the stream comes to. `lag` is a bug's: so many items fewer in the records than the
    /// number says.
    pub fn make_snapshot(&mut self, name: StreamName, log_id: LogId, key: &SigningKey, torn: Option<&Stream>) {
        let records = &torn.unwrap_or(self).records;
        let mut parts: Vec<String> = vec![String::new()];
        for (id, value) in records {
            if parts.last().is_some_and(|part| part.len() > PART_BYTES) {
                parts.push(String::new());
            }
            if let Some(part) = parts.last_mut() {
                *part += format!("{{\"key\":\"{id}\",\"value\":{value}}}\n").as_str();
            }
        }
        let named = parts.iter().map(|part| SnapshotPart { hash: Hash::of_part(part), bytes: part.len() as u64 });
        let cursor = Cursor { log_id, seq: self.head_seq(), hash: self.head_hash() };
        let manifest = SnapshotManifest::sign(name, cursor, records.len() as u64, named.collect(), key);
        self.snapshot = Some((manifest, parts.into_iter().map(Rc::from).collect()));
    }
}
