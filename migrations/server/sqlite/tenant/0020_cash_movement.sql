-- Cash put into drawers, paid out of them and taken to the safe.

CREATE TABLE cash_movement (
  cause         BLOB PRIMARY KEY,
  session_id    BLOB NOT NULL,
  device_id     BLOB NOT NULL,
  venue_id      BLOB NOT NULL,
  business_date INTEGER NOT NULL,     -- days since 1970-01-01
  movement      TEXT NOT NULL,        -- in, out, drop
  amount_minor  INTEGER NOT NULL,
  reason        TEXT NOT NULL,
  staff_id      BLOB,
  approver      BLOB,
  moved_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX cash_movement_by_session ON cash_movement (session_id);
CREATE INDEX cash_movement_by_date ON cash_movement (business_date);
