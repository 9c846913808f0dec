-- The machines, the codes they enrol with, and the nonces they have used.

CREATE TABLE device (
  tenant_id             uuid NOT NULL DEFAULT current_tenant(),
  device_id             uuid NOT NULL,
  device_no             bigint NOT NULL,
  register_id           uuid NOT NULL,
  venue_id              uuid NOT NULL,
  name                  text NOT NULL,
  description           text NOT NULL DEFAULT '',
  public_key            bytea,
  certificate_body      text,
  certificate_signature bytea,
  created_at            bigint NOT NULL,
  enrolled_at           bigint,
  revoked_at            bigint,
  last_contact_at       bigint,
  unsent_events         bigint NOT NULL DEFAULT 0,
  CONSTRAINT "device.device_id" PRIMARY KEY (tenant_id, device_id),
  CONSTRAINT "device.device_no" UNIQUE (tenant_id, device_no)
) WITH (fillfactor = 50);             -- being heard of changes it
SELECT divide('device');

CREATE TABLE enrolment_code (
  tenant_id  uuid NOT NULL DEFAULT current_tenant(),
  selector   text COLLATE "C" NOT NULL,
  device_id  uuid NOT NULL,
  code_hash  bytea NOT NULL,
  expires_at bigint NOT NULL,
  tries      bigint NOT NULL DEFAULT 0,
  used_at    bigint,
  PRIMARY KEY (tenant_id, selector),
  FOREIGN KEY (tenant_id, device_id) REFERENCES device
);
SELECT divide('enrolment_code');

CREATE TABLE nonce (
  tenant_id    uuid NOT NULL DEFAULT current_tenant(),
  device_id    uuid NOT NULL,
  nonce        text COLLATE "C" NOT NULL,
  content_hash bytea NOT NULL,
  seen_at      bigint NOT NULL,
  PRIMARY KEY (tenant_id, device_id, nonce)
);
CREATE INDEX nonce_by_time ON nonce (tenant_id, seen_at);
SELECT divide('nonce');
