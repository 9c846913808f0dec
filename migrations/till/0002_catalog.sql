-- Working state: copies of what head office publishes. They come anew from the catalogue stream at any time.

CREATE TABLE product (
    product_no  INTEGER PRIMARY KEY,
    product_id  BLOB    NOT NULL UNIQUE CHECK (length(product_id) = 16),
    number      INTEGER NOT NULL,
    sku         TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    category_id BLOB    NOT NULL CHECK (length(category_id) = 16),
    price_minor INTEGER NOT NULL,
    tax_rate_bp INTEGER NOT NULL,
    barcodes    TEXT    NOT NULL CHECK (json_valid(barcodes)),
    is_ticketed INTEGER NOT NULL CHECK (is_ticketed IN (0, 1)),
    position    INTEGER NOT NULL,
    is_active   INTEGER NOT NULL CHECK (is_active IN (0, 1))
) STRICT;
CREATE INDEX product_by_number ON product (number);

CREATE TABLE product_barcode (
    gtin       TEXT PRIMARY KEY,
    product_no INTEGER NOT NULL REFERENCES product (product_no) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX product_barcode_by_product ON product_barcode (product_no);

-- The words are kept by product alone: FTS5 without content, found again by product_no.
CREATE VIRTUAL TABLE product_search USING fts5 (
    name, sku, content = '', contentless_delete = 1, prefix = '1 2 3', tokenize = 'unicode61 remove_diacritics 2'
);

CREATE TABLE category (
    category_id BLOB PRIMARY KEY CHECK (length(category_id) = 16),
    name        TEXT    NOT NULL,
    tint        INTEGER NOT NULL,
    position    INTEGER NOT NULL,
    is_active   INTEGER NOT NULL CHECK (is_active IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE TABLE staff (
    staff_id     BLOB PRIMARY KEY CHECK (length(staff_id) = 16),
    name         TEXT    NOT NULL,
    roles        TEXT    NOT NULL CHECK (json_valid(roles)),
    pin_verifier TEXT    NOT NULL,
    is_active    INTEGER NOT NULL CHECK (is_active IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE TABLE venue (
    venue_id BLOB PRIMARY KEY CHECK (length(venue_id) = 16),
    body     TEXT NOT NULL CHECK (json_valid(body))
) STRICT, WITHOUT ROWID;

CREATE TABLE register (
    register_id BLOB PRIMARY KEY CHECK (length(register_id) = 16),
    code        TEXT NOT NULL,
    body        TEXT NOT NULL CHECK (json_valid(body))
) STRICT, WITHOUT ROWID;

CREATE TABLE device (
    device_id BLOB PRIMARY KEY CHECK (length(device_id) = 16),
    device_no INTEGER NOT NULL,
    body      TEXT    NOT NULL CHECK (json_valid(body))
) STRICT, WITHOUT ROWID;
CREATE INDEX device_by_number ON device (device_no);
