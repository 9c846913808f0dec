-- Hand-overs taken back, and tickets withdrawn. What is told of them to a venue's tills is forgotten as what they are of.

CREATE TABLE redemption_undo (
  redemption_id BLOB PRIMARY KEY,
  ticket_id     TEXT NOT NULL,
  device_id     BLOB NOT NULL,
  venue_id      BLOB NOT NULL,
  staff_id      BLOB,
  undone_at     INTEGER NOT NULL,
  cause         BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX redemption_undo_by_ticket ON redemption_undo (ticket_id);

CREATE TABLE ticket_void (
  ticket_id    TEXT PRIMARY KEY,
  device_id    BLOB NOT NULL,
  venue_id     BLOB NOT NULL,
  staff_id     BLOB,
  voided_at    INTEGER NOT NULL,
  reason       TEXT NOT NULL,
  cause        BLOB NOT NULL,
  valid_until  INTEGER,             -- days since 1970-01-01; null when nobody could tell
  heard_at     INTEGER,             -- by this server's clock, at the round after
  forgotten_at INTEGER              -- when tills were told to
) STRICT, WITHOUT ROWID;
CREATE INDEX ticket_void_to_forget ON ticket_void (heard_at) WHERE forgotten_at IS NULL;
