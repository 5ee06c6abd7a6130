-- Merges of pull requests that are tried on a branch of the bot's own.

CREATE TABLE trial (
  repo     text COLLATE "C" NOT NULL,
  number   bigint NOT NULL,
  n        bigint NOT NULL,                        -- which try of it this is
  actor    text COLLATE "C" NOT NULL,
  asked_at text COLLATE "C" NOT NULL,
  sha      text COLLATE "C" NOT NULL DEFAULT '',   -- the merge, empty before there is one
  head     text COLLATE "C" NOT NULL DEFAULT '',   -- what was merged, and with what
  base     text COLLATE "C" NOT NULL DEFAULT '',
  begun_at text COLLATE "C" NOT NULL DEFAULT '',
  verdict  text COLLATE "C" NOT NULL DEFAULT '',   -- what is said at its end, empty before that
  PRIMARY KEY (repo, number)
);
CREATE INDEX trial_sha ON trial (sha);
