-- Only open effects are looked for by their run; a log is found by its key.
DROP INDEX outbox_open;
DROP INDEX outbox_run;
CREATE INDEX outbox_open ON outbox (run_id) WHERE state <> 'done';
