-- What has no limit and merges by itself: products edited at tills, and stock.

ALTER TABLE product ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';  -- JSON list
ALTER TABLE product ADD COLUMN marks TEXT;                       -- JSON: how late each field is; null while nobody edited

-- Values that did not stand, beside those that did. Nothing a manager typed is lost without a trace.
CREATE TABLE superseded_edit (
  product_id BLOB NOT NULL,
  field      TEXT NOT NULL,
  chain      BLOB NOT NULL,           -- the event that lost
  seq        INTEGER NOT NULL,
  device_id  BLOB NOT NULL,
  written_at INTEGER NOT NULL,        -- by its device's clock
  lost       TEXT NOT NULL,           -- JSON
  kept       TEXT NOT NULL,           -- JSON
  PRIMARY KEY (product_id, field, chain, seq)
) STRICT, WITHOUT ROWID;

-- What each run of each till put in and took out, and how much of it the count that stands had seen.
CREATE TABLE stock_part (
  venue_id            BLOB NOT NULL,
  product_id          BLOB NOT NULL,
  chain               BLOB NOT NULL,
  device_id           BLOB NOT NULL,
  received_milli      INTEGER NOT NULL,
  taken_milli         INTEGER NOT NULL,
  seen_received_milli INTEGER NOT NULL DEFAULT 0,
  seen_taken_milli    INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (venue_id, product_id, chain)
) STRICT, WITHOUT ROWID;

-- Products that were counted at a venue: the count that stands, and what is there now.
CREATE TABLE stock (
  venue_id      BLOB NOT NULL,
  product_id    BLOB NOT NULL,
  round         INTEGER NOT NULL,
  hlc           INTEGER NOT NULL,
  chain         BLOB NOT NULL,
  seq           INTEGER NOT NULL,
  counted_milli INTEGER NOT NULL,
  on_hand_milli INTEGER NOT NULL,
  PRIMARY KEY (venue_id, product_id)
) STRICT, WITHOUT ROWID;

-- Runs at a venue that none goes on from: those a stock record names.
CREATE TABLE stock_run (
  venue_id  BLOB NOT NULL,
  chain     BLOB NOT NULL,
  device_id BLOB NOT NULL,
  PRIMARY KEY (venue_id, chain)
) STRICT, WITHOUT ROWID;
