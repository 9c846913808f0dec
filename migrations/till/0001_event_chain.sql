-- The truth: facts as they were written, in the chain of the run that wrote them.

-- Working state: whose till this is. One row, or none before enrolment.
CREATE TABLE enrolment (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    body TEXT NOT NULL CHECK (json_valid(body))
) STRICT;

-- One row per run that wrote anything. The head is where the next event goes on.
CREATE TABLE chain (
    chain_no    INTEGER PRIMARY KEY,
    chain_id    BLOB    NOT NULL UNIQUE CHECK (length(chain_id) = 16),
    before_hash BLOB    NOT NULL CHECK (length(before_hash) = 32),
    head_seq    INTEGER NOT NULL CHECK (head_seq >= 0),
    head_hash   BLOB    NOT NULL CHECK (length(head_hash) = 32),
    hlc         INTEGER NOT NULL,
    first_up_ms INTEGER NOT NULL,
    last_up_ms  INTEGER NOT NULL
) STRICT;

CREATE TABLE event (
    event_no INTEGER PRIMARY KEY,
    chain_no INTEGER NOT NULL REFERENCES chain (chain_no),
    seq      INTEGER NOT NULL CHECK (seq >= 1),
    hash     BLOB    NOT NULL CHECK (length(hash) = 32),
    line     TEXT    NOT NULL,
    UNIQUE (chain_no, seq)
) STRICT;

CREATE TRIGGER event_is_never_changed BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'an event is never changed'); END;
CREATE TRIGGER event_is_never_deleted BEFORE DELETE ON event
BEGIN SELECT RAISE(ABORT, 'an event is never deleted'); END;

-- Working state: how far the server's streams were applied when the next event is written.
CREATE TABLE seen (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    catalog_seq INTEGER NOT NULL,
    venue_seq   INTEGER NOT NULL
) STRICT;
INSERT INTO seen VALUES (1, 0, 0);

-- Projection: wrong PINs per person. Where the lock began, so that only time this till lived through counts.
CREATE TABLE pin_guard (
    staff_id      BLOB PRIMARY KEY CHECK (length(staff_id) = 16),
    wrong         INTEGER NOT NULL,
    locked_until  INTEGER,
    lock_chain_no INTEGER,
    lock_up_ms    INTEGER,
    CHECK ((locked_until IS NULL) = (lock_chain_no IS NULL) AND (locked_until IS NULL) = (lock_up_ms IS NULL))
) STRICT, WITHOUT ROWID;
