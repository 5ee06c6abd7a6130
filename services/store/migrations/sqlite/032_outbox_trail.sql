-- What is known of something that GitHub has no key for: told, taken, looked for; JSON, '' for all else.
ALTER TABLE outbox ADD COLUMN trail TEXT NOT NULL DEFAULT '';
