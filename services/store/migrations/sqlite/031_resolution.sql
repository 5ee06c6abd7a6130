-- How attempts have resolved conflicts, a hunk a row.

CREATE TABLE resolution (
  repo    TEXT NOT NULL,                       -- in lower case
  id      TEXT NOT NULL,                       -- of the hunk
  sha     TEXT NOT NULL,                       -- the commit it is in; known once that has merged
  run_id  TEXT NOT NULL,
  task    TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  at      TEXT NOT NULL,
  body    BLOB NOT NULL,                       -- its lines, JSON
  PRIMARY KEY (repo, id, sha)
) STRICT;
CREATE INDEX resolution_at ON resolution (at);
CREATE INDEX resolution_repo ON resolution (repo, at);
