-- What head office says of a flag: somebody looked, and it is dealt with. A decision and no projection: it is not
-- rebuilt from events, and it names the flag by what the flag is of, so that counting again changes nothing about it.

CREATE TABLE flag_settlement (
  chain      BLOB NOT NULL,
  branch     INTEGER NOT NULL,
  seq        INTEGER NOT NULL,
  code       TEXT NOT NULL,
  settled_at INTEGER NOT NULL,
  settled_by TEXT NOT NULL,           -- who, at head office
  note       TEXT NOT NULL,
  PRIMARY KEY (chain, branch, seq, code)
) STRICT, WITHOUT ROWID;
CREATE INDEX flag_settlement_by_time ON flag_settlement (settled_at);
