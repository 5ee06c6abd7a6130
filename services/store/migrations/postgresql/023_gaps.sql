-- Deliveries that GitHub has sent and that did not come: how far its log was compared, and what was found.

CREATE TABLE checked (
  id    bigint PRIMARY KEY,                    -- 1
  until text COLLATE "C" NOT NULL              -- by GitHub's clock
);
CREATE TABLE blind (
  began     text COLLATE "C" PRIMARY KEY,
  ended     text COLLATE "C" NOT NULL,
  missed    bigint NOT NULL,
  recovered bigint NOT NULL,
  unseen    bigint NOT NULL                    -- 1: the log does not reach back so far
);
CREATE INDEX inbox_guid ON inbox (guid);
