-- Where the database is, as its own server names it; a copy restored into another place is somewhere else.

ALTER TABLE instance ADD COLUMN place text;
