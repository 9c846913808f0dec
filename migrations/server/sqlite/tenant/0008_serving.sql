-- What makes a till whole again: snapshots of streams, backups that were checked, and who has reported after a restore.

CREATE INDEX chain_by_device ON chain (device_id, started_at);

-- A stream's whole state at one number. Its parts are named by their content, so snapshots share what did not change.
CREATE TABLE snapshot (
  stream   TEXT NOT NULL,
  seq      INTEGER NOT NULL,
  hash     BLOB NOT NULL,             -- the stream's rolling hash there
  items    INTEGER NOT NULL,
  parts    TEXT NOT NULL,             -- JSON list of name and length, in order
  built_at INTEGER NOT NULL,
  PRIMARY KEY (stream, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE snapshot_part (
  stream TEXT NOT NULL,
  hash   BLOB NOT NULL,               -- of the text before it was compressed
  body   BLOB NOT NULL,               -- zstd
  PRIMARY KEY (stream, hash)
) STRICT;

-- Where a stream stood on some days: what was there thirty days ago may be cut off once snapshots cover it.
CREATE TABLE stream_mark (
  stream TEXT NOT NULL,
  seq    INTEGER NOT NULL,
  at     INTEGER NOT NULL,
  PRIMARY KEY (stream, seq)
) STRICT, WITHOUT ROWID;

-- How far each chain is in a backup that was restored once and checked, as its device was told.
CREATE TABLE durable (
  chain     BLOB PRIMARY KEY,
  device_id BLOB NOT NULL,
  seq       INTEGER NOT NULL,
  hash      BLOB NOT NULL,
  at        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Devices that were enrolled when this database was restored, and when each was heard of again.
CREATE TABLE recovery (
  device_id   BLOB PRIMARY KEY,
  reported_at INTEGER
) STRICT, WITHOUT ROWID;

-- Counts up while a server runs on this database. A copy put back stands behind what was noted elsewhere.
CREATE TABLE pulse (
  pulse_id INTEGER PRIMARY KEY CHECK (pulse_id = 1),
  beats    INTEGER NOT NULL
) STRICT;

CREATE INDEX intake_raw_by_time ON intake_raw (received_at);
