-- Where a run was begun, as a traceparent, so that what is done for it later is in the same trace.
ALTER TABLE run ADD COLUMN trace TEXT NOT NULL DEFAULT '';
