-- For several processes on one database; here, where one process is alone, these stay as they are.

CREATE TABLE shard (
  id    INTEGER PRIMARY KEY,                   -- 0 to 63
  epoch INTEGER NOT NULL DEFAULT 0,            -- grows whenever somebody takes it: whoever had it before decides nothing more
  clean INTEGER NOT NULL DEFAULT 1             -- the last holder let go of it in good order
) STRICT;
WITH RECURSIVE number (id) AS (SELECT 0 UNION ALL SELECT id + 1 FROM number WHERE id < 63)
  INSERT INTO shard (id) SELECT id FROM number;

CREATE TABLE result (
  key    TEXT PRIMARY KEY,                     -- of the attempt's effect
  holder TEXT NOT NULL,                        -- the worker that carries it out now
  body   BLOB                                  -- Told, JSON; NULL until it is told
) STRICT, WITHOUT ROWID;
