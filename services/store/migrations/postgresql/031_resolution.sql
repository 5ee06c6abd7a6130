-- How attempts have resolved conflicts, a hunk a row.

CREATE TABLE resolution (
  repo    text COLLATE "C" NOT NULL,           -- in lower case
  id      text COLLATE "C" NOT NULL,           -- of the hunk
  sha     text COLLATE "C" NOT NULL,           -- the commit it is in; known once that has merged
  run_id  text COLLATE "C" NOT NULL,
  task    text COLLATE "C" NOT NULL,
  attempt bigint NOT NULL,
  at      text COLLATE "C" NOT NULL,
  body    bytea NOT NULL,                      -- its lines, JSON
  PRIMARY KEY (repo, id, sha)
);
CREATE INDEX resolution_at ON resolution (at);
CREATE INDEX resolution_repo ON resolution (repo, at);
