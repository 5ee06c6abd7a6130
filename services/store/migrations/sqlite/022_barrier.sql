-- How far the groups of a run are: by name, with the heads that were let go.
ALTER TABLE run ADD COLUMN barriers BLOB NOT NULL DEFAULT x'7b7d'; -- JSON
