-- Head office's tags, and how late each field is; null while nobody edited anything.
ALTER TABLE product ADD COLUMN tags TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(tags));
ALTER TABLE product ADD COLUMN marks TEXT CHECK (marks IS NULL OR json_valid(marks));

-- Projection: products edited here. They stand on top of head office's word until it has heard of them, and after that
-- change nothing any more.
CREATE TABLE product_edit (
    product_id BLOB    NOT NULL CHECK (length(product_id) = 16),
    chain_no   INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    hlc        INTEGER NOT NULL,
    edit       TEXT    NOT NULL CHECK (json_valid(edit)),
    PRIMARY KEY (product_id, chain_no, seq)
) STRICT, WITHOUT ROWID;

-- Working state: head office's word on products that were edited here, as the stream last told.
CREATE TABLE product_base (
    product_id BLOB PRIMARY KEY CHECK (length(product_id) = 16),
    body       TEXT NOT NULL CHECK (json_valid(body))
) STRICT, WITHOUT ROWID;

-- Projection: what each run of this till put in and took out, per product. Both only grow.
CREATE TABLE stock_part (
    product_id     BLOB    NOT NULL CHECK (length(product_id) = 16),
    chain_no       INTEGER NOT NULL,
    received_milli INTEGER NOT NULL CHECK (received_milli >= 0),
    taken_milli    INTEGER NOT NULL CHECK (taken_milli >= 0),
    PRIMARY KEY (product_id, chain_no)
) STRICT, WITHOUT ROWID;

-- Projection: the last count made here, per product.
CREATE TABLE stock_count (
    product_id    BLOB PRIMARY KEY CHECK (length(product_id) = 16),
    round         INTEGER NOT NULL,
    hlc           INTEGER NOT NULL,
    chain_no      INTEGER NOT NULL,
    seq           INTEGER NOT NULL,
    counted_milli INTEGER NOT NULL,
    seen          TEXT    NOT NULL CHECK (json_valid(seen))
) STRICT, WITHOUT ROWID;

-- Working state: the venue's stock, as the venue stream tells; how far each till is in it stands in the record.
CREATE TABLE heard_stock (
    product_id BLOB PRIMARY KEY CHECK (length(product_id) = 16),
    body       TEXT NOT NULL CHECK (json_valid(body))
) STRICT, WITHOUT ROWID;
