-- Pull requests of people that name others with Depends-On.

CREATE TABLE gate (
  repo   text COLLATE "C" NOT NULL,
  number bigint NOT NULL,
  shown  text COLLATE "C" NOT NULL,        -- digest of its head and of what its check says, empty for none
  PRIMARY KEY (repo, number)
);
CREATE TABLE gate_need (
  key    text COLLATE "C" NOT NULL,        -- wait key of the pull request that has to merge first
  repo   text COLLATE "C" NOT NULL,
  number bigint NOT NULL,
  PRIMARY KEY (key, repo, number)
);
CREATE INDEX gate_need_place ON gate_need (repo, number);
