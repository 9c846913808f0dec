//! What is needed to count everything again: the order it was counted in, the lines themselves, those kept aside, and a
//! table's contents as one number.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use shared::event::Hash;
use shared::ids::{ChainId, DeviceId, VenueId};
use shared::sync::protocol::Disposition;

use super::event::disposition;
use super::row::Row;
use super::sql::{Kind, Sql, query};
use super::{DeviceRow, Place, Result, TenantTx};

/// A batch in the order of counting.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    /// Its place in the order.
    pub turn: i64,
    /// The chain.
    pub chain: ChainId,
    /// Which branch of it.
    pub branch: u32,
    /// The first and the last number.
    pub seqs: (u64, u64),
    /// An event that was kept aside at first.
    pub is_replay: bool,
}

/// A chain and whose it is.
#[derive(Clone, Copy, Debug)]
pub struct Owned {
    /// The chain.
    pub chain: ChainId,
    /// The machine that wrote it.
    pub device_id: DeviceId,
    /// Where it stood.
    pub venue_id: VenueId,
}

/// An event as it is kept.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Its chain.
    pub chain: ChainId,
    /// Where it stands there.
    pub place: Place,
    /// Its hash.
    pub hash: Hash,
    /// Byte for byte.
    pub line: String,
}

/// What all rows of a table come to, in whatever order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reckoning {
    /// How many.
    pub rows: u64,
    /// The sum of their hashes.
    pub sum: [u64; 4],
}

struct Counted {
    name: &'static str,
    key: &'static str,
    columns: &'static [(&'static str, Kind)],
}

macro_rules! counted {
    ($name:literal by $key:literal: $($column:literal $kind:ident),+) => {
        Counted { name: $name, key: $key, columns: &[$(($column, Kind::$kind)),+] }
    };
}

/// Every table that comes from events alone.
const COUNTED: &[Counted] = &[
    counted!("register_session" by "session_id": "session_id" Uuid, "device_id" Uuid, "venue_id" Uuid,
        "register_id" Uuid, "business_date" Int, "opened_by" Uuid, "opened_at" Int, "float_minor" Int, "closed_at" Int,
        "z" Text),
    counted!("sale" by "sale_id": "sale_id" Uuid, "business_date" Int, "completed_at" Int, "chain" Uuid, "branch" Int,
        "seq" Int),
    counted!("taking" by "business_date, venue_id, device_id, quarter": "business_date" Int, "venue_id" Uuid,
        "device_id" Uuid, "quarter" Int, "sales" Int, "total_minor" Int, "tax_minor" Int, "rounding_minor" Int,
        "cash_payments" Int, "cash_minor" Int, "card_payments" Int, "card_minor" Int),
    counted!("session_taking" by "session_id": "session_id" Uuid, "sales" Int, "total_minor" Int),
    counted!("cash_movement" by "cause": "cause" Bytes, "session_id" Uuid, "device_id" Uuid, "venue_id" Uuid,
        "business_date" Int, "movement" Text, "amount_minor" Int, "reason" Text, "staff_id" Uuid, "approver" Uuid,
        "moved_at" Int),
    counted!("card_payment" by "payment_id": "payment_id" Uuid, "sale_id" Uuid, "device_id" Uuid, "terminal" Text,
        "amount_minor" Int, "ticket_no" Text, "requested_at" Int, "says" Text, "report" Text,
        "is_counted" Int, "open_reason" Text),
    counted!("redemption" by "redemption_id": "redemption_id" Uuid, "ticket_id" Text, "device_id" Uuid,
        "venue_id" Uuid, "staff_id" Uuid, "business_date" Int, "redeemed_at" Int, "lines" Text, "cause" Bytes,
        "is_promised" Int),
    counted!("redemption_undo" by "redemption_id": "redemption_id" Uuid, "ticket_id" Text, "device_id" Uuid,
        "venue_id" Uuid, "staff_id" Uuid, "undone_at" Int, "cause" Bytes),
    counted!("ticket_void" by "ticket_id": "ticket_id" Text, "device_id" Uuid, "venue_id" Uuid, "staff_id" Uuid,
        "voided_at" Int, "reason" Text, "cause" Bytes),
    counted!("ticket_shown" by "cause": "cause" Bytes, "ticket_id" Text, "device_id" Uuid, "staff_id" Uuid, "times" Int,
        "shown_at" Int),
    counted!("incident" by "ticket_id, kind": "ticket_id" Text, "kind" Text, "at" Int, "sold" Text),
    counted!("stock_part" by "venue_id, product_id, chain": "venue_id" Uuid, "product_id" Uuid, "chain" Uuid,
        "device_id" Uuid, "received_milli" Int, "taken_milli" Int, "seen_received_milli" Int, "seen_taken_milli" Int),
    counted!("stock" by "venue_id, product_id": "venue_id" Uuid, "product_id" Uuid, "round" Int, "hlc" Int,
        "chain" Uuid, "seq" Int, "counted_milli" Int, "on_hand_milli" Int),
    counted!("stock_run" by "venue_id, chain": "venue_id" Uuid, "chain" Uuid, "device_id" Uuid),
    counted!("pin_refusal" by "cause": "cause" Bytes, "device_id" Uuid, "staff_id" Uuid, "refused_at" Int, "wrong" Int,
        "locked_until" Int),
];

