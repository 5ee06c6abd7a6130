-- Whose delivery it is, where several processes share the work; one process alone does not ask.
ALTER TABLE inbox ADD COLUMN shard INTEGER NOT NULL DEFAULT 0;
