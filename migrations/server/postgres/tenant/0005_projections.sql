-- What the events come to. All of it can be rebuilt from table event; none of it refuses an event, so nothing here
-- refers to another table.

CREATE TABLE register_session (
  tenant_id     uuid NOT NULL DEFAULT current_tenant(),
  session_id    uuid NOT NULL,
  device_id     uuid NOT NULL,
  venue_id      uuid NOT NULL,
  register_id   uuid NOT NULL,
  business_date bigint NOT NULL,      -- days since 1970-01-01
  opened_by     uuid NOT NULL,
  opened_at     bigint NOT NULL,
  float_minor   bigint NOT NULL,
  closed_at     bigint,
  z             text,
  PRIMARY KEY (tenant_id, session_id)
);
CREATE INDEX register_session_by_device ON register_session (tenant_id, device_id, opened_at);
SELECT divide('register_session');

CREATE TABLE sale (
  tenant_id      uuid NOT NULL DEFAULT current_tenant(),
  sale_id        uuid NOT NULL,
  device_id      uuid NOT NULL,
  venue_id       uuid NOT NULL,
  session_id     uuid,
  staff_id       uuid,
  receipt_no     bigint NOT NULL,
  business_date  bigint NOT NULL,
  completed_at   bigint NOT NULL,
  currency       text NOT NULL,
  total_minor    bigint NOT NULL,
  tax_minor      bigint NOT NULL,
  change_minor   bigint NOT NULL,
  rounding_minor bigint NOT NULL,
  chain          uuid NOT NULL,       -- the event, where it stands
  branch         bigint NOT NULL,
  seq            bigint NOT NULL,
  PRIMARY KEY (tenant_id, sale_id)
);
CREATE INDEX sale_by_date ON sale (tenant_id, business_date, completed_at, sale_id);
CREATE INDEX sale_by_session ON sale (tenant_id, session_id);
SELECT divide('sale');

CREATE TABLE sale_line (
  tenant_id        uuid NOT NULL DEFAULT current_tenant(),
  sale_id          uuid NOT NULL,
  line_no          bigint NOT NULL,
  product_id       uuid NOT NULL,
  sku              text NOT NULL,
  name             text NOT NULL,
  quantity_milli   bigint NOT NULL,
  unit_price_minor bigint NOT NULL,
  tax_rate_bp      bigint NOT NULL,
  total_minor      bigint NOT NULL,
  PRIMARY KEY (tenant_id, sale_id, line_no)
);
SELECT divide('sale_line');

CREATE TABLE payment (
  tenant_id      uuid NOT NULL DEFAULT current_tenant(),
  sale_id        uuid NOT NULL,
  payment_no     bigint NOT NULL,     -- place among the sale's payments, from 1
  tender         text COLLATE "C" NOT NULL CHECK (tender IN ('cash', 'card')),
  amount_minor   bigint NOT NULL,
  tendered_minor bigint,
  payment_id     uuid,                -- of a card
  PRIMARY KEY (tenant_id, sale_id, payment_no)
);
SELECT divide('payment');

CREATE TABLE ticket (
  tenant_id    uuid NOT NULL DEFAULT current_tenant(),
  ticket_id    text COLLATE "C" NOT NULL,
  sale_id      uuid NOT NULL,
  display_code text NOT NULL,
  PRIMARY KEY (tenant_id, ticket_id)
);
CREATE INDEX ticket_by_sale ON ticket (tenant_id, sale_id);
SELECT divide('ticket');

CREATE TABLE card_payment (
  tenant_id    uuid NOT NULL DEFAULT current_tenant(),
  payment_id   uuid NOT NULL,
  sale_id      uuid NOT NULL,
  device_id    uuid NOT NULL,
  terminal     text NOT NULL,
  amount_minor bigint NOT NULL,
  ticket_no    text NOT NULL,
  requested_at bigint NOT NULL,
  says         text NOT NULL,         -- the terminal's last word that counts
  report       text NOT NULL,         -- JSON
  PRIMARY KEY (tenant_id, payment_id)
);
SELECT divide('card_payment');

CREATE TABLE redemption (
  tenant_id     uuid NOT NULL DEFAULT current_tenant(),
  redemption_id uuid NOT NULL,
  ticket_id     text COLLATE "C" NOT NULL,
  device_id     uuid NOT NULL,
  venue_id      uuid NOT NULL,
  staff_id      uuid,
  business_date bigint NOT NULL,
  redeemed_at   bigint NOT NULL,
  lines         text NOT NULL,        -- JSON
  cause         bytea NOT NULL,
  PRIMARY KEY (tenant_id, redemption_id)
);
CREATE INDEX redemption_by_ticket ON redemption (tenant_id, ticket_id);
SELECT divide('redemption');

CREATE TABLE pin_refusal (
  tenant_id    uuid NOT NULL DEFAULT current_tenant(),
  cause        bytea NOT NULL,
  device_id    uuid NOT NULL,
  staff_id     uuid NOT NULL,
  refused_at   bigint NOT NULL,
  wrong        bigint NOT NULL,
  locked_until bigint,
  PRIMARY KEY (tenant_id, cause)
);
SELECT divide('pin_refusal');
