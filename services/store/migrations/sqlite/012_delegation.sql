-- What a person may do in somebody else's name, for one text of a plan.

CREATE TABLE delegation (
  plan_id TEXT NOT NULL REFERENCES plan (id),
  login   TEXT NOT NULL,                       -- lower case
  hash    TEXT NOT NULL,                       -- of the text it was given for
  body    BLOB NOT NULL,                       -- Delegation, JSON
  PRIMARY KEY (plan_id, login)
) STRICT, WITHOUT ROWID;
