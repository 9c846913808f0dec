-- What head office decides. Every change is published in the stream T:cat in the same transaction.

CREATE TABLE venue (
  tenant_id  uuid NOT NULL DEFAULT current_tenant(),
  venue_id   uuid NOT NULL,
  record     text NOT NULL,           -- JSON, as published
  created_at bigint NOT NULL,
  PRIMARY KEY (tenant_id, venue_id)
);
SELECT divide('venue');

CREATE TABLE register (
  tenant_id   uuid NOT NULL DEFAULT current_tenant(),
  register_id uuid NOT NULL,
  venue_id    uuid NOT NULL,
  code        text COLLATE "C" NOT NULL,
  name        text NOT NULL,
  created_at  bigint NOT NULL,
  PRIMARY KEY (tenant_id, register_id),
  CONSTRAINT "register.code" UNIQUE (tenant_id, code),
  FOREIGN KEY (tenant_id, venue_id) REFERENCES venue
);
SELECT divide('register');

CREATE TABLE category (
  tenant_id   uuid NOT NULL DEFAULT current_tenant(),
  category_id uuid NOT NULL,
  name        text NOT NULL,
  tint        bigint NOT NULL CHECK (tint BETWEEN 1 AND 8),
  position    bigint NOT NULL,
  is_active   boolean NOT NULL,
  created_at  bigint NOT NULL,
  PRIMARY KEY (tenant_id, category_id)
);
SELECT divide('category');

CREATE TABLE product (
  tenant_id   uuid NOT NULL DEFAULT current_tenant(),
  product_id  uuid NOT NULL,
  number      bigint NOT NULL CHECK (number BETWEEN 1 AND 65535),
  sku         text COLLATE "C" NOT NULL,
  name        text NOT NULL,
  category_id uuid NOT NULL,
  price_minor bigint NOT NULL CHECK (price_minor >= 0),
  tax_rate_bp bigint NOT NULL CHECK (tax_rate_bp BETWEEN 0 AND 10000),
  barcodes    text NOT NULL,          -- JSON list of 14-digit texts
  is_ticketed boolean NOT NULL,
  position    bigint NOT NULL,
  is_active   boolean NOT NULL,
  created_at  bigint NOT NULL,
  PRIMARY KEY (tenant_id, product_id),
  CONSTRAINT "product.number" UNIQUE (tenant_id, number),
  CONSTRAINT "product.sku" UNIQUE (tenant_id, sku),
  FOREIGN KEY (tenant_id, category_id) REFERENCES category
);
CREATE INDEX product_by_category ON product (tenant_id, category_id);
SELECT divide('product');

CREATE TABLE barcode (
  tenant_id  uuid NOT NULL DEFAULT current_tenant(),
  gtin       text COLLATE "C" NOT NULL,
  product_id uuid NOT NULL,
  CONSTRAINT "barcode.gtin" PRIMARY KEY (tenant_id, gtin),
  FOREIGN KEY (tenant_id, product_id) REFERENCES product
);
CREATE INDEX barcode_by_product ON barcode (tenant_id, product_id);
SELECT divide('barcode');

CREATE TABLE staff (
  tenant_id    uuid NOT NULL DEFAULT current_tenant(),
  staff_id     uuid NOT NULL,
  name         text NOT NULL,
  roles        text NOT NULL,         -- JSON list
  pin_verifier text NOT NULL,
  is_active    boolean NOT NULL,
  created_at   bigint NOT NULL,
  PRIMARY KEY (tenant_id, staff_id)
);
SELECT divide('staff');

-- Who changed what, in the transaction that changed it.
CREATE TABLE audit (
  tenant_id uuid NOT NULL DEFAULT current_tenant(),
  audit_id  bigint GENERATED ALWAYS AS IDENTITY, -- for order only; not dense, and no cursor
  at        bigint NOT NULL,
  actor     text NOT NULL,
  action    text NOT NULL,
  subject   text NOT NULL,
  detail    text NOT NULL,            -- JSON, never a secret
  PRIMARY KEY (tenant_id, audit_id)
);
SELECT divide('audit');
