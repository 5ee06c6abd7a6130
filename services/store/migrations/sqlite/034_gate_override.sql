-- What a maintainer has said of a person's pull request: a need that it names does not count for this commit of it.
CREATE TABLE gate_override (
  repo   TEXT NOT NULL,
  number INTEGER NOT NULL,
  need   TEXT NOT NULL,                        -- as the gate names it
  sha    TEXT NOT NULL,
  actor  TEXT NOT NULL,
  why    TEXT NOT NULL,
  at     TEXT NOT NULL,
  PRIMARY KEY (repo, number, need)
) STRICT;
