-- What head office decides. Every change is published in the stream T:cat in the same transaction.

CREATE TABLE venue (
  venue_id   BLOB PRIMARY KEY,
  record     TEXT NOT NULL,           -- JSON, as published
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE register (
  register_id BLOB PRIMARY KEY,
  venue_id    BLOB NOT NULL REFERENCES venue,
  code        TEXT NOT NULL UNIQUE,
  name        TEXT NOT NULL,
  created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE category (
  category_id BLOB PRIMARY KEY,
  name        TEXT NOT NULL,
  tint        INTEGER NOT NULL CHECK (tint BETWEEN 1 AND 8),
  position    INTEGER NOT NULL,
  is_active   INTEGER NOT NULL,
  created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE product (
  product_id  BLOB PRIMARY KEY,
  number      INTEGER NOT NULL UNIQUE CHECK (number BETWEEN 1 AND 65535),
  sku         TEXT NOT NULL UNIQUE,
  name        TEXT NOT NULL,
  category_id BLOB NOT NULL REFERENCES category,
  price_minor INTEGER NOT NULL CHECK (price_minor >= 0),
  tax_rate_bp INTEGER NOT NULL CHECK (tax_rate_bp BETWEEN 0 AND 10000),
  barcodes    TEXT NOT NULL,          -- JSON list of 14-digit texts
  is_ticketed INTEGER NOT NULL,
  position    INTEGER NOT NULL,
  is_active   INTEGER NOT NULL,
  created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX product_by_category ON product (category_id);

CREATE TABLE barcode (
  gtin       TEXT PRIMARY KEY,
  product_id BLOB NOT NULL REFERENCES product
) STRICT, WITHOUT ROWID;
CREATE INDEX barcode_by_product ON barcode (product_id);

CREATE TABLE staff (
  staff_id     BLOB PRIMARY KEY,
  name         TEXT NOT NULL,
  roles        TEXT NOT NULL,         -- JSON list
  pin_verifier TEXT NOT NULL,
  is_active    INTEGER NOT NULL,
  created_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who changed what, in the transaction that changed it.
CREATE TABLE audit (
  audit_id INTEGER PRIMARY KEY,
  at       INTEGER NOT NULL,
  actor    TEXT NOT NULL,
  action   TEXT NOT NULL,
  subject  TEXT NOT NULL,
  detail   TEXT NOT NULL              -- JSON, never a secret
) STRICT;
