-- Bodies of GitHub's answers, so that a restart can ask whether they still hold instead of for all of them anew.

CREATE TABLE cache (
  key      TEXT PRIMARY KEY,                   -- SHA-256 of who reads, what and in which form
  etag     TEXT NOT NULL,
  next     TEXT NOT NULL,                      -- path of the next page, empty for none
  modified TEXT NOT NULL,                      -- Last-Modified, empty for none
  used_at  TEXT NOT NULL,                      -- when it was last known to hold
  size     INTEGER NOT NULL,                   -- bytes of the body as it is stored
  body     BLOB NOT NULL                       -- zstd
) STRICT;
CREATE INDEX cache_used ON cache (used_at);
