-- One row, written by each model call before it asks the budgets: calls that begin at the same time take turns, in all
-- processes.

CREATE TABLE ledger_turn (
  calls bigint NOT NULL
);
INSERT INTO ledger_turn (calls) VALUES (0);
