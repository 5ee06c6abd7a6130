-- Where a repair was made, so that what has helped in a repository is known there.

ALTER TABLE recovery ADD COLUMN repo text COLLATE "C" NOT NULL DEFAULT '';  -- lower case
CREATE INDEX recovery_repo ON recovery (repo, at);
