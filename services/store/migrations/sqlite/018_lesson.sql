-- What people had to ask of pull requests, for later tasks of the same repository.

CREATE TABLE lesson (
  id    TEXT PRIMARY KEY,                      -- made of the repository and the text
  repo  TEXT NOT NULL,                         -- lower case
  state TEXT NOT NULL,                         -- proposed, active, vetoed, retired
  uses  INTEGER NOT NULL,                      -- attempts that were told of it
  at    TEXT NOT NULL,
  body  BLOB NOT NULL                          -- Lesson, JSON
) STRICT, WITHOUT ROWID;

CREATE INDEX lesson_of_repo ON lesson (repo, state, at);
