-- Working state: what the server's log is proved to hold of each chain of this till: its first `proved_seq` events, because
-- both hashes there were equal. A chain without a row was never offered. Lost or wrong, it is proved anew.
CREATE TABLE outbox (
    chain_no     INTEGER PRIMARY KEY REFERENCES chain (chain_no),
    log_id       BLOB    NOT NULL CHECK (length(log_id) = 16),
    proved_seq   INTEGER NOT NULL CHECK (proved_seq >= 0),
    -- The log holds other events under numbers after this one, too. Both are kept, and a person should look, also after
    -- the rest of this chain was proved to be there.
    forked_after INTEGER,
    -- When it last said so; null once it took our branch.
    forked_at    INTEGER CHECK (forked_at IS NULL OR forked_after IS NOT NULL)
) STRICT;

-- Working state: the server as last heard. Chains up to `settled_chain_no` grow no more and are proved whole in `log_id`, so
-- counting what is unsent looks only at those after it.
CREATE TABLE server_contact (
    id               INTEGER PRIMARY KEY CHECK (id = 1),
    log_id           BLOB CHECK (length(log_id) = 16),
    heard_at         INTEGER,
    settled_chain_no INTEGER NOT NULL
) STRICT;
INSERT INTO server_contact VALUES (1, NULL, NULL, 0);

-- Working state: how far each of the server's streams is applied.
CREATE TABLE stream_cursor (
    stream TEXT PRIMARY KEY,
    log_id BLOB    NOT NULL CHECK (length(log_id) = 16),
    seq    INTEGER NOT NULL CHECK (seq >= 0),
    hash   BLOB    NOT NULL CHECK (length(hash) = 32)
) STRICT, WITHOUT ROWID;
