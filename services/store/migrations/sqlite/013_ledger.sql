-- What every model call took and cost; money in millionths of a millionth of a US dollar, so that sums are exact.

CREATE TABLE ledger (
  id          INTEGER PRIMARY KEY,
  at          TEXT NOT NULL,
  plan_id     TEXT NOT NULL,
  run_id      TEXT NOT NULL,                   -- empty outside of a run
  task        TEXT NOT NULL,                   -- empty where it is about the plan
  purpose     TEXT NOT NULL,                   -- draft, attempt, diagnose
  provider    TEXT NOT NULL,
  model       TEXT NOT NULL,
  state       TEXT NOT NULL,                   -- open, done, failed
  input       INTEGER NOT NULL DEFAULT 0,      -- tokens, with those of the cache
  cache_read  INTEGER NOT NULL DEFAULT 0,
  cache_write INTEGER NOT NULL DEFAULT 0,
  output      INTEGER NOT NULL DEFAULT 0,
  cost        INTEGER,                         -- NULL: nobody knows the price
  held        INTEGER NOT NULL DEFAULT 0,      -- what it may have cost at most, while that is not known
  price       TEXT NOT NULL DEFAULT ''         -- where the price is from
) STRICT;
CREATE INDEX ledger_plan ON ledger (plan_id, run_id, task);
CREATE INDEX ledger_at ON ledger (at);
