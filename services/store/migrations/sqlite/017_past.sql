-- Merged tasks and the words each is found by (core/similar.py), counted by repository.

CREATE TABLE past_repo (
  id    INTEGER PRIMARY KEY,
  repo  TEXT NOT NULL UNIQUE,                  -- lower case
  tasks INTEGER NOT NULL
) STRICT;
CREATE TABLE past_task (
  repo_id INTEGER NOT NULL REFERENCES past_repo (id),
  ordinal INTEGER NOT NULL,                    -- the how-manieth of its repository
  key     TEXT NOT NULL,                       -- what it was recorded as, so that it is recorded once
  number  INTEGER NOT NULL,                    -- its pull request, 0 for none
  title   TEXT NOT NULL,
  paths   BLOB NOT NULL,                       -- JSON
  PRIMARY KEY (repo_id, ordinal)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX past_task_key ON past_task (repo_id, key);
CREATE TABLE past_word (
  repo_id INTEGER NOT NULL REFERENCES past_repo (id),
  word    TEXT NOT NULL,
  tasks   INTEGER NOT NULL,                    -- in how many it stands
  PRIMARY KEY (repo_id, word)
) STRICT, WITHOUT ROWID;
CREATE TABLE past_posting (
  repo_id INTEGER NOT NULL REFERENCES past_repo (id),
  word    TEXT NOT NULL,
  ordinal INTEGER NOT NULL,
  weight  REAL NOT NULL,
  PRIMARY KEY (repo_id, word, ordinal)
) STRICT, WITHOUT ROWID;
