//! What a stream comes to: its newest records in the order of their keys, cut into parts that are named by their content.
//! The cuts follow the keys, so a record that changes changes one part, and a till downloads no other again.

use std::collections::BTreeMap;
use std::io::Read;

use serde_json::value::RawValue;
use shared::event::Hash;
use shared::sync::protocol::{MAX_PART_BYTES, SnapshotLine, SnapshotPart};
use shared::sync::stream::{Op, StreamItem};

/// A part is at least so long, unless it is the last.
const MIN_PART_BYTES: usize = 1024 * 1024;
/// After that, one key in so many ends it.
const ONE_KEY_IN: u8 = 64;
/// How hard to compress: the middle of what zstd offers is a third smaller and still ten times faster than the line.
const LEVEL: i32 = 6;

/// Why the records cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum PartsError {
    /// A part that is kept is not the one its name says, or cannot be unpacked.
    #[error("a part of the snapshot before is damaged")]
    Damaged,
    /// A record longer than a part may be.
    #[error("a record is too long")]
    TooLong,
    /// The compressor failed.
    #[error("cannot compress")]
    Zstd(#[from] std::io::Error),
}

/// The newest word on each key since some number; none: the key was removed.
#[derive(Default)]
pub(super) struct Changes(BTreeMap<String, Option<Box<RawValue>>>);

impl Changes {
    /// Adds the next item.
    pub(super) fn add(&mut self, item: StreamItem) {
        let StreamItem { op, key, value, .. } = item;
        self.0.insert(key, (op == Op::Put).then_some(value));
    }
}

/// Built in the making.
#[derive(Default)]
struct Writer {
    text: String,
    items: u64,
    parts: Vec<SnapshotPart>,
    bodies: Vec<(Hash, Vec<u8>)>,
}

/// A snapshot's parts, and their bodies compressed.
pub(super) struct Built {
    /// How many records.
    pub items: u64,
    /// In the order of their keys.
    pub parts: Vec<SnapshotPart>,
    /// By name.
    pub bodies: Vec<(Hash, Vec<u8>)>,
}

impl Writer {
    fn line(&mut self, key: &str, line: &str) -> Result<(), PartsError> {
        let needed = line.len() + 1;
        if needed > MAX_PART_BYTES {
            return Err(PartsError::TooLong);
        }
        if self.text.len() + needed > MAX_PART_BYTES {
            self.cut()?;
        }
        self.text.push_str(line);
        self.text.push('\n');
        self.items += 1;
        let is_end = blake3::hash(key.as_bytes()).as_bytes()[0].is_multiple_of(ONE_KEY_IN);
        if self.text.len() >= MIN_PART_BYTES && is_end {
            self.cut()?;
        }
        Ok(())
    }

    fn cut(&mut self) -> Result<(), PartsError> {
        if self.text.is_empty() {
            return Ok(());
        }
        let hash = Hash::of_part(&self.text);
        self.bodies.push((hash, zstd::bulk::compress(self.text.as_bytes(), LEVEL)?));
        self.parts.push(SnapshotPart { hash, bytes: self.text.len() as u64 });
        self.text.clear();
        Ok(())
    }
}

/// Unpacks a part, no further than a part may be long, and checks that it is the one named.
pub(super) fn unpack(hash: Hash, body: &[u8]) -> Result<String, PartsError> {
    let mut text = String::new();
    let decoder = zstd::stream::read::Decoder::with_buffer(body).map_err(|_| PartsError::Damaged)?;
    let read = decoder.take(MAX_PART_BYTES as u64 + 1).read_to_string(&mut text);
    if read.is_err() || text.len() > MAX_PART_BYTES || Hash::of_part(&text) != hash {
        return Err(PartsError::Damaged);
    }
    Ok(text)
}

/// Puts changes onto the records of the snapshot before. Both are in the order of their keys, so one pass does it and
/// never holds more than one part unpacked.
pub(super) fn put_together(base: &[(Hash, Vec<u8>)], changes: Changes) -> Result<Built, PartsError> {
    let mut writer = Writer::default();
    let mut changes = changes.0.into_iter().peekable();
    for (hash, body) in base {
        let text = unpack(*hash, body)?;
        for line in text.lines() {
            let SnapshotLine { key, .. } = serde_json::from_str(line).map_err(|_| PartsError::Damaged)?;
            while let Some((new, value)) = changes.next_if(|(new, _)| *new < key) {
                write_change(&mut writer, new, value)?;
            }
            match changes.next_if(|(new, _)| *new == key) {
                Some((new, value)) => write_change(&mut writer, new, value)?,
                None => writer.line(&key, line)?,
            }
        }
    }
    for (new, value) in changes {
        write_change(&mut writer, new, value)?;
    }
    writer.cut()?;
    Ok(Built { items: writer.items, parts: writer.parts, bodies: writer.bodies })
}

