-- Where the database is, as its own server names it; a copy restored into another place is somewhere else. Files have none.

ALTER TABLE instance ADD COLUMN place TEXT;
