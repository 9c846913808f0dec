-- Projection: tickets this till gave out.
CREATE TABLE ticket (
    ticket_no    INTEGER PRIMARY KEY,
    ticket_id    TEXT    NOT NULL UNIQUE,
    serial       INTEGER NOT NULL,
    sale_no      INTEGER NOT NULL,
    display_code TEXT    NOT NULL,
    code         TEXT    NOT NULL
) STRICT;
CREATE INDEX ticket_by_display_code ON ticket (display_code);
CREATE INDEX ticket_by_sale ON ticket (sale_no);

-- Projection: what this till handed over.
CREATE TABLE redemption (
    redemption_id BLOB PRIMARY KEY CHECK (length(redemption_id) = 16),
    ticket_id     TEXT    NOT NULL,
    business_date TEXT    NOT NULL,
    redeemed_at   INTEGER NOT NULL,
    staff_id      BLOB CHECK (staff_id IS NULL OR length(staff_id) = 16),
    lines         TEXT    NOT NULL CHECK (json_valid(lines)),
    code          TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX redemption_by_ticket ON redemption (ticket_id);

-- Working state: what the venue's tills handed over, as the venue stream tells; this till's own come back in it.
CREATE TABLE heard_redemption (
    redemption_id BLOB PRIMARY KEY CHECK (length(redemption_id) = 16),
    ticket_id     TEXT NOT NULL,
    body          TEXT NOT NULL CHECK (json_valid(body))
) STRICT, WITHOUT ROWID;
CREATE INDEX heard_redemption_by_ticket ON heard_redemption (ticket_id);