/// The tables' names, and the question that reads each row as one text, alike on both databases.
static QUESTIONS: LazyLock<Vec<(&'static str, Sql)>> = LazyLock::new(|| {
    let text = |columns: &[(&str, Kind)], one: fn(&str, Kind) -> String| {
        let parts: Vec<_> = columns.iter().map(|(name, kind)| format!("coalesce({}, '-')", one(name, *kind))).collect();
        parts.join(" || chr || ")
    };
    let question = |table: &Counted, columns: String, separator: &str| -> &'static str {
        let (name, key) = (table.name, table.key);
        let sql = format!("SELECT {columns} AS row FROM {name} ORDER BY {key} LIMIT $1 OFFSET $2");
        // As many as there are tables, once.
        Box::leak(sql.replace("chr", separator).into_boxed_str())
    };
    COUNTED
        .iter()
        .map(|table| {
            let sql = Sql {
                sqlite: question(table, text(table.columns, in_sqlite), "char(31)"),
                postgres: question(table, text(table.columns, in_postgres), "chr(31)"),
            };
            (table.name, sql)
        })
        .collect()
});

fn in_sqlite(name: &str, kind: Kind) -> String {
    match kind {
        // The text of no bytes is empty, and no value is none.
        Kind::Uuid | Kind::Bytes => format!("CASE WHEN {name} IS NOT NULL THEN lower(hex({name})) END"),
        _ => format!("CAST({name} AS TEXT)"),
    }
}

fn in_postgres(name: &str, kind: Kind) -> String {
    match kind {
        Kind::Uuid => format!("replace({name}::text, '-', '')"),
        Kind::Bytes => format!("encode({name}, 'hex')"),
        _ => format!("{name}::text"),
    }
}

const PAGE: i64 = 5_000;

fn kept(row: &Row) -> Result<Kept> {
    let place = Place { branch: row.number("branch")?, seq: row.number("seq")? };
    Ok(Kept { chain: row.id("chain")?, place, hash: row.hash("hash")?, line: row.line("line")? })
}

impl TenantTx {
    /// Notes that a batch was counted after all those before.
    pub async fn insert_turn(&mut self, chain: ChainId, branch: u32, (first, last): (u64, u64)) -> Result<()> {
        query("INSERT INTO turn (chain, branch, first_seq, last_seq) VALUES ($1, $2, $3, $4)")
            .bind(chain)
            .bind(i64::from(branch))
            .bind(first.cast_signed())
            .bind(last.cast_signed())
            .execute(self.sql())
            .await?;
        Ok(())
    }

