-- What tills asked before they handed over, and what they were told: decisions, not projections, so that asking again gets
-- the same answer. A promise counts against its ticket until its event is here, or its till says that it never handed over.

CREATE TABLE claim (
  tenant_id       uuid NOT NULL DEFAULT current_tenant(),
  redemption_id   uuid NOT NULL,
  ticket_id       text NOT NULL,
  device_id       uuid NOT NULL,
  venue_id        uuid NOT NULL,
  staff_id        uuid,
  asked_at        bigint NOT NULL,    -- by this server's clock
  lines           text NOT NULL,      -- JSON
  decision        text NOT NULL,      -- JSON, as it was answered
  is_accepted     bigint NOT NULL,
  decided_after   text NOT NULL,      -- the batch counted last by then, so that all can be counted again in that order
  withdrawn_after text,               -- the same of when it was withdrawn
  PRIMARY KEY (tenant_id, redemption_id)
);
CREATE INDEX claim_by_ticket ON claim (tenant_id, ticket_id) WHERE is_accepted = 1 AND withdrawn_after IS NULL;
CREATE INDEX claim_by_decision ON claim (tenant_id, decided_after) WHERE is_accepted = 1;
CREATE INDEX claim_by_withdrawal ON claim (tenant_id, withdrawn_after) WHERE withdrawn_after IS NOT NULL;
SELECT divide('claim');

-- From what is odd about a hand-over to the hand-over.
CREATE INDEX redemption_by_cause ON redemption (tenant_id, cause);
