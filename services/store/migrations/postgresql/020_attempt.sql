-- What became of each attempt, and which model made it: what choosing a model and looking for patterns go by.

CREATE TABLE attempt (
  run_id    text COLLATE "C" NOT NULL,
  task      text COLLATE "C" NOT NULL,
  attempt   bigint NOT NULL,
  plan_id   text COLLATE "C" NOT NULL,
  owner     text COLLATE "C" NOT NULL,         -- lower case; nothing is learned from another owner's
  repo      text COLLATE "C" NOT NULL,         -- lower case
  at        text COLLATE "C" NOT NULL,
  agent     text COLLATE "C" NOT NULL,
  tier      text COLLATE "C" NOT NULL DEFAULT '', -- empty where none was chosen
  model     text COLLATE "C" NOT NULL DEFAULT '',
  is_after  bigint NOT NULL DEFAULT 0,         -- another tier had failed at the task
  is_again  bigint NOT NULL DEFAULT 0,         -- the same tier goes on, told what failed
  came      text COLLATE "C" NOT NULL DEFAULT '',
  passed    bigint,                            -- its checks; NULL: nobody knows
  good      bigint,                            -- it stayed as it was merged; NULL: nobody knows
  cost      bigint NOT NULL DEFAULT 0,         -- as in the ledger
  class     text COLLATE "C" NOT NULL DEFAULT '', -- of what failed last
  signature text COLLATE "C" NOT NULL DEFAULT '',
  rounds    bigint NOT NULL DEFAULT 0,         -- repairs of its checks
  pull      bigint NOT NULL DEFAULT 0,         -- that it was merged with
  body      bytea NOT NULL DEFAULT '{}',       -- Chosen, JSON
  PRIMARY KEY (run_id, task, attempt)
);
CREATE INDEX attempt_owner ON attempt (owner, at);
CREATE INDEX attempt_pull ON attempt (repo, pull) WHERE pull <> 0;
CREATE INDEX attempt_at ON attempt (at);

ALTER TABLE ledger ADD COLUMN attempt bigint NOT NULL DEFAULT 0;
ALTER TABLE ledger ADD COLUMN repo text COLLATE "C" NOT NULL DEFAULT ''; -- lower case
ALTER TABLE ledger ADD COLUMN told bigint;                   -- what an agent's own program says that it cost
CREATE INDEX ledger_repo ON ledger (repo, at) WHERE repo <> '';
