-- What came to nothing in an outage is handed out once more: when, how often that was so, and where (whoever goes on
-- there has gone beyond it). It had been known to one process alone.

ALTER TABLE inbox ADD COLUMN lane text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE inbox ADD COLUMN again_at text COLLATE "C" NOT NULL DEFAULT '';   -- '': not
ALTER TABLE inbox ADD COLUMN let_down bigint NOT NULL DEFAULT 0;              -- times
CREATE INDEX inbox_again ON inbox (again_at) WHERE again_at <> '';
