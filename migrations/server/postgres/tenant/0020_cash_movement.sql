-- Cash put into drawers, paid out of them and taken to the safe.

CREATE TABLE cash_movement (
  tenant_id     uuid NOT NULL DEFAULT current_tenant(),
  cause         bytea NOT NULL,
  session_id    uuid NOT NULL,
  device_id     uuid NOT NULL,
  venue_id      uuid NOT NULL,
  business_date bigint NOT NULL,      -- days since 1970-01-01
  movement      text NOT NULL,        -- in, out, drop
  amount_minor  bigint NOT NULL,
  reason        text NOT NULL,
  staff_id      uuid,
  approver      uuid,
  moved_at      bigint NOT NULL,
  PRIMARY KEY (tenant_id, cause)
);
CREATE INDEX cash_movement_by_session ON cash_movement (tenant_id, session_id);
CREATE INDEX cash_movement_by_date ON cash_movement (tenant_id, business_date);
SELECT divide('cash_movement');
