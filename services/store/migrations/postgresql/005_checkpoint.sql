-- What an attempt has finished, so that it goes on from there after a crash; and what retention has cleared already.

CREATE TABLE checkpoint (
  run_id  text COLLATE "C" NOT NULL,
  task    text COLLATE "C" NOT NULL,
  fence   bigint NOT NULL,
  step    text COLLATE "C" NOT NULL,           -- begun, worktree, agent, commit, verify, push
  attempt bigint NOT NULL,
  at      text COLLATE "C" NOT NULL,           -- when the step ended
  seconds double precision NOT NULL,           -- how long it took
  data    bytea NOT NULL,                      -- small, JSON
  size    bigint NOT NULL,                     -- bytes of what the blob holds or held
  blob    bytea,                               -- zstd: a log, a commit; NULL when there is none, or no longer
  PRIMARY KEY (run_id, task, fence, step)
);
ALTER TABLE checkpoint ALTER COLUMN blob SET STORAGE EXTERNAL; -- it is packed already
CREATE INDEX checkpoint_blobs ON checkpoint (at) WHERE blob IS NOT NULL;

CREATE TABLE cleared (
  run_id      text COLLATE "C" NOT NULL,
  what        text COLLATE "C" NOT NULL,       -- logs, steps
  finished_at text COLLATE "C" NOT NULL,       -- of the run when it was cleared: one that went on is cleared again
  PRIMARY KEY (run_id, what)
);
CREATE INDEX run_over ON run (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX command_at ON command (at);
