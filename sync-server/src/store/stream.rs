//! What devices follow. Numbers are handed out under the stream's one row, in the transaction that has the news, so
//! that no reader ever sees a later item before an earlier one.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;
use shared::event::Hash;
use shared::ids::TenantId;
use shared::sync::stream::{Op, StreamItem, StreamName};

use super::rows::Rows;
use super::sql::{Bind, Kind, Sql, query};
use super::{Result, Store, StoreError, TenantTx};

/// Where a stream ends.
#[derive(Clone, Copy, Debug)]
pub struct StreamHead {
    /// Number of the last item; 0 before the first.
    pub seq: u64,
    /// Rolling hash over all of them.
    pub hash: Hash,
}

/// Something to be published.
pub(super) struct News {
    stream: StreamName,
    op: Op,
    key: String,
    value: Box<RawValue>,
    cause: Option<Hash>,
}

impl Store {
    /// Where these streams of a company end, in one question. For bells: a server that shares its database hears of
    /// what others publish by asking again and again.
    pub async fn stream_heads(
        &self,
        tenant: TenantId,
        streams: &[StreamName],
    ) -> Result<Vec<(StreamName, StreamHead)>> {
        let Some(tenant) = self.find_tenant(tenant).await? else { return Ok(Vec::new()) };
        tenant.read().await?.list_stream_heads(streams).await
    }
}

impl TenantTx {
    /// Where these streams end; one that never had an item is left out.
    pub async fn list_stream_heads(&mut self, streams: &[StreamName]) -> Result<Vec<(StreamName, StreamHead)>> {
        const HEADS: Sql = Sql {
            sqlite: "SELECT stream, seq, hash FROM stream_head WHERE stream IN (SELECT value FROM json_each($1))
                     ORDER BY stream",
            postgres: "SELECT stream, seq, hash FROM stream_head
                       WHERE stream = ANY (ARRAY(SELECT json_array_elements_text($1::json))) ORDER BY stream",
        };
        let names: Vec<_> = streams.iter().map(ToString::to_string).collect();
        let names = serde_json::to_string(&names).map_err(|_| StoreError::Corrupt("stream"))?;
        let rows = query(HEADS).bind(names).fetch_all(self.sql()).await?;
        rows.iter()
            .map(|row| {
                let stream = row.text("stream")?.parse().map_err(|_| StoreError::Corrupt("stream"))?;
                Ok((stream, StreamHead { seq: row.number("seq")?, hash: row.hash("hash")? }))
            })
            .collect()
    }

    /// Sets a record in a stream, with the commit.
    #[expect(clippy::unused_async, reason = "when it is written is not for callers to know")]
    pub async fn publish(
        &mut self,
        stream: StreamName,
        key: String,
        value: &impl Serialize,
        cause: Option<Hash>,
    ) -> Result<()> {
        let value = serde_json::value::to_raw_value(value).map_err(|_| StoreError::Corrupt("record"))?;
        self.news.push(News { stream, op: Op::Put, key, value, cause });
        Ok(())
    }

    /// Ends a record in a stream, with the commit.
    pub fn publish_end(&mut self, stream: StreamName, key: String) {
        let value = RawValue::NULL.to_owned();
        self.news.push(News { stream, op: Op::Del, key, value, cause: None });
    }

    /// Numbers the news and writes them. Whoever holds a stream's row keeps every other writer of that stream waiting,
    /// so this is the last thing a transaction does, stream by stream in the order of their names.
    pub(super) async fn publish_news(&mut self) -> Result<()> {
        let mut streams = BTreeMap::<String, Vec<News>>::new();
        for news in std::mem::take(&mut self.news) {
            streams.entry(news.stream.to_string()).or_default().push(news);
        }
        for (stream, news) in streams {
            self.append(&stream, news).await?;
        }
        Ok(())
    }

