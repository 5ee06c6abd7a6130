-- Who comes in: people who signed in with GitHub, tokens for programs, and the commands given that way.

CREATE TABLE signing_in (
  state    TEXT PRIMARY KEY,                   -- hash of what GitHub hands back
  browser  TEXT NOT NULL,                      -- hash of the cookie of whoever began
  verifier TEXT NOT NULL,                      -- of PKCE
  next     TEXT NOT NULL,                      -- path of ours to go on to
  until    TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE session (
  id    TEXT PRIMARY KEY,                      -- hash of the cookie
  login TEXT NOT NULL,
  made  TEXT NOT NULL,                         -- of this id: it is changed now and then
  until TEXT NOT NULL                          -- of the session, however often its id changes
) STRICT, WITHOUT ROWID;
CREATE INDEX session_until ON session (until);
CREATE TABLE token (
  id     TEXT PRIMARY KEY,                     -- hash of the token, which is shown once
  name   TEXT NOT NULL,
  login  TEXT NOT NULL,
  scopes TEXT NOT NULL,                        -- words, with spaces between
  made   TEXT NOT NULL,
  until  TEXT NOT NULL,
  UNIQUE (login, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE request (
  id      TEXT PRIMARY KEY,                    -- GUID of its delivery in the inbox
  at      TEXT NOT NULL,
  login   TEXT NOT NULL,
  via     TEXT NOT NULL,                       -- a page, or the name of a token
  repo    TEXT NOT NULL,
  number  INTEGER NOT NULL,
  command TEXT NOT NULL,
  why     TEXT NOT NULL,
  state   TEXT NOT NULL,                       -- waiting, done, refused
  answer  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX request_at ON request (at, id);
