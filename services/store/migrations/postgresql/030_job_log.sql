-- What is looked at of the logs of CI's jobs that failed. A job's log never changes.

CREATE TABLE job_log (
  repo  text COLLATE "C" NOT NULL,             -- in lower case
  id    text COLLATE "C" NOT NULL,             -- of the job, and so of its check run
  at    text COLLATE "C" NOT NULL,
  lines bytea NOT NULL,                        -- Log, JSON, zstd
  PRIMARY KEY (repo, id)
);
CREATE INDEX job_log_at ON job_log (at);
