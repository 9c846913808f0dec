-- When a till last said that everything it wrote is proved to be here: what it was promised before and is not here by then, it
-- never handed over.
ALTER TABLE device ADD COLUMN all_sent_at INTEGER;
