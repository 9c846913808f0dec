-- What went wrong with tickets, as one row each: told from the events, the same in whatever order they came.

-- The server had said yes before it was handed over. Tills that could not say so yet never asked.
ALTER TABLE redemption ADD COLUMN is_promised bigint NOT NULL DEFAULT 1;

CREATE TABLE incident (
  tenant_id uuid NOT NULL DEFAULT current_tenant(),
  ticket_id text COLLATE "C" NOT NULL,
  kind      text COLLATE "C" NOT NULL,
  at        bigint NOT NULL,         -- by the till's clock: the last hand-over it is about, or the withdrawal
  sold      text NOT NULL,           -- JSON, what the ticket promises
  PRIMARY KEY (tenant_id, ticket_id, kind)
);
CREATE INDEX incident_by_time ON incident (tenant_id, at, ticket_id, kind);
SELECT divide('incident');

-- Used tickets that were shown again and again.
CREATE TABLE ticket_shown (
  tenant_id uuid NOT NULL DEFAULT current_tenant(),
  cause     bytea NOT NULL,
  ticket_id text COLLATE "C" NOT NULL,
  device_id uuid NOT NULL,
  staff_id  uuid,
  times     bigint NOT NULL,
  shown_at  bigint NOT NULL,
  PRIMARY KEY (tenant_id, cause)
);
CREATE INDEX ticket_shown_by_ticket ON ticket_shown (tenant_id, ticket_id);
SELECT divide('ticket_shown');
