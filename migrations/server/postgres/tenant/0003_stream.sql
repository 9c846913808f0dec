-- What devices follow: dense numbers per stream, handed out under that stream's one counter row. A sequence would show
-- later numbers before earlier ones whenever the earlier writer commits later, and a reader would never come back.

CREATE TABLE stream_head (
  tenant_id uuid NOT NULL DEFAULT current_tenant(),
  stream    text COLLATE "C" NOT NULL,
  seq       bigint NOT NULL,
  hash      bytea NOT NULL,
  PRIMARY KEY (tenant_id, stream)
) WITH (fillfactor = 50);             -- updated in place, at every commit that has news
SELECT divide('stream_head');

-- No reference to stream_head: its row is held by whoever writes here.
CREATE TABLE stream_item (
  tenant_id uuid NOT NULL DEFAULT current_tenant(),
  stream    text COLLATE "C" NOT NULL,
  seq       bigint NOT NULL,
  hash      bytea NOT NULL,           -- rolling, over every item up to and with this one
  key       text NOT NULL,
  line      text NOT NULL,            -- as sent, byte for byte
  PRIMARY KEY (tenant_id, stream, seq)
);
SELECT divide('stream_item');
