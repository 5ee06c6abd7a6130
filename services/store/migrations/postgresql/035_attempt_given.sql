-- What each attempt was told: which prompt asked it, a hash of what was put into that, and what like its task had merged.

ALTER TABLE attempt ADD COLUMN given bytea NOT NULL DEFAULT '{}'; -- Given, JSON
