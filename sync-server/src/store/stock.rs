//! Stock at venues: what each run of each till moved, the count that stands, and what comes of both.

use std::collections::{BTreeMap, HashMap};

use shared::event::StockCounted;
use shared::ids::{ChainId, DeviceId, ProductId, VenueId};
use shared::merge::{Actor, Author, Counted, Field, Marker, Moved, Part, Stock, StockMove, StockRecord, Version};
use shared::time::{Hlc, Timestamp};

use super::ingest::ids;
use super::row::Row;
use super::rows::Rows;
use super::sql::{Bind, Kind, Sql, Target, query, upsert};
use super::{Result, StoreError, TenantTx};

/// What happens to a run's totals that are here already.
macro_rules! add_up {
    ($key:literal) => {
        concat!(
            "ON CONFLICT ",
            $key,
            " DO UPDATE SET received_milli = stock_part.received_milli + excluded.received_milli,
               taken_milli = stock_part.taken_milli + excluded.taken_milli"
        )
    };
}

/// A counted product, as head office sees it.
pub struct StockRow {
    /// Where.
    pub venue_id: VenueId,
    /// What.
    pub product_id: ProductId,
    /// How much is there now, thousandths.
    pub on_hand_milli: i64,
    /// What the last count found.
    pub counted_milli: i64,
    /// When, by the clock of the till.
    pub counted_at: Timestamp,
}

/// What became of a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountOutcome {
    /// It stands.
    Stands,
    /// It stands, over one that another till made without knowing of it.
    StandsOver,
    /// Another stands, which it did not know of.
    Beside,
    /// It was told before, or its own till counted again since.
    Old,
}

/// What a run moved, and what of it the count had seen.
#[derive(Clone, Copy)]
struct SeenPart {
    now: Part,
    seen: Part,
}

impl SeenPart {
    /// Put in less taken out, as far as the count had not seen it.
    fn unseen(&self) -> i64 {
        let beyond = |now: u64, seen: u64| now.saturating_sub(seen).cast_signed();
        beyond(self.now.received_milli, self.seen.received_milli) - beyond(self.now.taken_milli, self.seen.taken_milli)
    }
}

fn part_row(row: &Row) -> Result<SeenPart> {
    let by = Actor { device: row.id("device_id")?, chain: row.id("chain")? };
    let now = Part { by, received_milli: row.number("received_milli")?, taken_milli: row.number("taken_milli")? };
    let seen =
        Part { by, received_milli: row.number("seen_received_milli")?, taken_milli: row.number("seen_taken_milli")? };
    Ok(SeenPart { now, seen })
}

fn version_row(row: &Row) -> Result<Version> {
    let marker = Marker { hlc: Hlc::from_bits(row.number("hlc")?), chain: row.id("chain")?, seq: row.number("seq")? };
    Ok(Version { round: row.number("round")?, by: Author::Till(marker) })
}

fn stock_row(row: &Row) -> Result<StockRow> {
    Ok(StockRow {
        venue_id: row.id("venue_id")?,
        product_id: row.id("product_id")?,
        on_hand_milli: row.int("on_hand_milli")?,
        counted_milli: row.int("counted_milli")?,
        counted_at: Hlc::from_bits(row.number("hlc")?).at(),
    })
}

