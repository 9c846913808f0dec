-- A question about a ticket names company and ticket, and this index began with the company as well: on a table that was small
-- when the plan was made it was taken for as good as the ticket's own, and read all promises of the night for each question. The
-- last condition is always true, and said only by those who ask by decision.
DROP INDEX claim_by_decision;
CREATE INDEX claim_by_decision ON claim (tenant_id, decided_after) WHERE is_accepted = 1 AND decided_after IS NOT NULL;
