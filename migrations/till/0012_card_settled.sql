-- Projection: what else is known of a card payment.
-- What the terminal had done last before it was asked, and what it promised before the line went quiet.
ALTER TABLE card_payment ADD COLUMN baseline TEXT;
ALTER TABLE card_payment ADD COLUMN promised TEXT CHECK (promised IS NULL OR json_valid(promised));
-- Who was signed in when it was asked for.
ALTER TABLE card_payment ADD COLUMN asked_by BLOB CHECK (asked_by IS NULL OR length(asked_by) = 16);
-- A person said how it ended: who, when and why.
ALTER TABLE card_payment ADD COLUMN is_manual INTEGER NOT NULL DEFAULT 0 CHECK (is_manual IN (0, 1));
ALTER TABLE card_payment ADD COLUMN settled_by BLOB CHECK (settled_by IS NULL OR length(settled_by) = 16);
ALTER TABLE card_payment ADD COLUMN settled_at INTEGER;
ALTER TABLE card_payment ADD COLUMN note TEXT;
-- The latest word that cannot be true beside what is known.
ALTER TABLE card_payment ADD COLUMN denied TEXT CHECK (denied IS NULL OR json_valid(denied));
-- The terminal's code for not giving it back.
ALTER TABLE card_payment ADD COLUMN void_refused TEXT;
-- How it was given back without the terminal's word.
ALTER TABLE card_payment ADD COLUMN returned TEXT;
-- The bank's code of the transaction it was paid by: one transaction pays one sale.
ALTER TABLE card_payment ADD COLUMN proof TEXT;
-- Why a person should look at it, while they should.
ALTER TABLE card_payment ADD COLUMN open_reason TEXT;

UPDATE card_payment SET proof = upper(json_extract(state, '$.approval.authorisation_code'))
    WHERE json_extract(state, '$.state') = 'approved';
UPDATE card_payment SET open_reason = 'not_counted'
    WHERE json_extract(state, '$.state') = 'approved' AND is_counted = 0;
UPDATE card_payment SET open_reason = 'in_doubt' WHERE json_extract(state, '$.state') = 'uncertain';

CREATE INDEX card_payment_by_proof ON card_payment (proof) WHERE proof IS NOT NULL;
CREATE INDEX card_payment_open ON card_payment (payment_no) WHERE open_reason IS NOT NULL;

-- Of the card payments of a session, what people entered or settled; and cash handed back beside its sales.
ALTER TABLE register_session ADD COLUMN manual_cards INTEGER NOT NULL DEFAULT 0;
ALTER TABLE register_session ADD COLUMN manual_card_minor INTEGER NOT NULL DEFAULT 0;
ALTER TABLE register_session ADD COLUMN returned_minor INTEGER NOT NULL DEFAULT 0;

-- Projection: batches closed at a terminal from here, and the last payment that was asked for before.
CREATE TABLE card_batch (
    batch_no           INTEGER PRIMARY KEY,
    terminal           TEXT    NOT NULL,
    closed_at          INTEGER NOT NULL,
    through_payment_no INTEGER NOT NULL
) STRICT;
