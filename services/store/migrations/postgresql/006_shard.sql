-- Whose delivery it is, where several processes share the work; one process alone does not ask.
ALTER TABLE inbox ADD COLUMN shard bigint NOT NULL DEFAULT 0;
