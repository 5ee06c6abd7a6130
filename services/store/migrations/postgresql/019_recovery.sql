-- Repairs of failed checks: one row each, with what came of it.

CREATE TABLE recovery (
  run_id    text COLLATE "C" NOT NULL,
  task      text COLLATE "C" NOT NULL,
  n         bigint NOT NULL,               -- which repair of the task it is
  plan_id   text COLLATE "C" NOT NULL,
  at        text COLLATE "C" NOT NULL,
  strategy  text COLLATE "C" NOT NULL,
  class     text COLLATE "C" NOT NULL,
  signature text COLLATE "C" NOT NULL,                  -- of the first failure that it was made for
  outcome   text COLLATE "C" NOT NULL,                  -- worked, failed, superseded; empty while nobody knows
  PRIMARY KEY (run_id, task, n)
);
CREATE INDEX recovery_plan ON recovery (plan_id);
