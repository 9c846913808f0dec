-- As the other database needs it; here it changes nothing.
DROP INDEX claim_by_decision;
CREATE INDEX claim_by_decision ON claim (decided_after) WHERE is_accepted = 1 AND decided_after IS NOT NULL;
