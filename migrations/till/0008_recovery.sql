-- What a till needs to know to lose nothing: after its database was restored or its disk cloned, after the server was
-- restored, and before it lets go of anything.

-- Events up to `pruned_seq` were let go of, and the rest is checked from `pruned_hash` on. Events after `put_back_after` were
-- lost here and came back from head office; 0 is a chain that came back whole.
ALTER TABLE chain ADD COLUMN pruned_seq INTEGER NOT NULL DEFAULT 0 CHECK (pruned_seq >= 0);
ALTER TABLE chain ADD COLUMN pruned_hash BLOB CHECK (length(pruned_hash) = 32);
ALTER TABLE chain ADD COLUMN put_back_after INTEGER CHECK (put_back_after >= 0);

-- Proofs are kept per log: a log known before is believed again as far as it was proved.
ALTER TABLE outbox RENAME TO outbox_of_one_log;
CREATE TABLE outbox (
    chain_no     INTEGER NOT NULL REFERENCES chain (chain_no),
    log_id       BLOB    NOT NULL CHECK (length(log_id) = 16),
    proved_seq   INTEGER NOT NULL CHECK (proved_seq >= 0),
    forked_after INTEGER,
    forked_at    INTEGER CHECK (forked_at IS NULL OR forked_after IS NOT NULL),
    PRIMARY KEY (chain_no, log_id)
) STRICT, WITHOUT ROWID;
INSERT INTO outbox SELECT chain_no, log_id, proved_seq, forked_after, forked_at FROM outbox_of_one_log;
DROP TABLE outbox_of_one_log;

ALTER TABLE server_contact ADD COLUMN log_changed_at INTEGER;
ALTER TABLE server_contact ADD COLUMN revoked_at INTEGER;

