-- Which attempts were told of which lessons, and which were not so that there is something to compare with.

CREATE TABLE lesson_use (
  lesson  TEXT NOT NULL,
  run_id  TEXT NOT NULL,
  task    TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  told    INTEGER NOT NULL,                         -- 0: held back from it
  at      TEXT NOT NULL,
  PRIMARY KEY (lesson, run_id, task, attempt)
) STRICT, WITHOUT ROWID;
CREATE INDEX lesson_use_at ON lesson_use (at);
CREATE INDEX attempt_repo ON attempt (repo, at);
CREATE INDEX attempt_plan ON attempt (plan_id);
