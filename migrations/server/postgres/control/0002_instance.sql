-- Which set of databases this is, and how often a server on it has beaten. The same is noted beside each server, so that
-- a copy put in its place is not taken for it.

CREATE TABLE instance (
  instance_id bigint PRIMARY KEY CHECK (instance_id = 1),
  name        bytea NOT NULL,
  beats       bigint NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON instance TO barra_app;