impl TenantTx {
    /// Notes that a run began, and which it goes on from if that one had come to its end here.
    pub async fn begin_stock_run(&mut self, venue: VenueId, by: Actor, parent: Option<(ChainId, u64)>) -> Result<()> {
        query("INSERT INTO stock_run (venue_id, chain, device_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
            .bind(venue)
            .bind(by.chain)
            .bind(by.device)
            .execute(self.sql())
            .await?;
        let Some((parent, seq)) = parent else { return Ok(()) };
        query(
            "DELETE FROM stock_run WHERE chain = $1 AND device_id = $3
             AND EXISTS (SELECT 1 FROM chain WHERE chain.chain = $1 AND head_seq = $2)",
        )
        .bind(parent)
        .bind(seq.cast_signed())
        .bind(by.device)
        .execute(self.sql())
        .await?;
        Ok(())
    }

    /// Adds what a run moved. Answers the new numbers of products that were ever counted.
    pub async fn add_stock_moves(
        &mut self,
        venue: VenueId,
        by: Actor,
        moves: &BTreeMap<ProductId, StockMove>,
    ) -> Result<Vec<StockRecord>> {
        use Kind::{Int, Uuid};
        let Some(list) = ids(moves.keys().copied()) else { return Ok(Vec::new()) };
        let rest = match self.sql() {
            Target::Sqlite(_) | Target::SqlitePool(_) => add_up!("(venue_id, product_id, chain)"),
            Target::Postgres(_) | Target::PostgresPool(_) => add_up!("(tenant_id, venue_id, product_id, chain)"),
        };
        let mut rows = Rows::new(
            "INSERT INTO stock_part (venue_id, product_id, chain, device_id, received_milli, taken_milli)",
            &[Uuid, Uuid, Uuid, Uuid, Int, Int],
            rest,
        );
        for moved in moves.values() {
            rows.push([
                venue.value(),
                moved.product_id.value(),
                by.chain.value(),
                by.device.value(),
                moved.received_milli.cast_signed().value(),
                moved.taken_milli.cast_signed().value(),
            ]);
        }
        rows.execute(self.sql()).await?;
        let counted = query(Sql {
            sqlite: "SELECT product_id FROM stock
                     WHERE venue_id = $2 AND product_id IN (SELECT unhex(value) FROM json_each($1))",
            postgres: "SELECT product_id FROM stock WHERE venue_id = $2
                       AND product_id = ANY (ARRAY(SELECT value::uuid FROM json_array_elements_text($1::json)))",
        })
        .bind(list)
        .bind(venue)
        .fetch_all(self.sql())
        .await?;
        let counted = counted.iter().map(|row| row.id("product_id")).collect::<Result<Vec<ProductId>>>()?;
        if counted.is_empty() {
            return Ok(Vec::new());
        }
        for product in &counted {
            let Some(after) = self.find_stock_part(venue, *product, by.chain).await? else { continue };
            let by_them = moves[product];
            let now = Part {
                received_milli: after.now.received_milli.saturating_sub(by_them.received_milli),
                taken_milli: after.now.taken_milli.saturating_sub(by_them.taken_milli),
                ..after.now
            };
            let before = SeenPart { now, ..after };
            query("UPDATE stock SET on_hand_milli = on_hand_milli + $3 WHERE venue_id = $1 AND product_id = $2")
                .bind(venue)
                .bind(*product)
                .bind(after.unseen() - before.unseen())
                .execute(self.sql())
                .await?;
        }
        self.load_stock_records(venue, &counted).await
    }

    async fn find_stock_part(
        &mut self,
        venue: VenueId,
        product: ProductId,
        chain: ChainId,
    ) -> Result<Option<SeenPart>> {
        let row = query("SELECT * FROM stock_part WHERE venue_id = $1 AND product_id = $2 AND chain = $3")
            .bind(venue)
            .bind(product)
            .bind(chain)
            .fetch_optional(self.sql())
            .await?;
        row.map(|row| part_row(&row)).transpose()
    }

    /// Takes in a count: it stands if it is the latest, whichever came first.
    pub async fn count_stock(
        &mut self,
        venue: VenueId,
        device: DeviceId,
        at: &Marker,
        fact: &StockCounted,
    ) -> Result<(CountOutcome, Vec<StockRecord>)> {
        let product = fact.product_id;
        let version = Version::at_till(fact.seen_round, *at);
        let known = query("SELECT round, hlc, chain, seq FROM stock WHERE venue_id = $1 AND product_id = $2")
            .bind(venue)
            .bind(product)
            .fetch_optional(self.sql())
            .await?;
        let known = known.map(|row| version_row(&row)).transpose()?;
        let is_beside = match known.filter(|known| known.is_beside(&version) || version.round < known.round) {
            Some(known) => !self.is_own_version(device, &known).await?,
            None => false,
        };
        if known.is_some_and(|known| known >= version) {
            return Ok((if is_beside { CountOutcome::Beside } else { CountOutcome::Old }, Vec::new()));
        }
        let seen = Moved::of(fact.seen.iter().copied()).map_err(|_| StoreError::Corrupt("stock"))?;
        let parts = query("SELECT * FROM stock_part WHERE venue_id = $1 AND product_id = $2")
            .bind(venue)
            .bind(product)
            .fetch_all(self.sql())
            .await?;
        let parts = parts.iter().map(part_row).collect::<Result<Vec<_>>>()?;
        let mut stock = Stock::default();
        for part in &parts {
            stock.tell(&part.now).map_err(|_| StoreError::Corrupt("stock"))?;
        }
        for (chain, parent) in self.list_chain_links(seen.parts().map(|part| part.by.chain)).await? {
            stock.link(chain, parent);
        }
        let count = Field::new(Counted { counted_milli: fact.counted_milli, seen }, version);
        stock.count(&count).map_err(|_| StoreError::Corrupt("stock"))?;
        let on_hand_milli = stock.on_hand().map_err(|_| StoreError::Corrupt("stock"))?.unwrap_or_default();
        let covered = stock.covered();
        let known: HashMap<ChainId, SeenPart> = parts.iter().map(|part| (part.now.by.chain, *part)).collect();
        for before in &parts {
            let seen = covered.part(before.now.by);
            if seen != before.seen {
                self.set_seen_part(venue, product, &seen).await?;
            }
        }
        // What the count had seen and is not here yet will change nothing when it comes.
        for seen in covered.parts().filter(|part| !known.contains_key(&part.by.chain)) {
            query(
                "INSERT INTO stock_part (venue_id, product_id, chain, device_id, received_milli, taken_milli)
                 VALUES ($1, $2, $3, $4, 0, 0)",
            )
            .bind(venue)
            .bind(product)
            .bind(seen.by.chain)
            .bind(seen.by.device)
            .execute(self.sql())
            .await?;
            self.set_seen_part(venue, product, &seen).await?;
        }
        query(upsert!(
            "INSERT INTO stock (venue_id, product_id, round, hlc, chain, seq, counted_milli, on_hand_milli)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            "venue_id, product_id",
            "round = excluded.round, hlc = excluded.hlc, chain = excluded.chain, seq = excluded.seq,
             counted_milli = excluded.counted_milli, on_hand_milli = excluded.on_hand_milli"
        ))
        .bind(venue)
        .bind(product)
        .bind(version.round.cast_signed())
        .bind(at.hlc.bits().cast_signed())
        .bind(at.chain)
        .bind(at.seq.cast_signed())
        .bind(fact.counted_milli)
        .bind(on_hand_milli)
        .execute(self.sql())
        .await?;
        let outcome = if is_beside { CountOutcome::StandsOver } else { CountOutcome::Stands };
        Ok((outcome, self.load_stock_records(venue, &[product]).await?))
    }

    async fn set_seen_part(&mut self, venue: VenueId, product: ProductId, seen: &Part) -> Result<()> {
        query(
            "UPDATE stock_part SET seen_received_milli = $4, seen_taken_milli = $5
             WHERE venue_id = $1 AND product_id = $2 AND chain = $3",
        )
        .bind(venue)
        .bind(product)
        .bind(seen.by.chain)
        .bind(seen.received_milli.cast_signed())
        .bind(seen.taken_milli.cast_signed())
        .execute(self.sql())
        .await?;
        Ok(())
    }

    /// Whether a value was written by a run of this machine.
    pub async fn is_own_version(&mut self, device: DeviceId, version: &Version) -> Result<bool> {
        let Author::Till(marker) = version.by else { return Ok(false) };
        Ok(self.find_chain(marker.chain).await?.is_some_and(|chain| chain.device_id == device))
    }

    /// Which runs these go on from, all the way back.
    async fn list_chain_links(&mut self, of: impl Iterator<Item = ChainId>) -> Result<Vec<(ChainId, ChainId)>> {
        let Some(list) = ids(of) else { return Ok(Vec::new()) };
        let rows = query(Sql {
            sqlite: "WITH RECURSIVE up (chain, parent) AS (
                       SELECT chain, parent_chain FROM chain
                       WHERE chain IN (SELECT unhex(value) FROM json_each($1)) AND parent_chain IS NOT NULL
                       UNION
                       SELECT c.chain, c.parent_chain FROM chain c JOIN up ON c.chain = up.parent
                       WHERE c.parent_chain IS NOT NULL)
                     SELECT chain, parent FROM up",
            postgres: "WITH RECURSIVE up (chain, parent) AS (
                         SELECT chain, parent_chain FROM chain
                         WHERE chain = ANY (ARRAY(SELECT value::uuid FROM json_array_elements_text($1::json)))
                           AND parent_chain IS NOT NULL
                         UNION
                         SELECT c.chain, c.parent_chain FROM chain c JOIN up ON c.chain = up.parent
                         WHERE c.parent_chain IS NOT NULL)
                       SELECT chain, parent FROM up",
        })
        .bind(list)
        .fetch_all(self.sql())
        .await?;
        rows.iter().map(|row| Ok((row.id("chain")?, row.id("parent")?))).collect()
    }

    /// What tills are told of these products.
    async fn load_stock_records(&mut self, venue: VenueId, products: &[ProductId]) -> Result<Vec<StockRecord>> {
        let runs = query("SELECT chain, device_id FROM stock_run WHERE venue_id = $1")
            .bind(venue)
            .fetch_all(self.sql())
            .await?;
        let runs = runs
            .iter()
            .map(|row| Ok(Actor { device: row.id("device_id")?, chain: row.id("chain")? }))
            .collect::<Result<Vec<_>>>()?;
        let mut records = Vec::with_capacity(products.len());
        for product in products {
            let row = query("SELECT * FROM stock WHERE venue_id = $1 AND product_id = $2")
                .bind(venue)
                .bind(*product)
                .fetch_one(self.sql())
                .await?;
            let parts = query(
                "SELECT p.* FROM stock_part p JOIN stock_run r ON r.venue_id = p.venue_id AND r.chain = p.chain
                 WHERE p.venue_id = $1 AND p.product_id = $2",
            )
            .bind(venue)
            .bind(*product)
            .fetch_all(self.sql())
            .await?;
            // A run named without a movement says all the same that those it goes on from are in the number.
            let named = runs.iter().map(|by| Part { by: *by, received_milli: 0, taken_milli: 0 });
            let parts = parts.iter().map(|row| part_row(row).map(|part| part.now)).collect::<Result<Vec<_>>>()?;
            let covers = Moved::of(named.chain(parts)).map_err(|_| StoreError::Corrupt("stock"))?;
            let (on_hand_milli, version) = (row.int("on_hand_milli")?, version_row(&row)?);
            records.push(StockRecord { product_id: *product, on_hand_milli, version, covers });
        }
        Ok(records)
    }

    /// Every counted product, venue by venue.
    pub async fn list_stock(&mut self, venue: Option<VenueId>) -> Result<Vec<StockRow>> {
        let rows = match venue {
            Some(venue) => query("SELECT * FROM stock WHERE venue_id = $1 ORDER BY product_id").bind(venue),
            None => query("SELECT * FROM stock ORDER BY venue_id, product_id"),
        };
        let rows = rows.fetch_all(self.sql()).await?;
        rows.iter().map(stock_row).collect()
    }
}