-- Working state: where a server's log and this till last agreed, per stream and per chain (`chain/<id>`), the last 16 of each.
CREATE TABLE checkpoint (
    checkpoint_no INTEGER PRIMARY KEY,
    name          TEXT    NOT NULL,
    log_id        BLOB    NOT NULL CHECK (length(log_id) = 16),
    seq           INTEGER NOT NULL CHECK (seq >= 0),
    hash          BLOB    NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE INDEX checkpoint_by_name ON checkpoint (name, checkpoint_no);

-- Working state: chains of this till that somebody tells of and this database lacks, wholly or after `held_seq`. `known_seq` is
-- the furthest anybody told. A copy of this till writes chains of its own; they are named here and stay where they are.
CREATE TABLE lost_chain (
    chain_id   BLOB PRIMARY KEY CHECK (length(chain_id) = 16),
    told_by    TEXT    NOT NULL CHECK (told_by IN ('witness', 'server')),
    known_seq  INTEGER NOT NULL CHECK (known_seq >= 1),
    known_hash BLOB    NOT NULL CHECK (length(known_hash) = 32),
    held_seq   INTEGER NOT NULL CHECK (held_seq >= 0),
    is_copy    INTEGER NOT NULL CHECK (is_copy IN (0, 1)),
    found_at   INTEGER NOT NULL,
    put_back   INTEGER NOT NULL DEFAULT 0,
    settled_at INTEGER
) STRICT, WITHOUT ROWID;

-- Working state: numbers a lost run may have given out; none of them is given out again.
CREATE TABLE number_floor (
    id            INTEGER PRIMARY KEY CHECK (id = 1),
    receipt_no    INTEGER NOT NULL,
    ticket_serial INTEGER NOT NULL
) STRICT;
INSERT INTO number_floor VALUES (1, 0, 0);

-- Working state: how far the server's clock was from this one, the last 16 times; `up_ms` is evidence when the wall jumps.
CREATE TABLE time_sample (
    sample_no INTEGER PRIMARY KEY,
    wall_ms   INTEGER NOT NULL,
    up_ms     INTEGER NOT NULL,
    offset_ms INTEGER NOT NULL,
    rtt_ms    INTEGER NOT NULL
) STRICT;

-- Sales that come back may bear a receipt number, and nights a Z number, that was given out again meanwhile. Both count, and
-- both are shown; so the numbers cannot be unique here.
CREATE TABLE sale_of_any_number (
    sale_no        INTEGER PRIMARY KEY,
    sale_id        BLOB    NOT NULL UNIQUE CHECK (length(sale_id) = 16),
    event_no       INTEGER NOT NULL,
    register_id    BLOB    NOT NULL CHECK (length(register_id) = 16),
    session_id     BLOB    NOT NULL CHECK (length(session_id) = 16),
    receipt_no     INTEGER NOT NULL CHECK (receipt_no >= 1),
    business_date  TEXT    NOT NULL,
    completed_at   INTEGER NOT NULL,
    operator       BLOB CHECK (operator IS NULL OR length(operator) = 16),
    currency       TEXT    NOT NULL,
    total_minor    INTEGER NOT NULL,
    tax_minor      INTEGER NOT NULL,
    rounding_minor INTEGER NOT NULL,
    copies         INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO sale_of_any_number SELECT * FROM sale;
DROP TABLE sale;
ALTER TABLE sale_of_any_number RENAME TO sale;
CREATE INDEX sale_by_receipt ON sale (register_id, receipt_no);
DROP INDEX register_session_open;
CREATE INDEX register_session_open ON register_session (register_id, opened_at) WHERE closed_at IS NULL;
DROP INDEX register_session_z;
CREATE INDEX register_session_z ON register_session (register_id, z_number) WHERE z_number IS NOT NULL;

-- Working state: how far a checked backup of the server covers a chain.
CREATE TABLE durable (
    chain_no INTEGER NOT NULL REFERENCES chain (chain_no),
    log_id   BLOB    NOT NULL CHECK (length(log_id) = 16),
    seq      INTEGER NOT NULL CHECK (seq >= 1),
    hash     BLOB    NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (chain_no, log_id)
) STRICT, WITHOUT ROWID;

-- What was let go of, when, and on whose word. Written before the events go; never changed.
CREATE TABLE pruning (
    pruning_no  INTEGER PRIMARY KEY,
    pruned_at   INTEGER NOT NULL,
    chain_no    INTEGER NOT NULL REFERENCES chain (chain_no),
    through_seq INTEGER NOT NULL CHECK (through_seq >= 1),
    hash        BLOB    NOT NULL CHECK (length(hash) = 32),
    log_id      BLOB    NOT NULL CHECK (length(log_id) = 16)
) STRICT;
CREATE TRIGGER pruning_is_never_changed BEFORE UPDATE ON pruning
BEGIN SELECT RAISE(ABORT, 'what was let go of is never rewritten'); END;
CREATE TRIGGER pruning_is_never_deleted BEFORE DELETE ON pruning
BEGIN SELECT RAISE(ABORT, 'what was let go of is never forgotten'); END;

-- The one door: an event goes only below its chain's mark, and the mark moves only to where the server proved to hold the
-- events, a checked backup covers them, and the pruning was written down.
DROP TRIGGER event_is_never_deleted;
CREATE TRIGGER event_is_never_deleted BEFORE DELETE ON event
WHEN OLD.seq > (SELECT pruned_seq FROM chain WHERE chain_no = OLD.chain_no)
BEGIN SELECT RAISE(ABORT, 'an event is never deleted'); END;
CREATE TRIGGER chain_lets_go_of_what_is_safe BEFORE UPDATE OF pruned_seq, pruned_hash ON chain
WHEN NOT (
    NEW.pruned_seq > OLD.pruned_seq
    AND EXISTS (SELECT 1 FROM pruning p JOIN durable d USING (chain_no, log_id) JOIN outbox o USING (chain_no, log_id)
                WHERE p.chain_no = NEW.chain_no AND p.through_seq = NEW.pruned_seq AND p.hash = NEW.pruned_hash
                AND d.seq >= p.through_seq AND o.proved_seq >= p.through_seq)
    AND EXISTS (SELECT 1 FROM event e WHERE e.chain_no = NEW.chain_no AND e.seq = NEW.pruned_seq AND e.hash = NEW.pruned_hash)
)
BEGIN SELECT RAISE(ABORT, 'only what a checked backup holds may go'); END;
