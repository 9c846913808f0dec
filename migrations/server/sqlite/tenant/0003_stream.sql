-- What devices follow: dense numbers per stream, handed out under that stream's one counter row.

CREATE TABLE stream_head (
  stream TEXT PRIMARY KEY,
  seq    INTEGER NOT NULL,
  hash   BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE stream_item (
  stream TEXT NOT NULL REFERENCES stream_head,
  seq    INTEGER NOT NULL,
  hash   BLOB NOT NULL,               -- rolling, over every item up to and with this one
  key    TEXT NOT NULL,
  line   TEXT NOT NULL,               -- as sent, byte for byte
  PRIMARY KEY (stream, seq)
) STRICT, WITHOUT ROWID;
