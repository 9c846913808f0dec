-- Working state: paper that is to come out. queued → sending → sent; a job found in `sending` at a start may have left
-- bytes behind, so it comes out again as a copy.
CREATE TABLE print_job (
    job_id       INTEGER PRIMARY KEY,
    document     TEXT    NOT NULL CHECK (json_valid(document)),
    sale_id      BLOB CHECK (sale_id IS NULL OR length(sale_id) = 16),
    copy_no      INTEGER NOT NULL DEFAULT 0,
    opens_drawer INTEGER NOT NULL CHECK (opens_drawer IN (0, 1)),
    state        TEXT    NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sending', 'sent')),
    tries        INTEGER NOT NULL DEFAULT 0,
    why          TEXT,
    queued_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX print_job_waiting ON print_job (job_id) WHERE state <> 'sent';
CREATE INDEX print_job_by_sale ON print_job (sale_id) WHERE sale_id IS NOT NULL AND state <> 'sent';
