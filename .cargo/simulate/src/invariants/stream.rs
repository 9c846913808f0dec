//! Invariants 9, 10, 11 and 13: what a till hears of a stream is a prefix of it, and of its own company's.

use std::collections::BTreeMap;
use std::rc::Rc;

use shared::event::Hash;
use shared::sync::exchange::Deed;
use shared::sync::protocol::SnapshotLine;
use shared::sync::stream::{Cursor, Op, StreamItem, StreamName};

use crate::server::stream::Stream;
use crate::world::World;

impl World {
    /// 9, 10, 13: a stream moves on at a till.
    pub(super) fn check_stream_deed(&mut self, till: usize, deed: &Deed) {
        let (stream, end, items) = match deed {
            Deed::Apply { stream, items, end } => (*stream, Some(*end), items.as_slice()),
            Deed::Refresh { stream, items } => (*stream, None, items.as_slice()),
            Deed::MoveCursor(stream, end) => (*stream, Some(*end), &[][..]),
            _ => return,
        };
        self.check_whose(till, items);
        let Some(end) = end else { return };
        let is_applied = matches!(deed, Deed::Apply { .. });
        self.check_cursor(till, stream, end, is_applied, items.len() as u64);
    }

    fn check_cursor(&mut self, till: usize, stream: StreamName, end: Cursor, is_applied: bool, count: u64) {
        self.checks.look(9);
        self.checks.look(10);
        let db = &self.dbs[self.tills[till].company];
        let held = self.tills[till].disk.cursors.get(&stream).copied();
        let hash_at = |seq| db.streams.get(&stream).map_or((seq == 0).then_some(Hash::ZERO), |it| it.hash_at(seq));
        let is_ours = end.log_id == db.log_id;
        if is_ours && db.streams.get(&stream).is_some_and(|it| end.seq >= it.cut) && hash_at(end.seq) != Some(end.hash)
        {
            return self.broken(9, format!("till {till} stands at {} of {stream} with another hash", end.seq));
        }
        let Some(held) = held else { return };
        if is_applied && end.seq != held.seq + count {
            let detail = format!("till {till} went from {} to {} of {stream} with {count} items", held.seq, end.seq);
            return self.broken(9, detail);
        }
        if held.log_id == end.log_id && end.seq < held.seq {
            let detail = format!("till {till} went back from {} to {} of {stream}", held.seq, end.seq);
            return self.broken(10, detail);
        }
        let is_mixed = is_applied && held.log_id != end.log_id && is_ours;
        if is_mixed
            && db.streams.get(&stream).is_some_and(|it| held.seq >= it.cut)
            && hash_at(held.seq) != Some(held.hash)
        {
            self.broken(10, format!("till {till} goes on in {stream} of a log that does not continue its own"));
        }
    }

    /// 13: every record a till gets is its company's.
    fn check_whose(&mut self, till: usize, items: &[StreamItem]) {
        if self.dbs.len() < 2 {
            return;
        }
        self.checks.look(13);
        let canary = format!("Product of company {}", 1 - self.tills[till].company);
        if items.iter().any(|item| item.value.get().contains(&canary)) {
            self.broken(13, format!("till {till} was given the other company's products"));
        }
    }

    /// 11: a snapshot, and the items after it, come to what all items come to.
    pub(crate) fn check_snapshots(&mut self, company: usize) {
        let torn = self.dbs[company].streams.iter().find(|(_, stream)| !is_whole(stream)).map(|(name, _)| *name);
        self.checks.look(11);
        if let Some(name) = torn {
            self.broken(11, format!("the snapshot of {name} and its tail are not the stream"));
        }
    }
}

/// Rebuilds a stream's records from its snapshot and its tail.
fn is_whole(stream: &Stream) -> bool {
    let Some((manifest, parts)) = &stream.snapshot else { return true };
    let mut records = BTreeMap::<Rc<str>, Rc<str>>::new();
    for line in parts.iter().flat_map(|part| part.lines()) {
        let Ok(SnapshotLine { key, value }) = serde_json::from_str(line) else { return false };
        records.insert(key.into(), value.get().into());
    }
    for item in stream.after(manifest.seq) {
        let Ok(StreamItem { op, key, value, .. }) = serde_json::from_str(&item.line) else { return false };
        match op {
            Op::Put => records.insert(key.into(), value.get().into()),
            Op::Del => records.remove(key.as_str()),
        };
    }
    records == stream.records
}
