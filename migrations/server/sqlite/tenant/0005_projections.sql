-- What the events come to. All of it can be rebuilt from table event; none of it refuses an event, so nothing here
-- refers to another table.

CREATE TABLE register_session (
  session_id    BLOB PRIMARY KEY,
  device_id     BLOB NOT NULL,
  venue_id      BLOB NOT NULL,
  register_id   BLOB NOT NULL,
  business_date INTEGER NOT NULL,     -- days since 1970-01-01
  opened_by     BLOB NOT NULL,
  opened_at     INTEGER NOT NULL,
  float_minor   INTEGER NOT NULL,
  closed_at     INTEGER,
  z             TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX register_session_by_device ON register_session (device_id, opened_at);

CREATE TABLE sale (
  sale_id        BLOB PRIMARY KEY,
  device_id      BLOB NOT NULL,
  venue_id       BLOB NOT NULL,
  session_id     BLOB,
  staff_id       BLOB,
  receipt_no     INTEGER NOT NULL,
  business_date  INTEGER NOT NULL,
  completed_at   INTEGER NOT NULL,
  currency       TEXT NOT NULL,
  total_minor    INTEGER NOT NULL,
  tax_minor      INTEGER NOT NULL,
  change_minor   INTEGER NOT NULL,
  rounding_minor INTEGER NOT NULL,
  chain          BLOB NOT NULL,       -- the event, where it stands
  branch         INTEGER NOT NULL,
  seq            INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sale_by_date ON sale (business_date, completed_at, sale_id);
CREATE INDEX sale_by_session ON sale (session_id);

CREATE TABLE sale_line (
  sale_id          BLOB NOT NULL,
  line_no          INTEGER NOT NULL,
  product_id       BLOB NOT NULL,
  sku              TEXT NOT NULL,
  name             TEXT NOT NULL,
  quantity_milli   INTEGER NOT NULL,
  unit_price_minor INTEGER NOT NULL,
  tax_rate_bp      INTEGER NOT NULL,
  total_minor      INTEGER NOT NULL,
  PRIMARY KEY (sale_id, line_no)
) STRICT, WITHOUT ROWID;

CREATE TABLE payment (
  sale_id        BLOB NOT NULL,
  payment_no     INTEGER NOT NULL,    -- place among the sale's payments, from 1
  tender         TEXT NOT NULL CHECK (tender IN ('cash', 'card')),
  amount_minor   INTEGER NOT NULL,
  tendered_minor INTEGER,
  payment_id     BLOB,                -- of a card
  PRIMARY KEY (sale_id, payment_no)
) STRICT, WITHOUT ROWID;

CREATE TABLE ticket (
  ticket_id    TEXT PRIMARY KEY,
  sale_id      BLOB NOT NULL,
  display_code TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX ticket_by_sale ON ticket (sale_id);

CREATE TABLE card_payment (
  payment_id   BLOB PRIMARY KEY,
  sale_id      BLOB NOT NULL,
  device_id    BLOB NOT NULL,
  terminal     TEXT NOT NULL,
  amount_minor INTEGER NOT NULL,
  ticket_no    TEXT NOT NULL,
  requested_at INTEGER NOT NULL,
  says         TEXT NOT NULL,         -- the terminal's last word that counts
  report       TEXT NOT NULL          -- JSON
) STRICT, WITHOUT ROWID;

CREATE TABLE redemption (
  redemption_id BLOB PRIMARY KEY,
  ticket_id     TEXT NOT NULL,
  device_id     BLOB NOT NULL,
  venue_id      BLOB NOT NULL,
  staff_id      BLOB,
  business_date INTEGER NOT NULL,
  redeemed_at   INTEGER NOT NULL,
  lines         TEXT NOT NULL,        -- JSON
  cause         BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX redemption_by_ticket ON redemption (ticket_id);

CREATE TABLE pin_refusal (
  cause        BLOB PRIMARY KEY,
  device_id    BLOB NOT NULL,
  staff_id     BLOB NOT NULL,
  refused_at   INTEGER NOT NULL,
  wrong        INTEGER NOT NULL,
  locked_until INTEGER
) STRICT, WITHOUT ROWID;
