-- Working state: products numbered up to here are found by the index of words. Those after it came many at a time and are
-- looked through one by one until it has theirs as well.
CREATE TABLE words_mark (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    through_no INTEGER NOT NULL
) STRICT;
INSERT INTO words_mark SELECT 1, coalesce(max(product_no), 0) FROM product;
