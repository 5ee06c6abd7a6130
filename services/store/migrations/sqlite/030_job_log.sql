-- What is looked at of the logs of CI's jobs that failed. A job's log never changes.

CREATE TABLE job_log (
  repo  TEXT NOT NULL,                         -- in lower case
  id    TEXT NOT NULL,                         -- of the job, and so of its check run
  at    TEXT NOT NULL,
  lines BLOB NOT NULL,                         -- Log, JSON, zstd
  PRIMARY KEY (repo, id)
) STRICT;
CREATE INDEX job_log_at ON job_log (at);
