-- Where several people have to approve a plan: who has so far, and which text.
ALTER TABLE plan ADD COLUMN approvals bytea NOT NULL DEFAULT '\x5b5d'; -- JSON
