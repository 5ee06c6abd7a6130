-- Bodies of GitHub's answers, so that a restart can ask whether they still hold instead of for all of them anew.

CREATE TABLE cache (
  key      text COLLATE "C" PRIMARY KEY,       -- SHA-256 of who reads, what and in which form
  etag     text COLLATE "C" NOT NULL,
  next     text COLLATE "C" NOT NULL,          -- path of the next page, empty for none
  modified text COLLATE "C" NOT NULL,          -- Last-Modified, empty for none
  used_at  text COLLATE "C" NOT NULL,          -- when it was last known to hold
  size     bigint NOT NULL,                    -- bytes of the body as it is stored
  body     bytea NOT NULL                      -- zstd
);
CREATE INDEX cache_used ON cache (used_at);
