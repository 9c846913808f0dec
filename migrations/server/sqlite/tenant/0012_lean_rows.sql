-- A sale is its event. Its row says where that is, and no longer repeats what the line says: rows and their indexes
-- cost more than the line itself. What is asked of whole nights and sessions is added up as batches come.

-- What sales of a night came to, till by till, by the quarter of an hour they were settled in.
CREATE TABLE taking (
  business_date  INTEGER NOT NULL,    -- days since 1970-01-01
  venue_id       BLOB NOT NULL,
  device_id      BLOB NOT NULL,
  quarter        INTEGER NOT NULL,    -- its beginning, milliseconds since 1970
  sales          INTEGER NOT NULL,
  total_minor    INTEGER NOT NULL,
  tax_minor      INTEGER NOT NULL,
  rounding_minor INTEGER NOT NULL,
  cash_payments  INTEGER NOT NULL,
  cash_minor     INTEGER NOT NULL,
  card_payments  INTEGER NOT NULL,
  card_minor     INTEGER NOT NULL,
  PRIMARY KEY (business_date, venue_id, device_id, quarter)
) STRICT, WITHOUT ROWID;

INSERT INTO taking
SELECT business_date, venue_id, device_id, completed_at - completed_at % 900000, count(*), sum(total_minor),
  sum(tax_minor), sum(rounding_minor), coalesce(sum(cash_payments), 0), coalesce(sum(cash_minor), 0),
  coalesce(sum(card_payments), 0), coalesce(sum(card_minor), 0)
FROM sale LEFT JOIN (
  SELECT sale_id, count(CASE tender WHEN 'cash' THEN 1 END) AS cash_payments,
    sum(CASE tender WHEN 'cash' THEN amount_minor ELSE 0 END) AS cash_minor,
    count(CASE tender WHEN 'card' THEN 1 END) AS card_payments,
    sum(CASE tender WHEN 'card' THEN amount_minor ELSE 0 END) AS card_minor
  FROM payment GROUP BY sale_id) AS paid USING (sale_id)
GROUP BY business_date, venue_id, device_id, completed_at - completed_at % 900000;

-- What a session's sales came to, for its Z; also of one nobody has heard of yet.
CREATE TABLE session_taking (
  session_id  BLOB PRIMARY KEY,
  sales       INTEGER NOT NULL,
  total_minor INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO session_taking
SELECT session_id, count(*), sum(total_minor) FROM sale WHERE session_id IS NOT NULL GROUP BY session_id;

DROP TABLE sale_line;
DROP TABLE payment;
DROP TABLE ticket;

DROP INDEX sale_by_date;
DROP INDEX sale_by_session;
ALTER TABLE sale DROP COLUMN device_id;
ALTER TABLE sale DROP COLUMN venue_id;
ALTER TABLE sale DROP COLUMN session_id;
ALTER TABLE sale DROP COLUMN staff_id;
ALTER TABLE sale DROP COLUMN receipt_no;
ALTER TABLE sale DROP COLUMN currency;
ALTER TABLE sale DROP COLUMN total_minor;
ALTER TABLE sale DROP COLUMN tax_minor;
ALTER TABLE sale DROP COLUMN change_minor;
ALTER TABLE sale DROP COLUMN rounding_minor;

-- Events in the order they came, found by an index. In the order of their chains, each till wrote into the middle of the
-- table: its pages were split again and again, and stood half empty. And no reference to chain, whose row is written in
-- the same transaction before: it was looked up for each event.
DROP INDEX event_aside;
CREATE TABLE event_as_it_came (
  chain       BLOB NOT NULL,
  branch      INTEGER NOT NULL,
  seq         INTEGER NOT NULL,
  hash        BLOB NOT NULL,
  type        TEXT NOT NULL,          -- empty when the envelope cannot be read
  hlc         INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  disposition TEXT NOT NULL CHECK (disposition IN ('applied', 'flagged', 'quarantined')),
  line        TEXT NOT NULL,
  PRIMARY KEY (chain, seq, branch)
) STRICT;
INSERT INTO event_as_it_came SELECT chain, branch, seq, hash, type, hlc, received_at, disposition, line FROM event;
DROP TABLE event;
ALTER TABLE event_as_it_came RENAME TO event;
CREATE INDEX event_aside ON event (chain, seq, branch) WHERE disposition = 'quarantined';
