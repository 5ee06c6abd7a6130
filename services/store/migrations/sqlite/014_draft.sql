-- Plans that a model was asked for.

CREATE TABLE draft (
  plan_id TEXT NOT NULL,
  n       INTEGER NOT NULL,                    -- 1 for the first of an issue
  state   TEXT NOT NULL,                       -- asked, written, posted, failed, void
  data    BLOB NOT NULL,                       -- Draft, JSON
  PRIMARY KEY (plan_id, n)
) STRICT;
CREATE INDEX draft_open ON draft (plan_id) WHERE state IN ('asked', 'written');

-- Which draft a plan's text is, 0 where it is the issue's own or a file's, and who had asked for it.
ALTER TABLE plan ADD COLUMN draft INTEGER NOT NULL DEFAULT 0;
ALTER TABLE plan ADD COLUMN asked_by TEXT NOT NULL DEFAULT '';
