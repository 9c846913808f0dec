-- In which order batches were counted, so that everything can be counted again in that order and come to the same.
CREATE TABLE turn (
  tenant_id uuid NOT NULL DEFAULT current_tenant(),
  turn      bigint GENERATED ALWAYS AS IDENTITY, -- for order only; not dense, and no cursor
  chain     uuid NOT NULL,
  branch    bigint NOT NULL,
  first_seq bigint NOT NULL,
  last_seq  bigint NOT NULL,
  PRIMARY KEY (tenant_id, turn)
);
SELECT divide('turn');

-- Those kept aside, to be looked at again by a newer program.
CREATE INDEX event_aside ON event (tenant_id, chain, seq, branch) WHERE disposition = 'quarantined';
