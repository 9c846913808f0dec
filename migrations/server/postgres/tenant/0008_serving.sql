-- What makes a till whole again: snapshots of streams, backups that were checked, and who has reported after a restore.

CREATE INDEX chain_by_device ON chain (tenant_id, device_id, started_at);

-- A stream's whole state at one number. Its parts are named by their content, so snapshots share what did not change.
CREATE TABLE snapshot (
  tenant_id uuid NOT NULL DEFAULT current_tenant(),
  stream    text COLLATE "C" NOT NULL,
  seq       bigint NOT NULL,
  hash      bytea NOT NULL,           -- the stream's rolling hash there
  items     bigint NOT NULL,
  parts     text NOT NULL,            -- JSON list of name and length, in order
  built_at  bigint NOT NULL,
  PRIMARY KEY (tenant_id, stream, seq)
);
SELECT divide('snapshot');

CREATE TABLE snapshot_part (
  tenant_id uuid NOT NULL DEFAULT current_tenant(),
  stream    text COLLATE "C" NOT NULL,
  hash      bytea NOT NULL,           -- of the text before it was compressed
  body      bytea NOT NULL,           -- zstd
  PRIMARY KEY (tenant_id, stream, hash)
);
ALTER TABLE snapshot_part ALTER COLUMN body SET STORAGE EXTERNAL;
SELECT divide('snapshot_part');

-- Where a stream stood on some days: what was there thirty days ago may be cut off once snapshots cover it.
CREATE TABLE stream_mark (
  tenant_id uuid NOT NULL DEFAULT current_tenant(),
  stream    text COLLATE "C" NOT NULL,
  seq       bigint NOT NULL,
  at        bigint NOT NULL,
  PRIMARY KEY (tenant_id, stream, seq)
);
SELECT divide('stream_mark');

-- How far each chain is in a backup that was restored once and checked, as its device was told.
CREATE TABLE durable (
  tenant_id uuid NOT NULL DEFAULT current_tenant(),
  chain     uuid NOT NULL,
  device_id uuid NOT NULL,
  seq       bigint NOT NULL,
  hash      bytea NOT NULL,
  at        bigint NOT NULL,
  PRIMARY KEY (tenant_id, chain)
);
SELECT divide('durable');

-- Devices that were enrolled when this database was restored, and when each was heard of again.
CREATE TABLE recovery (
  tenant_id   uuid NOT NULL DEFAULT current_tenant(),
  device_id   uuid NOT NULL,
  reported_at bigint,
  PRIMARY KEY (tenant_id, device_id)
);
SELECT divide('recovery');

-- Counts up while a server runs on these rows. A copy put back stands behind what was noted elsewhere.
CREATE TABLE pulse (
  tenant_id uuid NOT NULL DEFAULT current_tenant(),
  pulse_id  bigint NOT NULL CHECK (pulse_id = 1),
  beats     bigint NOT NULL,
  PRIMARY KEY (tenant_id, pulse_id)
);
SELECT divide('pulse');

CREATE INDEX intake_raw_by_time ON intake_raw (tenant_id, received_at);
