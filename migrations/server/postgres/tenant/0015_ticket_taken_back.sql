-- Hand-overs taken back, and tickets withdrawn. What is told of them to a venue's tills is forgotten as what they are of.

CREATE TABLE redemption_undo (
  tenant_id     uuid NOT NULL DEFAULT current_tenant(),
  redemption_id uuid NOT NULL,
  ticket_id     text NOT NULL,
  device_id     uuid NOT NULL,
  venue_id      uuid NOT NULL,
  staff_id      uuid,
  undone_at     bigint NOT NULL,
  cause         bytea NOT NULL,
  PRIMARY KEY (tenant_id, redemption_id)
);
CREATE INDEX redemption_undo_by_ticket ON redemption_undo (tenant_id, ticket_id);
SELECT divide('redemption_undo');

CREATE TABLE ticket_void (
  tenant_id    uuid NOT NULL DEFAULT current_tenant(),
  ticket_id    text NOT NULL,
  device_id    uuid NOT NULL,
  venue_id     uuid NOT NULL,
  staff_id     uuid,
  voided_at    bigint NOT NULL,
  reason       text NOT NULL,
  cause        bytea NOT NULL,
  valid_until  bigint,              -- days since 1970-01-01; null when nobody could tell
  heard_at     bigint,              -- by this server's clock, at the round after
  forgotten_at bigint,              -- when tills were told to
  PRIMARY KEY (tenant_id, ticket_id)
);
CREATE INDEX ticket_void_to_forget ON ticket_void (tenant_id, heard_at) WHERE forgotten_at IS NULL;
SELECT divide('ticket_void');
