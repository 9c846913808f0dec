-- What head office says of a flag: somebody looked, and it is dealt with. A decision and no projection: it is not
-- rebuilt from events, and it names the flag by what the flag is of, so that counting again changes nothing about it.

CREATE TABLE flag_settlement (
  tenant_id  uuid NOT NULL DEFAULT current_tenant(),
  chain      uuid NOT NULL,
  branch     bigint NOT NULL,
  seq        bigint NOT NULL,
  code       text NOT NULL,
  settled_at bigint NOT NULL,
  settled_by text NOT NULL,           -- who, at head office
  note       text NOT NULL,
  PRIMARY KEY (tenant_id, chain, branch, seq, code)
);
CREATE INDEX flag_settlement_by_time ON flag_settlement (tenant_id, settled_at);
SELECT divide('flag_settlement');
