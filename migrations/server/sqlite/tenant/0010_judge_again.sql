-- What is needed to judge again as it was judged then.

-- Events kept aside that a newer program understood: they were counted then, and not with their batch.
ALTER TABLE turn ADD COLUMN is_replay INTEGER NOT NULL DEFAULT 0 CHECK (is_replay IN (0, 1));

-- What tills had been told of a person when they let them do something.
CREATE INDEX stream_item_of_staff ON stream_item (key, seq) WHERE substr(key, 1, 6) = 'staff/';
