-- Issues that plans are made of: sub-issues, and groups of them.

CREATE TABLE relation (
  plan_id TEXT NOT NULL,
  key     TEXT NOT NULL,                       -- wait key of the issue
  PRIMARY KEY (plan_id, key)
) STRICT;
CREATE INDEX relation_key ON relation (key);
