-- Which set of databases this is, and how often a server on it has beaten. The same is noted outside the directory, so
-- that a copy put in its place is not taken for it.

CREATE TABLE instance (
  instance_id INTEGER PRIMARY KEY CHECK (instance_id = 1),
  name        BLOB NOT NULL,
  beats       INTEGER NOT NULL
) STRICT;
