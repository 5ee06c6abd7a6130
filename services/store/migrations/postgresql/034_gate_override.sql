-- What a maintainer has said of a person's pull request: a need that it names does not count for this commit of it.
CREATE TABLE gate_override (
  repo   text COLLATE "C" NOT NULL,
  number bigint NOT NULL,
  need   text COLLATE "C" NOT NULL,        -- as the gate names it
  sha    text COLLATE "C" NOT NULL,
  actor  text COLLATE "C" NOT NULL,
  why    text COLLATE "C" NOT NULL,
  at     text COLLATE "C" NOT NULL,
  PRIMARY KEY (repo, number, need)
);
