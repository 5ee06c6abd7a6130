-- Order of arrival in a column of its own, for runs and effects: other databases have no rowid.

CREATE TABLE new_run (
  seq         INTEGER PRIMARY KEY,             -- order of creation
  id          TEXT NOT NULL UNIQUE,            -- <owner>/<name>-<number>-r<n>
  plan_id     TEXT NOT NULL REFERENCES plan (id),
  state       TEXT NOT NULL,
  actor       TEXT NOT NULL,
  approver    TEXT NOT NULL,
  plan        BLOB NOT NULL,                   -- the approved Plan, JSON
  started_at  TEXT NOT NULL,
  finished_at TEXT
) STRICT;
INSERT INTO new_run SELECT rowid, id, plan_id, state, actor, approver, plan, started_at, finished_at FROM run;
DROP TABLE run;
ALTER TABLE new_run RENAME TO run;
CREATE INDEX run_plan ON run (plan_id);
CREATE INDEX run_live ON run (state) WHERE state IN ('running', 'paused', 'failed');

CREATE TABLE new_outbox (
  seq        INTEGER PRIMARY KEY,              -- order of creation
  key        TEXT NOT NULL UNIQUE,             -- run/task/attempt/effect
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
INSERT INTO new_outbox
  SELECT rowid, key, run_id, action, state, tries, due, note, log, created_at, settled_at FROM outbox;
DROP TABLE outbox;
ALTER TABLE new_outbox RENAME TO outbox;
CREATE INDEX outbox_open ON outbox (due) WHERE state <> 'done';
CREATE INDEX outbox_run ON outbox (run_id);
