-- Where several people have to approve a plan: who has so far, and which text.
ALTER TABLE plan ADD COLUMN approvals BLOB NOT NULL DEFAULT x'5b5d'; -- JSON
