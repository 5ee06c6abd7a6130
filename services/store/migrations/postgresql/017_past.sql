-- Merged tasks and the words each is found by (core/similar.py), counted by repository.

CREATE TABLE past_repo (
  id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  repo  text COLLATE "C" NOT NULL UNIQUE,      -- lower case
  tasks bigint NOT NULL
);
CREATE TABLE past_task (
  repo_id bigint NOT NULL REFERENCES past_repo (id),
  ordinal bigint NOT NULL,                     -- the how-manieth of its repository
  key     text COLLATE "C" NOT NULL,           -- what it was recorded as, so that it is recorded once
  number  bigint NOT NULL,                     -- its pull request, 0 for none
  title   text COLLATE "C" NOT NULL,
  paths   bytea NOT NULL,                      -- JSON
  PRIMARY KEY (repo_id, ordinal)
);
CREATE UNIQUE INDEX past_task_key ON past_task (repo_id, key);
CREATE TABLE past_word (
  repo_id bigint NOT NULL REFERENCES past_repo (id),
  word    text COLLATE "C" NOT NULL,
  tasks   bigint NOT NULL,                     -- in how many it stands
  PRIMARY KEY (repo_id, word)
);
CREATE TABLE past_posting (
  repo_id bigint NOT NULL REFERENCES past_repo (id),
  word    text COLLATE "C" NOT NULL,
  ordinal bigint NOT NULL,
  weight  double precision NOT NULL,
  PRIMARY KEY (repo_id, word, ordinal) INCLUDE (weight)
);