    /// Notes that an event that was kept aside was counted after all those before.
    pub async fn insert_replay(&mut self, chain: ChainId, place: Place) -> Result<()> {
        query("INSERT INTO turn (chain, branch, first_seq, last_seq, is_replay) VALUES ($1, $2, $3, $3, $4)")
            .bind(chain)
            .bind(i64::from(place.branch))
            .bind(place.seq.cast_signed())
            .bind(true)
            .execute(self.sql())
            .await?;
        Ok(())
    }

    /// Batches in the order they were counted.
    pub async fn list_turns(&mut self, after: i64, limit: i64) -> Result<Vec<Turn>> {
        let rows = query(
            "SELECT turn, chain, branch, first_seq, last_seq, is_replay FROM turn
             WHERE turn > $1 ORDER BY turn LIMIT $2",
        )
        .bind(after)
        .bind(limit)
        .fetch_all(self.sql())
        .await?;
        rows.iter()
            .map(|row| {
                let (seqs, is_replay) = ((row.number("first_seq")?, row.number("last_seq")?), row.flag("is_replay")?);
                let (turn, chain, branch) = (row.int("turn")?, row.id("chain")?, row.number("branch")?);
                Ok(Turn { turn, chain, branch, seqs, is_replay })
            })
            .collect()
    }

    /// Events that were kept aside at first, and when each was counted at last.
    pub async fn list_replays(&mut self) -> Result<HashMap<(ChainId, u32, u64), i64>> {
        let rows = query("SELECT turn, chain, branch, first_seq FROM turn WHERE is_replay = $1 ORDER BY turn")
            .bind(true)
            .fetch_all(self.sql())
            .await?;
        let replay =
            |row: &Row| Ok(((row.id("chain")?, row.number("branch")?, row.number("first_seq")?), row.int("turn")?));
        rows.iter().map(replay).collect()
    }

    /// How many flags are raised, all but those of one kind.
    pub async fn count_flags_but(&mut self, code: &str) -> Result<u64> {
        query("SELECT count(*) AS n FROM flag WHERE code <> $1").bind(code).fetch_one(self.sql()).await?.number("n")
    }

    /// Makes a machine known by its number and key, for the tickets it signed.
    pub async fn copy_device_key(&mut self, device: &DeviceRow) -> Result<()> {
        query(
            "INSERT INTO device (device_id, device_no, register_id, venue_id, name, public_key, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, 0)",
        )
        .bind(device.device_id)
        .bind(i64::from(device.device_no))
        .bind(device.register_id)
        .bind(device.venue_id)
        .bind(device.name.as_str())
        .bind(device.public_key.map(|key| key.as_bytes().to_vec()))
        .execute(self.sql())
        .await?;
        Ok(())
    }

    /// The lines under a number, on whatever branch.
    pub async fn list_lines_at(&mut self, chain: ChainId, seq: u64) -> Result<Vec<Kept>> {
        let rows = query("SELECT chain, branch, seq, hash, line FROM event WHERE chain = $1 AND seq = $2")
            .bind(chain)
            .bind(seq.cast_signed())
            .fetch_all(self.sql())
            .await?;
        rows.iter().map(kept).collect()
    }

    /// Every chain.
    pub async fn list_owned_chains(&mut self) -> Result<Vec<Owned>> {
        let rows = query("SELECT chain, device_id, venue_id FROM chain ORDER BY chain").fetch_all(self.sql()).await?;
        let owned = |row: &Row| {
            Ok(Owned { chain: row.id("chain")?, device_id: row.id("device_id")?, venue_id: row.id("venue_id")? })
        };
        rows.iter().map(owned).collect()
    }

    /// Events of a branch, in order.
    pub async fn list_kept(&mut self, chain: ChainId, branch: u32, (first, last): (u64, u64)) -> Result<Vec<Kept>> {
        let rows = query(
            "SELECT chain, branch, seq, hash, line FROM event
             WHERE chain = $1 AND branch = $2 AND seq BETWEEN $3 AND $4 ORDER BY seq",
        )
        .bind(chain)
        .bind(i64::from(branch))
        .bind(first.cast_signed())
        .bind(last.cast_signed())
        .fetch_all(self.sql())
        .await?;
        rows.iter().map(kept).collect()
    }

