-- For several processes on one database.

CREATE TABLE shard (
  id    bigint PRIMARY KEY,                    -- 0 to 63
  epoch bigint NOT NULL DEFAULT 0,             -- grows whenever somebody takes it: whoever had it before decides nothing more
  clean bigint NOT NULL DEFAULT 1              -- the last holder let go of it in good order
);
INSERT INTO shard (id) SELECT generate_series(0, 63);

CREATE TABLE result (
  key    text COLLATE "C" PRIMARY KEY,                   -- of the attempt's effect
  holder text COLLATE "C" NOT NULL,                     -- the worker that carries it out now
  body   bytea                                 -- Told, JSON; NULL until it is told
);
