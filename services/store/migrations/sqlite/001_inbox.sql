-- Every delivery that was answered with 202. The unique key turns a redelivery, which keeps its GUID, into nothing.
CREATE TABLE inbox (
    id          INTEGER PRIMARY KEY,                          -- order of arrival
    hook_id     TEXT NOT NULL,
    guid        TEXT NOT NULL,
    event       TEXT NOT NULL,
    received_at TEXT NOT NULL,                                -- UTC, fixed width
    size        INTEGER NOT NULL,                             -- bytes of the body as GitHub sent it
    body        BLOB,                                         -- zstd; NULL once retention has dropped it
    outcome     TEXT CHECK (outcome IN ('handled', 'failed', 'ignored')), -- NULL while it waits
    note        TEXT NOT NULL DEFAULT '',
    UNIQUE (hook_id, guid)
);
CREATE INDEX inbox_waiting ON inbox (id) WHERE outcome IS NULL;
CREATE INDEX inbox_bodies ON inbox (received_at) WHERE body IS NOT NULL;