    /// How many events are held in all.
    pub async fn count_all_events(&mut self) -> Result<u64> {
        query("SELECT count(*) AS n FROM event").fetch_one(self.sql()).await?.number("n")
    }

    /// Events kept aside because this or an older program could make nothing of them, after one of them, in the order
    /// of their chains. Those of devices that were withdrawn wait for a person, not for a program.
    pub async fn list_aside(&mut self, after: Option<(ChainId, Place)>, limit: i64) -> Result<Vec<Kept>> {
        let (chain, place) = after.unwrap_or((ChainId::from_uuid(uuid::Uuid::nil()), Place { branch: 0, seq: 0 }));
        let rows = query(
            "SELECT chain, branch, seq, hash, line FROM event e
             WHERE disposition = 'quarantined' AND (chain, seq, branch) > ($1, $2, $3)
               AND NOT EXISTS (SELECT 1 FROM flag f WHERE f.chain = e.chain AND f.branch = e.branch AND f.seq = e.seq
                               AND f.code = 'device_revoked')
             ORDER BY chain, seq, branch LIMIT $4",
        )
        .bind(chain)
        .bind(place.seq.cast_signed())
        .bind(i64::from(place.branch))
        .bind(limit)
        .fetch_all(self.sql())
        .await?;
        rows.iter().map(kept).collect()
    }

    /// The numbers of those that are kept aside among these.
    pub async fn list_aside_within(
        &mut self,
        chain: ChainId,
        branch: u32,
        (first, last): (u64, u64),
    ) -> Result<HashSet<u64>> {
        let rows = query(
            "SELECT seq FROM event
             WHERE disposition = 'quarantined' AND chain = $1 AND branch = $2 AND seq BETWEEN $3 AND $4",
        )
        .bind(chain)
        .bind(i64::from(branch))
        .bind(first.cast_signed())
        .bind(last.cast_signed())
        .fetch_all(self.sql())
        .await?;
        rows.iter().map(|row| row.number("seq")).collect()
    }

    /// What is thought of an event now, in place of what was thought of it when it was kept aside.
    pub async fn put_judgement(
        &mut self,
        (chain, place): (ChainId, Place),
        (kind, hlc): (&str, u64),
        judged: Disposition,
    ) -> Result<()> {
        query("DELETE FROM flag WHERE chain = $1 AND branch = $2 AND seq = $3")
            .bind(chain)
            .bind(i64::from(place.branch))
            .bind(place.seq.cast_signed())
            .execute(self.sql())
            .await?;
        query("UPDATE event SET type = $4, hlc = $5, disposition = $6 WHERE chain = $1 AND branch = $2 AND seq = $3")
            .bind(chain)
            .bind(i64::from(place.branch))
            .bind(place.seq.cast_signed())
            .bind(kind)
            .bind(hlc.cast_signed())
            .bind(disposition(judged))
            .execute(self.sql())
            .await?;
        Ok(())
    }

    /// What every table that comes from events holds.
    pub async fn reckon(&mut self) -> Result<Vec<(&'static str, Reckoning)>> {
        let mut all = Vec::new();
        for (name, sql) in QUESTIONS.iter() {
            let mut reckoning = Reckoning::default();
            for page in 0.. {
                let rows = query(*sql).bind(PAGE).bind(page * PAGE).fetch_all(self.sql()).await?;
                for row in &rows {
                    reckoning.add(&row.text("row")?);
                }
                if rows.len() < usize::try_from(PAGE).unwrap_or(usize::MAX) {
                    break;
                }
            }
            all.push((*name, reckoning));
        }
        Ok(all)
    }
}

impl Reckoning {
    fn add(&mut self, row: &str) {
        self.rows += 1;
        let hash = blake3::hash(row.as_bytes());
        for (sum, part) in self.sum.iter_mut().zip(hash.as_bytes().chunks_exact(8)) {
            *sum = sum.wrapping_add(part.try_into().map_or(0, u64::from_be_bytes));
        }
    }
}
