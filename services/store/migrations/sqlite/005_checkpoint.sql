-- What an attempt has finished, so that it goes on from there after a crash; and what retention has cleared already.

CREATE TABLE checkpoint (
  run_id  TEXT NOT NULL,
  task    TEXT NOT NULL,
  fence   INTEGER NOT NULL,
  step    TEXT NOT NULL,                       -- begun, worktree, agent, commit, verify, push
  attempt INTEGER NOT NULL,
  at      TEXT NOT NULL,                       -- when the step ended
  seconds REAL NOT NULL,                       -- how long it took
  data    BLOB NOT NULL,                       -- small, JSON
  size    INTEGER NOT NULL,                    -- bytes of what the blob holds or held
  blob    BLOB,                                -- zstd: a log, a commit; NULL when there is none, or no longer
  PRIMARY KEY (run_id, task, fence, step)
) STRICT;
CREATE INDEX checkpoint_blobs ON checkpoint (at) WHERE blob IS NOT NULL;

CREATE TABLE cleared (
  run_id      TEXT NOT NULL,
  what        TEXT NOT NULL,                   -- logs, steps
  finished_at TEXT NOT NULL,                   -- of the run when it was cleared: one that went on is cleared again
  PRIMARY KEY (run_id, what)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_over ON run (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX command_at ON command (at);
