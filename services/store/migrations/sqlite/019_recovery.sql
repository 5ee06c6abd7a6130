-- Repairs of failed checks: one row each, with what came of it.

CREATE TABLE recovery (
  run_id    TEXT NOT NULL,
  task      TEXT NOT NULL,
  n         INTEGER NOT NULL,               -- which repair of the task it is
  plan_id   TEXT NOT NULL,
  at        TEXT NOT NULL,
  strategy  TEXT NOT NULL,
  class     TEXT NOT NULL,
  signature TEXT NOT NULL,                  -- of the first failure that it was made for
  outcome   TEXT NOT NULL,                  -- worked, failed, superseded; empty while nobody knows
  PRIMARY KEY (run_id, task, n)
) STRICT;
CREATE INDEX recovery_plan ON recovery (plan_id);
