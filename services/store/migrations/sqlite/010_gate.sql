-- Pull requests of people that name others with Depends-On.

CREATE TABLE gate (
  repo   TEXT NOT NULL,
  number INTEGER NOT NULL,
  shown  TEXT NOT NULL,                        -- digest of its head and of what its check says, empty for none
  PRIMARY KEY (repo, number)
) STRICT;
CREATE TABLE gate_need (
  key    TEXT NOT NULL,                        -- wait key of the pull request that has to merge first
  repo   TEXT NOT NULL,
  number INTEGER NOT NULL,
  PRIMARY KEY (key, repo, number)
) STRICT;
CREATE INDEX gate_need_place ON gate_need (repo, number);
