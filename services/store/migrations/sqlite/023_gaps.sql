-- Deliveries that GitHub has sent and that did not come: how far its log was compared, and what was found.

CREATE TABLE checked (
  id    INTEGER PRIMARY KEY,                   -- 1
  until TEXT NOT NULL                          -- by GitHub's clock
) STRICT;
CREATE TABLE blind (
  began     TEXT PRIMARY KEY,
  ended     TEXT NOT NULL,
  missed    INTEGER NOT NULL,
  recovered INTEGER NOT NULL,
  unseen    INTEGER NOT NULL                   -- 1: the log does not reach back so far
) STRICT;
CREATE INDEX inbox_guid ON inbox (guid);
