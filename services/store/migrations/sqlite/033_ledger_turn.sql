-- One row, written by each model call before it asks the budgets: calls that begin at the same time take turns, in all
-- processes.

CREATE TABLE ledger_turn (
  calls INTEGER NOT NULL
) STRICT;
INSERT INTO ledger_turn (calls) VALUES (0);
