-- The issue in which an owner's plans are shown, over all repositories.

CREATE TABLE dashboard (
  owner    TEXT PRIMARY KEY,                   -- in lower case
  repo     TEXT NOT NULL,                      -- where it stands
  begun_at TEXT NOT NULL,
  number   INTEGER NOT NULL DEFAULT 0,         -- 0 before it is known
  shown    TEXT NOT NULL DEFAULT ''            -- digest of its text
) STRICT;