fn write_change(writer: &mut Writer, key: String, value: Option<Box<RawValue>>) -> Result<(), PartsError> {
    let Some(value) = value else { return Ok(()) };
    let line = SnapshotLine { key, value };
    let text = serde_json::to_string(&line).map_err(|_| PartsError::Damaged)?;
    writer.line(&line.key, &text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use shared::ids::LogId;
    use shared::sync::stream::Cursor;
    use uuid::Uuid;

    use super::*;

    /// Items 1, 2, 3… of a stream: a few keys, put and removed; values of lengths that make parts break.
    fn items() -> impl Strategy<Value = Vec<String>> {
        let item = (0..40_u32, prop_oneof![8 => Just(Op::Put), 2 => Just(Op::Del)], 0..9_u32);
        prop::collection::vec(item, 0..60).prop_map(|items| {
            let line = |(place, (key, op, weight)): (usize, (u32, Op, u32))| {
                let filler = "ñ".repeat(if weight == 8 { 600_000 } else { weight as usize });
                let value = if op == Op::Put {
                    format!("{{\"n\":{place},\"filler\":\"{filler}\"}}")
                } else {
                    "null".to_owned()
                };
                let value = RawValue::from_string(value).expect("JSON");
                let item =
                    StreamItem { seq: place as u64 + 1, op, key: format!("product/{key:02}"), value, cause: None };
                serde_json::to_string(&item).expect("JSON")
            };
            items.into_iter().enumerate().map(line).collect()
        })
    }

    fn changes(cursor: &mut Cursor, lines: &[String]) -> Changes {
        let mut changes = Changes::default();
        for line in lines {
            changes.add(cursor.read(line).expect("dense"));
        }
        changes
    }

    /// Every record a till would hold, as text.
    fn dump(parts: &Built) -> String {
        let bodies = parts.bodies.iter();
        bodies.map(|(hash, body)| unpack(*hash, body).expect("whole")).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// A snapshot and what came after it are the same as everything from the beginning, wherever the snapshot was,
        /// and however many were built on one another.
        #[test]
        fn a_snapshot_and_its_tail_are_the_whole_stream(lines in items(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..4)) {
            let log_id = LogId::from_uuid(Uuid::nil());
            let mut straight = Cursor::start(log_id);
            let whole = put_together(&[], changes(&mut straight, &lines)).expect("parts");
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(lines.len() + 1)).collect();
            cuts.sort_unstable();
            cuts.push(lines.len());
            let (mut cursor, mut at, mut base) = (Cursor::start(log_id), 0, Vec::new());
            for cut in cuts {
                let built = put_together(&base, changes(&mut cursor, &lines[at..cut])).expect("parts");
                (at, base) = (cut, built.bodies);
            }
            prop_assert_eq!(cursor, straight);
            let by_steps: String = base.iter().map(|(hash, body)| unpack(*hash, body).expect("whole")).collect();
            prop_assert_eq!(by_steps, dump(&whole));
            // The cuts follow the keys and not the way there, so even the names of the parts are the same.
            let names: Vec<_> = base.iter().map(|(hash, _)| *hash).collect();
            prop_assert_eq!(names, whole.parts.iter().map(|part| part.hash).collect::<Vec<_>>());
            prop_assert!(whole.parts.iter().all(|part| part.bytes <= MAX_PART_BYTES as u64));
        }
    }

    #[test]
    fn one_record_that_changes_changes_one_part() {
        let record = |n: u32, price: u32| {
            let value =
                format!("{{\"name\":\"Producto {n}\",\"price_minor\":{price},\"filler\":\"{}\"}}", "x".repeat(200));
            let value = RawValue::from_string(value).expect("JSON");
            StreamItem { seq: 1, op: Op::Put, key: format!("product/{n:06}"), value, cause: None }
        };
        let mut all = Changes::default();
        (0..30_000).for_each(|n| all.add(record(n, 990)));
        let before = put_together(&[], all).expect("parts");
        let mut one = Changes::default();
        one.add(record(15_000, 1_990));
        let after = put_together(&before.bodies, one).expect("parts");
        let new = after.parts.iter().filter(|part| !before.parts.contains(part)).count();
        assert_eq!((new, after.items), (1, 30_000));
        assert!(before.parts.len() > 4, "{}", before.parts.len());
    }

    #[test]
    fn a_part_that_is_not_the_one_named_is_not_believed() {
        let text = "{}\n";
        let body = zstd::bulk::compress(text.as_bytes(), 3).expect("zstd");
        assert_eq!(unpack(Hash::of_part(text), &body).expect("whole"), text);
        assert!(unpack(Hash::of_part("other"), &body).is_err());
        assert!(unpack(Hash::of_part(text), &body[..body.len() - 1]).is_err());
        let bomb = zstd::bulk::compress(&vec![b'\n'; MAX_PART_BYTES + 1], 3).expect("zstd");
        assert!(unpack(Hash::of_part(text), &bomb).is_err());
    }
}
