-- What people had to ask of pull requests, for later tasks of the same repository.

CREATE TABLE lesson (
  id    text COLLATE "C" PRIMARY KEY,          -- made of the repository and the text
  repo  text COLLATE "C" NOT NULL,             -- lower case
  state text COLLATE "C" NOT NULL,             -- proposed, active, vetoed, retired
  uses  bigint NOT NULL,                       -- attempts that were told of it
  at    text COLLATE "C" NOT NULL,
  body  bytea NOT NULL                         -- Lesson, JSON
);

CREATE INDEX lesson_of_repo ON lesson (repo, state, at);
