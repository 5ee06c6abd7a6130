-- The issue in which an owner's plans are shown, over all repositories.

CREATE TABLE dashboard (
  owner    text COLLATE "C" PRIMARY KEY,       -- in lower case
  repo     text COLLATE "C" NOT NULL,          -- where it stands
  begun_at text COLLATE "C" NOT NULL,
  number   bigint NOT NULL DEFAULT 0,          -- 0 before it is known
  shown    text COLLATE "C" NOT NULL DEFAULT ''  -- digest of its text
);
