-- Who there is: companies, the people who administer them, and where each device and code belongs.
-- Asked before anybody knows whose request it is, so these tables are not divided by company; everything a company owns
-- is in the tables beside them, and those are.

-- What the server acts as, whoever it logs in as. It owns nothing, so that row-level security binds it.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'barra_app') THEN
    CREATE ROLE barra_app NOLOGIN NOSUPERUSER NOBYPASSRLS;
  END IF;
  IF NOT pg_has_role(current_user, 'barra_app', 'MEMBER') THEN
    GRANT barra_app TO CURRENT_USER;
  END IF;
END
$$;

CREATE TABLE tenant (
  tenant_id   uuid PRIMARY KEY,
  slug        text COLLATE "C" NOT NULL CONSTRAINT "tenant.slug" UNIQUE,
  name        text NOT NULL,
  signing_key bytea NOT NULL,         -- Ed25519 seed: signs device certificates
  pin_pepper  bytea NOT NULL,         -- goes into every PIN hash
  created_at  bigint NOT NULL
);

CREATE TABLE admin (
  admin_id      uuid PRIMARY KEY,
  tenant_id     uuid NOT NULL REFERENCES tenant,
  name          text COLLATE "C" NOT NULL CONSTRAINT "admin.name" UNIQUE,
  role          text NOT NULL CHECK (role IN ('admin', 'manager', 'auditor')),
  password_hash text NOT NULL,        -- Argon2id, PHC text
  created_at    bigint NOT NULL
);

-- Opaque tokens; only their hashes are here.
CREATE TABLE admin_session (
  token_hash   bytea PRIMARY KEY,
  admin_id     uuid NOT NULL REFERENCES admin ON DELETE CASCADE,
  created_at   bigint NOT NULL,
  last_seen_at bigint NOT NULL
);
CREATE INDEX admin_session_by_admin ON admin_session (admin_id);

-- Wrong passwords by name, whether or not anyone has that name: a lock must not tell who exists.
CREATE TABLE login_guard (
  name_hash    bytea PRIMARY KEY,
  wrong        bigint NOT NULL,
  locked_until bigint,
  last_try_at  bigint NOT NULL
);

CREATE TABLE device_home (
  device_id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenant
);

-- The first four characters of a live enrolment code lead to its company; the rest is checked there.
CREATE TABLE enrolment_route (
  selector   text COLLATE "C" PRIMARY KEY,
  tenant_id  uuid NOT NULL REFERENCES tenant,
  expires_at bigint NOT NULL
);

GRANT SELECT, INSERT, UPDATE, DELETE ON tenant, admin, admin_session, login_guard, device_home, enrolment_route TO barra_app;
GRANT SELECT ON _migration_control TO barra_app;
