-- Working state: the sale on the counter, written on every change. One row.
CREATE TABLE counter (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    sale TEXT NOT NULL CHECK (json_valid(sale))
) STRICT;

-- Projection: register sessions and what they sold so far.
CREATE TABLE register_session (
    session_id     BLOB PRIMARY KEY CHECK (length(session_id) = 16),
    register_id    BLOB    NOT NULL CHECK (length(register_id) = 16),
    business_date  TEXT    NOT NULL,
    opened_by      BLOB    NOT NULL CHECK (length(opened_by) = 16),
    opened_at      INTEGER NOT NULL,
    currency       TEXT    NOT NULL,
    float_count    TEXT    NOT NULL CHECK (json_valid(float_count)),
    sales          INTEGER NOT NULL DEFAULT 0,
    total_minor    INTEGER NOT NULL DEFAULT 0,
    tax_minor      INTEGER NOT NULL DEFAULT 0,
    cash_minor     INTEGER NOT NULL DEFAULT 0,
    card_minor     INTEGER NOT NULL DEFAULT 0,
    rounding_minor INTEGER NOT NULL DEFAULT 0,
    closed_at      INTEGER,
    z_number       INTEGER,
    z              TEXT CHECK (z IS NULL OR json_valid(z)),
    CHECK ((closed_at IS NULL) = (z_number IS NULL) AND (closed_at IS NULL) = (z IS NULL))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX register_session_open ON register_session (register_id) WHERE closed_at IS NULL;
CREATE UNIQUE INDEX register_session_z ON register_session (register_id, z_number) WHERE z_number IS NOT NULL;

-- Projection: sales, their lines and payments. The event holds everything; these hold what is searched and added up.
CREATE TABLE sale (
    sale_no        INTEGER PRIMARY KEY,
    sale_id        BLOB    NOT NULL UNIQUE CHECK (length(sale_id) = 16),
    event_no       INTEGER NOT NULL,
    register_id    BLOB    NOT NULL CHECK (length(register_id) = 16),
    session_id     BLOB    NOT NULL CHECK (length(session_id) = 16),
    receipt_no     INTEGER NOT NULL CHECK (receipt_no >= 1),
    business_date  TEXT    NOT NULL,
    completed_at   INTEGER NOT NULL,
    operator       BLOB CHECK (operator IS NULL OR length(operator) = 16),
    currency       TEXT    NOT NULL,
    total_minor    INTEGER NOT NULL,
    tax_minor      INTEGER NOT NULL,
    rounding_minor INTEGER NOT NULL,
    copies         INTEGER NOT NULL DEFAULT 0,
    UNIQUE (register_id, receipt_no)
) STRICT;

CREATE TABLE sale_line (
    sale_no          INTEGER NOT NULL,
    line_no          INTEGER NOT NULL,
    product_id       BLOB    NOT NULL CHECK (length(product_id) = 16),
    quantity_milli   INTEGER NOT NULL CHECK (quantity_milli > 0),
    unit_price_minor INTEGER NOT NULL,
    tax_rate_bp      INTEGER NOT NULL,
    total_minor      INTEGER NOT NULL,
    PRIMARY KEY (sale_no, line_no)
) STRICT, WITHOUT ROWID;

CREATE TABLE payment (
    sale_no      INTEGER NOT NULL,
    payment_no   INTEGER NOT NULL,
    tender       TEXT    NOT NULL CHECK (tender IN ('cash', 'card')),
    amount_minor INTEGER NOT NULL,
    payment_id   BLOB CHECK ((tender = 'card') = (payment_id IS NOT NULL)),
    PRIMARY KEY (sale_no, payment_no)
) STRICT, WITHOUT ROWID;
