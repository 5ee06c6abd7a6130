-- How far the groups of a run are: by name, with the heads that were let go.
ALTER TABLE run ADD COLUMN barriers bytea NOT NULL DEFAULT '\x7b7d'; -- JSON
