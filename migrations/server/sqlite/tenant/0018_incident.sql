-- What went wrong with tickets, as one row each: told from the events, the same in whatever order they came.

-- The server had said yes before it was handed over. Tills that could not say so yet never asked.
ALTER TABLE redemption ADD COLUMN is_promised INTEGER NOT NULL DEFAULT 1;

CREATE TABLE incident (
  ticket_id TEXT NOT NULL,
  kind      TEXT NOT NULL,
  at        INTEGER NOT NULL,        -- by the till's clock: the last hand-over it is about, or the withdrawal
  sold      TEXT NOT NULL,           -- JSON, what the ticket promises
  PRIMARY KEY (ticket_id, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX incident_by_time ON incident (at, ticket_id, kind);

-- Used tickets that were shown again and again.
CREATE TABLE ticket_shown (
  cause     BLOB PRIMARY KEY,
  ticket_id TEXT NOT NULL,
  device_id BLOB NOT NULL,
  staff_id  BLOB,
  times     INTEGER NOT NULL,
  shown_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX ticket_shown_by_ticket ON ticket_shown (ticket_id);
