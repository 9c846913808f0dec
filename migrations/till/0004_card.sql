-- Projection: card payments, in the order they were asked for. The number makes the key on the terminal's wire.
CREATE TABLE card_payment (
    payment_no   INTEGER PRIMARY KEY,
    payment_id   BLOB    NOT NULL UNIQUE CHECK (length(payment_id) = 16),
    sale_id      BLOB    NOT NULL CHECK (length(sale_id) = 16),
    session_id   BLOB CHECK (session_id IS NULL OR length(session_id) = 16),
    terminal     TEXT    NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    ticket_no    TEXT    NOT NULL,
    requested_at INTEGER NOT NULL,
    state        TEXT    NOT NULL CHECK (json_valid(state)),
    is_settled   INTEGER NOT NULL CHECK (is_settled IN (0, 1)),
    contradicted INTEGER NOT NULL DEFAULT 0,
    -- A completed sale names it among its payments.
    is_counted   INTEGER NOT NULL DEFAULT 0 CHECK (is_counted IN (0, 1))
) STRICT;
CREATE INDEX card_payment_by_sale ON card_payment (sale_id);
CREATE INDEX card_payment_unsettled ON card_payment (payment_no) WHERE is_settled = 0;
-- Few: declined, never started, or taken beside the sale.
CREATE INDEX card_payment_uncounted ON card_payment (requested_at) WHERE is_settled = 1 AND is_counted = 0;
