-- What devices said, exactly as they said it. Nothing here is ever updated except heads and dispositions.

-- Whose rows this transaction sees, as it said itself; nobody's when it said nothing.
CREATE FUNCTION current_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT nullif(current_setting('barra.tenant_id', true), '')::uuid $$;

-- Divides a table by company. Every table a company owns begins with its column and its key, and is given to this.
CREATE FUNCTION divide(divided regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', divided);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', divided);
  EXECUTE format('CREATE POLICY own ON %s USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant())', divided);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO barra_app', divided);
END
$$;
REVOKE EXECUTE ON FUNCTION divide(regclass) FROM PUBLIC;
GRANT SELECT ON _migration_tenant TO barra_app;

-- The newest incarnation of a company's rows is the log that cursors and acknowledgements name.
CREATE TABLE log (
  tenant_id  uuid NOT NULL DEFAULT current_tenant(),
  log_id     uuid NOT NULL,
  parent     uuid,
  started_at bigint NOT NULL,
  reason     text NOT NULL,
  PRIMARY KEY (tenant_id, log_id)
);
SELECT divide('log');

CREATE TABLE chain (
  tenant_id    uuid NOT NULL DEFAULT current_tenant(),
  chain        uuid NOT NULL,
  device_id    uuid NOT NULL,
  venue_id     uuid NOT NULL,
  head_seq     bigint NOT NULL,       -- of branch 0
  head_hash    bytea NOT NULL,
  parent_chain uuid,
  parent_seq   bigint,
  app_version  text,
  started_at   bigint NOT NULL,       -- by this server's clock, when the chain was first seen
  PRIMARY KEY (tenant_id, chain)
) WITH (fillfactor = 50);             -- a head moves with every batch, in place
CREATE INDEX chain_by_parent ON chain (tenant_id, parent_chain, parent_seq);
SELECT divide('chain');

-- Branch 0 came first. A fork is kept as a further branch, itself a verified chain from forked_after on.
CREATE TABLE branch (
  tenant_id    uuid NOT NULL DEFAULT current_tenant(),
  chain        uuid NOT NULL,
  branch       bigint NOT NULL,
  parent       bigint NOT NULL,
  forked_after bigint NOT NULL,
  head_seq     bigint NOT NULL,
  head_hash    bytea NOT NULL,
  PRIMARY KEY (tenant_id, chain, branch)
);
SELECT divide('branch');

-- No reference to chain: its row is written in the same transaction before, and a lookup for each event costs more than
-- the event.
CREATE TABLE event (
  tenant_id   uuid NOT NULL DEFAULT current_tenant(),
  chain       uuid NOT NULL,
  branch      bigint NOT NULL,
  seq         bigint NOT NULL,
  hash        bytea NOT NULL,
  type        text NOT NULL,          -- empty when the envelope cannot be read
  hlc         bigint NOT NULL,
  received_at bigint NOT NULL,
  disposition text NOT NULL CHECK (disposition IN ('applied', 'flagged', 'quarantined')),
  line        bytea NOT NULL,         -- UTF-8; bytes, because text cannot hold NUL and a line can
  PRIMARY KEY (tenant_id, chain, seq, branch)
);
SELECT divide('event');

-- What a person should look at.
CREATE TABLE flag (
  tenant_id uuid NOT NULL DEFAULT current_tenant(),
  flag_id   bigint GENERATED ALWAYS AS IDENTITY, -- for order only; not dense, and no cursor
  device_id uuid NOT NULL,
  chain     uuid NOT NULL,
  branch    bigint NOT NULL,
  seq       bigint NOT NULL,
  code      text NOT NULL,
  raised_at bigint NOT NULL,
  PRIMARY KEY (tenant_id, flag_id)
);
CREATE INDEX flag_by_event ON flag (tenant_id, chain, branch, seq);
SELECT divide('flag');

-- Bytes of requests that were signed well and yet refused; kept so that nothing a till sent is lost.
CREATE TABLE intake_raw (
  tenant_id   uuid NOT NULL DEFAULT current_tenant(),
  body_hash   bytea NOT NULL,
  device_id   uuid NOT NULL,
  received_at bigint NOT NULL,
  reason      text NOT NULL,
  body        bytea NOT NULL,
  PRIMARY KEY (tenant_id, body_hash)
);
CREATE INDEX intake_raw_by_device ON intake_raw (tenant_id, device_id);
SELECT divide('intake_raw');
