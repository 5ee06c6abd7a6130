-- What became of each attempt, and which model made it: what choosing a model and looking for patterns go by.

CREATE TABLE attempt (
  run_id    TEXT NOT NULL,
  task      TEXT NOT NULL,
  attempt   INTEGER NOT NULL,
  plan_id   TEXT NOT NULL,
  owner     TEXT NOT NULL,                     -- lower case; nothing is learned from another owner's
  repo      TEXT NOT NULL,                     -- lower case
  at        TEXT NOT NULL,
  agent     TEXT NOT NULL,
  tier      TEXT NOT NULL DEFAULT '',          -- empty where none was chosen
  model     TEXT NOT NULL DEFAULT '',
  is_after  INTEGER NOT NULL DEFAULT 0,        -- another tier had failed at the task
  is_again  INTEGER NOT NULL DEFAULT 0,        -- the same tier goes on, told what failed
  came      TEXT NOT NULL DEFAULT '',
  passed    INTEGER,                           -- its checks; NULL: nobody knows
  good      INTEGER,                           -- it stayed as it was merged; NULL: nobody knows
  cost      INTEGER NOT NULL DEFAULT 0,        -- as in the ledger
  class     TEXT NOT NULL DEFAULT '',          -- of what failed last
  signature TEXT NOT NULL DEFAULT '',
  rounds    INTEGER NOT NULL DEFAULT 0,        -- repairs of its checks
  pull      INTEGER NOT NULL DEFAULT 0,        -- that it was merged with
  body      BLOB NOT NULL DEFAULT x'7b7d',     -- Chosen, JSON
  PRIMARY KEY (run_id, task, attempt)
) STRICT, WITHOUT ROWID;
CREATE INDEX attempt_owner ON attempt (owner, at);
CREATE INDEX attempt_pull ON attempt (repo, pull) WHERE pull <> 0;
CREATE INDEX attempt_at ON attempt (at);

ALTER TABLE ledger ADD COLUMN attempt INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ledger ADD COLUMN repo TEXT NOT NULL DEFAULT ''; -- lower case
ALTER TABLE ledger ADD COLUMN told INTEGER;                  -- what an agent's own program says that it cost
CREATE INDEX ledger_repo ON ledger (repo, at) WHERE repo <> '';
