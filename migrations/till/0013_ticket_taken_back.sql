-- Projection: hand-overs taken back here. The first word stands.
CREATE TABLE redemption_undo (
    redemption_id BLOB PRIMARY KEY CHECK (length(redemption_id) = 16),
    ticket_id     TEXT    NOT NULL,
    undone_at     INTEGER NOT NULL,
    staff_id      BLOB CHECK (staff_id IS NULL OR length(staff_id) = 16)
) STRICT, WITHOUT ROWID;
CREATE INDEX redemption_undo_by_ticket ON redemption_undo (ticket_id);

-- Projection: tickets withdrawn here. The first word stands.
CREATE TABLE ticket_void (
    ticket_id TEXT PRIMARY KEY,
    voided_at INTEGER NOT NULL,
    staff_id  BLOB CHECK (staff_id IS NULL OR length(staff_id) = 16),
    reason    TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- Working state: both as the venue stream tells; this till's own come back in it.
CREATE TABLE heard_undo (
    redemption_id BLOB PRIMARY KEY CHECK (length(redemption_id) = 16),
    ticket_id     TEXT NOT NULL,
    body          TEXT NOT NULL CHECK (json_valid(body))
) STRICT, WITHOUT ROWID;
CREATE INDEX heard_undo_by_ticket ON heard_undo (ticket_id);
CREATE TABLE heard_void (
    ticket_id TEXT PRIMARY KEY,
    body      TEXT NOT NULL CHECK (json_valid(body))
) STRICT, WITHOUT ROWID;

-- Who else sells in a venue: asked with every ticket, while a company may have very many tills.
CREATE INDEX register_by_venue ON register (json_extract(body, '$.venue_id'));
CREATE INDEX device_by_register ON device (json_extract(body, '$.register_id'));