    async fn append(&mut self, stream: &str, news: Vec<News>) -> Result<()> {
        let mut head = self.hold_stream(stream).await?;
        let mut rows = Rows::new(
            "INSERT INTO stream_item (stream, seq, hash, key, line)",
            &[Kind::Text, Kind::Int, Kind::Bytes, Kind::Text, Kind::Text],
            "",
        );
        for News { op, key, value, cause, .. } in news {
            let item = StreamItem { seq: head.seq + 1, op, key, value, cause };
            let line = serde_json::to_string(&item).map_err(|_| StoreError::Corrupt("record"))?;
            head = StreamHead { seq: item.seq, hash: head.hash.fold_item(&line) };
            let seq = head.seq.cast_signed();
            rows.push([stream.value(), seq.value(), head.hash.value(), item.key.value(), line.value()]);
        }
        rows.execute(self.sql()).await?;
        query("UPDATE stream_head SET seq = $2, hash = $3 WHERE stream = $1")
            .bind(stream)
            .bind(head.seq.cast_signed())
            .bind(head.hash)
            .execute(self.sql())
            .await?;
        Ok(())
    }

    /// The row that hands out a stream's numbers, kept from others until the commit.
    async fn hold_stream(&mut self, stream: &str) -> Result<StreamHead> {
        const HOLD: Sql = Sql {
            sqlite: "SELECT seq, hash FROM stream_head WHERE stream = $1",
            postgres: "SELECT seq, hash FROM stream_head WHERE stream = $1 FOR UPDATE",
        };
        let row = if let Some(row) = query(HOLD).bind(stream).fetch_optional(self.sql()).await? {
            row
        } else {
            // Two may begin it at once; the row is there either way, and one of them waits for it.
            query("INSERT INTO stream_head (stream, seq, hash) VALUES ($1, 0, $2) ON CONFLICT DO NOTHING")
                .bind(stream)
                .bind(Hash::ZERO)
                .execute(self.sql())
                .await?;
            query(HOLD).bind(stream).fetch_one(self.sql()).await?
        };
        Ok(StreamHead { seq: row.number("seq")?, hash: row.hash("hash")? })
    }

    /// Where a stream ends now.
    pub async fn load_stream_head(&mut self, stream: StreamName) -> Result<StreamHead> {
        let row = query("SELECT seq, hash FROM stream_head WHERE stream = $1")
            .bind(stream.to_string())
            .fetch_optional(self.sql())
            .await?;
        let Some(row) = row else { return Ok(StreamHead { seq: 0, hash: Hash::ZERO }) };
        Ok(StreamHead { seq: row.number("seq")?, hash: row.hash("hash")? })
    }

    /// The rolling hash up to an item; `None` when the stream has no such item.
    pub async fn find_stream_hash(&mut self, stream: StreamName, seq: u64) -> Result<Option<Hash>> {
        if seq == 0 {
            // Before the first item; nobody can begin there once the oldest were cut off.
            return Ok(self.find_oldest_item(stream).await?.is_none_or(|oldest| oldest == 1).then_some(Hash::ZERO));
        }
        let Ok(seq) = i64::try_from(seq) else { return Ok(None) };
        let row = query("SELECT hash FROM stream_item WHERE stream = $1 AND seq = $2")
            .bind(stream.to_string())
            .bind(seq)
            .fetch_optional(self.sql())
            .await?;
        row.map(|row| row.hash("hash")).transpose()
    }

    /// The number of the oldest item that was not cut off.
    pub async fn find_oldest_item(&mut self, stream: StreamName) -> Result<Option<u64>> {
        let row = query("SELECT seq FROM stream_item WHERE stream = $1 ORDER BY seq LIMIT 1")
            .bind(stream.to_string())
            .fetch_optional(self.sql())
            .await?;
        row.map(|row| row.number("seq")).transpose()
    }

    /// The streams there are, and where each ends.
    pub async fn list_streams(&mut self) -> Result<Vec<(StreamName, StreamHead)>> {
        let rows = query("SELECT stream, seq, hash FROM stream_head ORDER BY stream").fetch_all(self.sql()).await?;
        rows.iter()
            .map(|row| {
                let name = row.text("stream")?.parse().map_err(|_| StoreError::Corrupt("stream_head.stream"))?;
                Ok((name, StreamHead { seq: row.number("seq")?, hash: row.hash("hash")? }))
            })
            .collect()
    }

    /// The lines after a number, in order.
    pub async fn list_stream_lines(&mut self, stream: StreamName, after: u64, limit: usize) -> Result<Vec<String>> {
        let rows = query("SELECT line FROM stream_item WHERE stream = $1 AND seq > $2 ORDER BY seq LIMIT $3")
            .bind(stream.to_string())
            .bind(i64::try_from(after).unwrap_or(i64::MAX))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(self.sql())
            .await?;
        rows.iter().map(|row| row.text("line")).collect()
    }
}
