//! The same lines with nothing around them: one table, batched inserts, one commit a batch, as durable as the server's.

use std::time::Duration;

use anyhow::Result;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};

use crate::push::CLIENTS;
use crate::server::Room;
use crate::time::timed;

/// Rows to a statement, the fastest that was found.
const SQLITE_ROWS: usize = 100;

pub(crate) fn insert(room: &Room, batches: &[Vec<String>]) -> Result<Duration> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    match &room.url {
        Some(url) => postgres(&runtime, url, batches),
        None => sqlite(&runtime, room, batches),
    }
}

fn sqlite(runtime: &tokio::runtime::Runtime, room: &Room, batches: &[Vec<String>]) -> Result<Duration> {
    let options = SqliteConnectOptions::new()
        .filename(room.dir.join("bare.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .page_size(8192)
        .pragma("wal_autocheckpoint", "4000");
    let mut connection = runtime.block_on(options.connect())?;
    let table = "CREATE TABLE event (batch INTEGER NOT NULL, seq INTEGER NOT NULL, line TEXT NOT NULL,
        PRIMARY KEY (batch, seq)) STRICT, WITHOUT ROWID";
    runtime.block_on(connection.execute(table))?;
    let (took, ()) = timed(|| {
        runtime.block_on(async {
            for (number, batch) in (1_i64..).zip(batches) {
                let mut tx = connection.begin().await?;
                for (part, lines) in (0_i64..).zip(batch.chunks(SQLITE_ROWS)) {
                    let places = vec!["(?, ?, ?)"; lines.len()].join(", ");
                    let sql = format!("INSERT INTO event (batch, seq, line) VALUES {places}");
                    let mut query = sqlx::query(AssertSqlSafe(sql));
                    for (seq, line) in (0_i64..).zip(lines) {
                        query = query.bind(number).bind(part * 1_000 + seq).bind(line.as_str());
                    }
                    tx.execute(query).await?;
                }
                tx.commit().await?;
            }
            Ok(())
        })
    })?;
    Ok(took)
}

fn postgres(runtime: &tokio::runtime::Runtime, url: &str, batches: &[Vec<String>]) -> Result<Duration> {
    let connections = u32::try_from(CLIENTS)?;
    let pool = runtime.block_on(async {
        let pool = PgPoolOptions::new().max_connections(connections).min_connections(connections).connect(url).await?;
        let table = "CREATE TABLE bare_event (batch bigint NOT NULL, seq bigint NOT NULL, line bytea NOT NULL,
            PRIMARY KEY (batch, seq))";
        pool.execute(table).await?;
        anyhow::Ok(pool)
    })?;
    let (took, ()) = timed(|| {
        runtime.block_on(async {
            let share = batches.len().div_ceil(CLIENTS);
            let mut writers = tokio::task::JoinSet::new();
            for (part, batches) in (0_i64..).zip(batches.chunks(share)) {
                let (pool, batches) = (pool.clone(), batches.to_vec());
                writers.spawn(async move {
                    for (number, batch) in (part * 1_000_000..).zip(batches) {
                        let seqs: Vec<i64> = (0..).take(batch.len()).collect();
                        let lines: Vec<&[u8]> = batch.iter().map(String::as_bytes).collect();
                        let sql = "INSERT INTO bare_event SELECT $1, * FROM unnest($2::bigint[], $3::bytea[])";
                        sqlx::query(sql).bind(number).bind(seqs).bind(lines).execute(&pool).await?;
                    }
                    anyhow::Ok(())
                });
            }
            while let Some(done) = writers.join_next().await {
                done??;
            }
            Ok(())
        })
    })?;
    runtime.block_on(pool.close());
    Ok(took)
}
