-- Which attempts were told of which lessons, and which were not so that there is something to compare with.

CREATE TABLE lesson_use (
  lesson  text COLLATE "C" NOT NULL,
  run_id  text COLLATE "C" NOT NULL,
  task    text COLLATE "C" NOT NULL,
  attempt bigint NOT NULL,
  told    bigint NOT NULL,                         -- 0: held back from it
  at      text COLLATE "C" NOT NULL,
  PRIMARY KEY (lesson, run_id, task, attempt)
);
CREATE INDEX lesson_use_at ON lesson_use (at);
CREATE INDEX attempt_repo ON attempt (repo, at);
CREATE INDEX attempt_plan ON attempt (plan_id);
