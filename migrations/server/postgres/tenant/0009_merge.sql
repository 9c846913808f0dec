-- What has no limit and merges by itself: products edited at tills, and stock.

ALTER TABLE product ADD COLUMN tags text NOT NULL DEFAULT '[]';  -- JSON list
ALTER TABLE product ADD COLUMN marks text;                       -- JSON: how late each field is; null while nobody edited

-- Values that did not stand, beside those that did. Nothing a manager typed is lost without a trace.
CREATE TABLE superseded_edit (
  tenant_id  uuid NOT NULL DEFAULT current_tenant(),
  product_id uuid NOT NULL,
  field      text COLLATE "C" NOT NULL,
  chain      uuid NOT NULL,           -- the event that lost
  seq        bigint NOT NULL,
  device_id  uuid NOT NULL,
  written_at bigint NOT NULL,         -- by its device's clock
  lost       text NOT NULL,           -- JSON
  kept       text NOT NULL,           -- JSON
  PRIMARY KEY (tenant_id, product_id, field, chain, seq)
);
SELECT divide('superseded_edit');

-- What each run of each till put in and took out, and how much of it the count that stands had seen.
CREATE TABLE stock_part (
  tenant_id           uuid NOT NULL DEFAULT current_tenant(),
  venue_id            uuid NOT NULL,
  product_id          uuid NOT NULL,
  chain               uuid NOT NULL,
  device_id           uuid NOT NULL,
  received_milli      bigint NOT NULL,
  taken_milli         bigint NOT NULL,
  seen_received_milli bigint NOT NULL DEFAULT 0,
  seen_taken_milli    bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, venue_id, product_id, chain)
);
SELECT divide('stock_part');

-- Products that were counted at a venue: the count that stands, and what is there now.
CREATE TABLE stock (
  tenant_id     uuid NOT NULL DEFAULT current_tenant(),
  venue_id      uuid NOT NULL,
  product_id    uuid NOT NULL,
  round         bigint NOT NULL,
  hlc           bigint NOT NULL,
  chain         uuid NOT NULL,
  seq           bigint NOT NULL,
  counted_milli bigint NOT NULL,
  on_hand_milli bigint NOT NULL,
  PRIMARY KEY (tenant_id, venue_id, product_id)
);
SELECT divide('stock');

-- Runs at a venue that none goes on from: those a stock record names.
CREATE TABLE stock_run (
  tenant_id uuid NOT NULL DEFAULT current_tenant(),
  venue_id  uuid NOT NULL,
  chain     uuid NOT NULL,
  device_id uuid NOT NULL,
  PRIMARY KEY (tenant_id, venue_id, chain)
);
SELECT divide('stock_run');
