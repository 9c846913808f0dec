-- What devices said, exactly as they said it. Nothing here is ever updated except heads and dispositions.

-- The newest incarnation of this database is the log that cursors and acknowledgements name.
CREATE TABLE log (
  log_id     BLOB PRIMARY KEY,
  tenant_id  BLOB NOT NULL,
  parent     BLOB,
  started_at INTEGER NOT NULL,
  reason     TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE chain (
  chain        BLOB PRIMARY KEY,
  device_id    BLOB NOT NULL,
  venue_id     BLOB NOT NULL,
  head_seq     INTEGER NOT NULL,      -- of branch 0
  head_hash    BLOB NOT NULL,
  parent_chain BLOB,
  parent_seq   INTEGER,
  app_version  TEXT,
  started_at   INTEGER NOT NULL       -- by this server's clock, when the chain was first seen
) STRICT, WITHOUT ROWID;
CREATE INDEX chain_by_parent ON chain (parent_chain, parent_seq);

-- Branch 0 came first. A fork is kept as a further branch, itself a verified chain from forked_after on.
CREATE TABLE branch (
  chain        BLOB NOT NULL REFERENCES chain,
  branch       INTEGER NOT NULL,
  parent       INTEGER NOT NULL,
  forked_after INTEGER NOT NULL,
  head_seq     INTEGER NOT NULL,
  head_hash    BLOB NOT NULL,
  PRIMARY KEY (chain, branch)
) STRICT, WITHOUT ROWID;

CREATE TABLE event (
  chain       BLOB NOT NULL REFERENCES chain,
  branch      INTEGER NOT NULL,
  seq         INTEGER NOT NULL,
  hash        BLOB NOT NULL,
  type        TEXT NOT NULL,          -- empty when the envelope cannot be read
  hlc         INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  disposition TEXT NOT NULL CHECK (disposition IN ('applied', 'flagged', 'quarantined')),
  line        TEXT NOT NULL,
  PRIMARY KEY (chain, seq, branch)
) STRICT, WITHOUT ROWID;

-- What a person should look at.
CREATE TABLE flag (
  flag_id   INTEGER PRIMARY KEY,
  device_id BLOB NOT NULL,
  chain     BLOB NOT NULL,
  branch    INTEGER NOT NULL,
  seq       INTEGER NOT NULL,
  code      TEXT NOT NULL,
  raised_at INTEGER NOT NULL
) STRICT;
CREATE INDEX flag_by_event ON flag (chain, branch, seq);

-- Bytes of requests that were signed well and yet refused; kept so that nothing a till sent is lost.
CREATE TABLE intake_raw (
  body_hash   BLOB PRIMARY KEY,
  device_id   BLOB NOT NULL,
  received_at INTEGER NOT NULL,
  reason      TEXT NOT NULL,
  body        BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX intake_raw_by_device ON intake_raw (device_id);
