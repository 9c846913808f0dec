-- The machines, the codes they enrol with, and the nonces they have used.

CREATE TABLE device (
  device_id             BLOB PRIMARY KEY,
  device_no             INTEGER NOT NULL UNIQUE,
  register_id           BLOB NOT NULL,
  venue_id              BLOB NOT NULL,
  name                  TEXT NOT NULL,
  description           TEXT NOT NULL DEFAULT '',
  public_key            BLOB,
  certificate_body      TEXT,
  certificate_signature BLOB,
  created_at            INTEGER NOT NULL,
  enrolled_at           INTEGER,
  revoked_at            INTEGER,
  last_contact_at       INTEGER,
  unsent_events         INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE enrolment_code (
  selector   TEXT PRIMARY KEY,
  device_id  BLOB NOT NULL REFERENCES device,
  code_hash  BLOB NOT NULL,
  expires_at INTEGER NOT NULL,
  tries      INTEGER NOT NULL DEFAULT 0,
  used_at    INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE nonce (
  device_id    BLOB NOT NULL,
  nonce        TEXT NOT NULL,
  content_hash BLOB NOT NULL,
  seen_at      INTEGER NOT NULL,
  PRIMARY KEY (device_id, nonce)
) STRICT, WITHOUT ROWID;
CREATE INDEX nonce_by_time ON nonce (seen_at);
