-- Projection: what a terminal gave back, after which of its closes. What was taken in a batch closed by then is in the books
-- of that batch, and what went back in those of the next.
ALTER TABLE card_payment ADD COLUMN given_back_after INTEGER;
CREATE INDEX card_payment_given_back ON card_payment (given_back_after) WHERE given_back_after IS NOT NULL;
