-- What was put into a drawer, paid out of it and taken to the safe while its session was open.
ALTER TABLE register_session ADD COLUMN paid_in_minor INTEGER NOT NULL DEFAULT 0;
ALTER TABLE register_session ADD COLUMN paid_out_minor INTEGER NOT NULL DEFAULT 0;
ALTER TABLE register_session ADD COLUMN dropped_minor INTEGER NOT NULL DEFAULT 0;
