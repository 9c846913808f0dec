-- Redemptions are told to a venue's tills so that nobody hands over twice. Once a ticket opens nothing any more and a
-- month has passed, tills need not know of it; here it stays.

ALTER TABLE redemption ADD COLUMN valid_until bigint;    -- days since 1970-01-01; null when nobody could tell
ALTER TABLE redemption ADD COLUMN heard_at bigint;       -- by this server's clock, at the round after
ALTER TABLE redemption ADD COLUMN forgotten_at bigint;   -- when tills were told to
CREATE INDEX redemption_to_forget ON redemption (tenant_id, heard_at) WHERE forgotten_at IS NULL;
