-- In which order batches were counted, so that everything can be counted again in that order and come to the same.
CREATE TABLE turn (
  turn      INTEGER PRIMARY KEY,
  chain     BLOB NOT NULL,
  branch    INTEGER NOT NULL,
  first_seq INTEGER NOT NULL,
  last_seq  INTEGER NOT NULL
) STRICT;

-- Those kept aside, to be looked at again by a newer program.
CREATE INDEX event_aside ON event (chain, seq, branch) WHERE disposition = 'quarantined';
