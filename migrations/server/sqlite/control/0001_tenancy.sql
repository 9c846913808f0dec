-- Who there is: companies, the people who administer them, and where each device and code belongs.
-- One small file; everything a company owns is in its own file beside it.

CREATE TABLE tenant (
  tenant_id   BLOB PRIMARY KEY,
  slug        TEXT NOT NULL UNIQUE,
  name        TEXT NOT NULL,
  signing_key BLOB NOT NULL,          -- Ed25519 seed: signs device certificates
  pin_pepper  BLOB NOT NULL,          -- goes into every PIN hash
  created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE admin (
  admin_id      BLOB PRIMARY KEY,
  tenant_id     BLOB NOT NULL REFERENCES tenant,
  name          TEXT NOT NULL UNIQUE,
  role          TEXT NOT NULL CHECK (role IN ('admin', 'manager', 'auditor')),
  password_hash TEXT NOT NULL,        -- Argon2id, PHC text
  created_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Opaque tokens; only their hashes are here.
CREATE TABLE admin_session (
  token_hash   BLOB PRIMARY KEY,
  admin_id     BLOB NOT NULL REFERENCES admin ON DELETE CASCADE,
  created_at   INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Wrong passwords by name, whether or not anyone has that name: a lock must not tell who exists.
CREATE TABLE login_guard (
  name_hash    BLOB PRIMARY KEY,
  wrong        INTEGER NOT NULL,
  locked_until INTEGER,
  last_try_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE device_home (
  device_id BLOB PRIMARY KEY,
  tenant_id BLOB NOT NULL REFERENCES tenant
) STRICT, WITHOUT ROWID;

-- The first four characters of a live enrolment code lead to its company; the rest is checked there.
CREATE TABLE enrolment_route (
  selector   TEXT PRIMARY KEY,
  tenant_id  BLOB NOT NULL REFERENCES tenant,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
