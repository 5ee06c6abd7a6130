-- Merges of pull requests that are tried on a branch of the bot's own.

CREATE TABLE trial (
  repo     TEXT NOT NULL,
  number   INTEGER NOT NULL,
  n        INTEGER NOT NULL,                       -- which try of it this is
  actor    TEXT NOT NULL,
  asked_at TEXT NOT NULL,
  sha      TEXT NOT NULL DEFAULT '',               -- the merge, empty before there is one
  head     TEXT NOT NULL DEFAULT '',               -- what was merged, and with what
  base     TEXT NOT NULL DEFAULT '',
  begun_at TEXT NOT NULL DEFAULT '',
  verdict  TEXT NOT NULL DEFAULT '',               -- what is said at its end, empty before that
  PRIMARY KEY (repo, number)
) STRICT;
CREATE INDEX trial_sha ON trial (sha);
