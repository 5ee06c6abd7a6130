-- Who comes in: people who signed in with GitHub, tokens for programs, and the commands given that way.

CREATE TABLE signing_in (
  state    text COLLATE "C" PRIMARY KEY,                   -- hash of what GitHub hands back
  browser  text COLLATE "C" NOT NULL,                      -- hash of the cookie of whoever began
  verifier text COLLATE "C" NOT NULL,                      -- of PKCE
  next     text COLLATE "C" NOT NULL,                      -- path of ours to go on to
  until    text COLLATE "C" NOT NULL
);
CREATE TABLE session (
  id    text COLLATE "C" PRIMARY KEY,                      -- hash of the cookie
  login text COLLATE "C" NOT NULL,
  made  text COLLATE "C" NOT NULL,                         -- of this id: it is changed now and then
  until text COLLATE "C" NOT NULL                          -- of the session, however often its id changes
);
CREATE INDEX session_until ON session (until);
CREATE TABLE token (
  id     text COLLATE "C" PRIMARY KEY,                     -- hash of the token, which is shown once
  name   text COLLATE "C" NOT NULL,
  login  text COLLATE "C" NOT NULL,
  scopes text COLLATE "C" NOT NULL,                        -- words, with spaces between
  made   text COLLATE "C" NOT NULL,
  until  text COLLATE "C" NOT NULL,
  UNIQUE (login, name)
);
CREATE TABLE request (
  id      text COLLATE "C" PRIMARY KEY,                    -- GUID of its delivery in the inbox
  at      text COLLATE "C" NOT NULL,
  login   text COLLATE "C" NOT NULL,
  via     text COLLATE "C" NOT NULL,                       -- a page, or the name of a token
  repo    text COLLATE "C" NOT NULL,
  number  bigint  NOT NULL,
  command text COLLATE "C" NOT NULL,
  why     text COLLATE "C" NOT NULL,
  state   text COLLATE "C" NOT NULL,                       -- waiting, done, refused
  answer  text COLLATE "C" NOT NULL
);
CREATE INDEX request_at ON request (at, id);
