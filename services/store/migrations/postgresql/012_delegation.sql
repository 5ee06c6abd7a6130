-- What a person may do in somebody else's name, for one text of a plan.

CREATE TABLE delegation (
  plan_id text COLLATE "C" NOT NULL REFERENCES plan (id),
  login   text COLLATE "C" NOT NULL,           -- lower case
  hash    text COLLATE "C" NOT NULL,           -- of the text it was given for
  body    bytea NOT NULL,                      -- Delegation, JSON
  PRIMARY KEY (plan_id, login)
);
