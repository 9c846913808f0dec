-- What tills asked before they handed over, and what they were told: decisions, not projections, so that asking again gets
-- the same answer. A promise counts against its ticket until its event is here, or its till says that it never handed over.

CREATE TABLE claim (
  redemption_id   BLOB PRIMARY KEY,
  ticket_id       TEXT NOT NULL,
  device_id       BLOB NOT NULL,
  venue_id        BLOB NOT NULL,
  staff_id        BLOB,
  asked_at        INTEGER NOT NULL,   -- by this server's clock
  lines           TEXT NOT NULL,      -- JSON
  decision        TEXT NOT NULL,      -- JSON, as it was answered
  is_accepted     INTEGER NOT NULL,
  decided_after   TEXT NOT NULL,      -- the batch counted last by then, so that all can be counted again in that order
  withdrawn_after TEXT                -- the same of when it was withdrawn
) STRICT, WITHOUT ROWID;
CREATE INDEX claim_by_ticket ON claim (ticket_id) WHERE is_accepted = 1 AND withdrawn_after IS NULL;
CREATE INDEX claim_by_decision ON claim (decided_after) WHERE is_accepted = 1;
CREATE INDEX claim_by_withdrawal ON claim (withdrawn_after) WHERE withdrawn_after IS NOT NULL;

-- From what is odd about a hand-over to the hand-over.
CREATE INDEX redemption_by_cause ON redemption (cause);
