-- Issues that plans are made of: sub-issues, and groups of them.

CREATE TABLE relation (
  plan_id text COLLATE "C" NOT NULL,
  key     text COLLATE "C" NOT NULL,       -- wait key of the issue
  PRIMARY KEY (plan_id, key)
);
CREATE INDEX relation_key ON relation (key);
