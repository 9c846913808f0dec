-- Working state: paper that is to come out. queued → sending → confirmed, once the printer said that it printed; → sent,
-- when it took everything and cannot say; → unknown, when bytes may have left and nobody knows what became of them. What
-- is unknown stays so until a person has looked: settled. Nothing in doubt comes out again by itself.
CREATE TABLE print_job_next (
    job_id       INTEGER PRIMARY KEY,
    document     TEXT    NOT NULL CHECK (json_valid(document)),
    sale_id      BLOB CHECK (sale_id IS NULL OR length(sale_id) = 16),
    copy_no      INTEGER NOT NULL DEFAULT 0,
    opens_drawer INTEGER NOT NULL CHECK (opens_drawer IN (0, 1)),
    state        TEXT    NOT NULL DEFAULT 'queued'
        CHECK (state IN ('queued', 'sending', 'sent', 'confirmed', 'unknown', 'settled')),
    tries        INTEGER NOT NULL DEFAULT 0,
    why          TEXT,
    queued_at    INTEGER NOT NULL
) STRICT;
INSERT INTO print_job_next (job_id, document, sale_id, copy_no, opens_drawer, state, tries, why, queued_at)
    SELECT job_id, document, sale_id, copy_no, opens_drawer, state, tries, why, queued_at FROM print_job;
DROP TABLE print_job;
ALTER TABLE print_job_next RENAME TO print_job;
CREATE INDEX print_job_open ON print_job (job_id) WHERE state IN ('queued', 'sending', 'unknown');
CREATE INDEX print_job_by_sale ON print_job (sale_id)
    WHERE sale_id IS NOT NULL AND state IN ('queued', 'sending', 'unknown');

-- Working state: which printer takes the queue. A choice of people, so it outlives a restart.
CREATE TABLE printer_choice (
    only_row   INTEGER PRIMARY KEY CHECK (only_row = 1),
    uses_spare INTEGER NOT NULL CHECK (uses_spare IN (0, 1))
) STRICT;
