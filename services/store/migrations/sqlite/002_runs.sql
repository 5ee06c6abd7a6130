-- Plans, runs and everything a run must remember. A wait is a row: nothing runs while a task waits.

CREATE TABLE plan (
  id            TEXT PRIMARY KEY,              -- owner/name#number
  repo          TEXT NOT NULL,
  number        INTEGER NOT NULL,
  title         TEXT NOT NULL,
  hash          TEXT NOT NULL,                 -- of the newest text that reads as a plan, '' while it has errors
  parsed        BLOB NOT NULL,                 -- Parsed, JSON
  author        TEXT NOT NULL,
  issue_id      TEXT NOT NULL,
  approved_hash TEXT NOT NULL DEFAULT '',
  approved_by   TEXT NOT NULL DEFAULT '',
  approved_at   TEXT NOT NULL DEFAULT '',
  changed_at    TEXT NOT NULL,                 -- when the hash last changed
  edits         INTEGER NOT NULL DEFAULT 0     -- how often it has, from one good text to another
) STRICT;

CREATE TABLE run (
  id          TEXT PRIMARY KEY,                -- <owner>/<name>-<number>-r<n>
  plan_id     TEXT NOT NULL REFERENCES plan (id),
  state       TEXT NOT NULL,
  actor       TEXT NOT NULL,
  approver    TEXT NOT NULL,
  plan        BLOB NOT NULL,                   -- the approved Plan, JSON
  started_at  TEXT NOT NULL,
  finished_at TEXT
) STRICT;
CREATE INDEX run_plan ON run (plan_id);
CREATE INDEX run_live ON run (state) WHERE state IN ('running', 'paused', 'failed');

CREATE TABLE task (
  run_id   TEXT NOT NULL REFERENCES run (id),
  id       TEXT NOT NULL,
  position INTEGER NOT NULL,
  state    TEXT NOT NULL,
  data     BLOB NOT NULL,                      -- TaskState, JSON
  PRIMARY KEY (run_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE wait (
  key    TEXT NOT NULL,                        -- pull:owner/name#n, check:owner/name@sha, issue:owner/name#n
  run_id TEXT NOT NULL,
  task   TEXT NOT NULL,
  PRIMARY KEY (key, run_id, task)
) STRICT, WITHOUT ROWID;
CREATE INDEX wait_task ON wait (run_id, task);

CREATE TABLE event (
  seq     INTEGER PRIMARY KEY AUTOINCREMENT,
  plan_id TEXT NOT NULL,
  run_id  TEXT NOT NULL,
  task    TEXT NOT NULL,
  at      TEXT NOT NULL,
  kind    TEXT NOT NULL,
  before  TEXT NOT NULL,
  after   TEXT NOT NULL,
  actor   TEXT NOT NULL,
  text    TEXT NOT NULL
) STRICT;
CREATE INDEX event_plan ON event (plan_id, seq);

CREATE TABLE outbox (
  key        TEXT PRIMARY KEY,                 -- run/task/attempt/effect
  run_id     TEXT NOT NULL,
  action     BLOB NOT NULL,                    -- Action, JSON
  state      TEXT NOT NULL,                    -- waiting, doing, done
  tries      INTEGER NOT NULL DEFAULT 0,
  due        TEXT NOT NULL,
  note       TEXT NOT NULL DEFAULT '',
  log        TEXT NOT NULL DEFAULT '',         -- the end of an attempt's output, for people
  created_at TEXT NOT NULL,
  settled_at TEXT
) STRICT;
CREATE INDEX outbox_open ON outbox (due) WHERE state <> 'done';
CREATE INDEX outbox_run ON outbox (run_id);

CREATE TABLE sticky (
  repo       TEXT NOT NULL,
  number     INTEGER NOT NULL,
  comment_id TEXT NOT NULL,
  body_hash  TEXT NOT NULL,
  answers    BLOB NOT NULL,                    -- the newest answers to commands, JSON
  wanted     INTEGER NOT NULL DEFAULT 0,       -- grows with every change that is to be shown
  shown      INTEGER NOT NULL DEFAULT 0,       -- how far the comment has come
  PRIMARY KEY (repo, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX sticky_behind ON sticky (repo) WHERE shown < wanted;

CREATE TABLE command (
  comment_id TEXT PRIMARY KEY,                 -- a command is carried out once, however often its webhook comes
  at         TEXT NOT NULL
) STRICT, WITHOUT ROWID;
