-- Card payments that a person should look at: `report` is how a payment stands and who said so, not only the last word.
UPDATE card_payment SET report = replace(report, '"says":', '"state":')
  WHERE says IN ('approved', 'declined', 'not_started');
UPDATE card_payment SET report = '{"state":"uncertain"}' WHERE says = 'uncertain';
UPDATE card_payment SET report = '{"state":"in_progress","progress":"sent"}' WHERE says = 'requested';

ALTER TABLE card_payment ADD COLUMN is_counted INTEGER NOT NULL DEFAULT 0;  -- a sale was paid with it
ALTER TABLE card_payment ADD COLUMN open_reason TEXT;                       -- why a person should look, while they should
CREATE INDEX card_payment_open ON card_payment (requested_at) WHERE open_reason IS NOT NULL;
