-- Calls of an attempt that have no known price: what it cost is not known then, and never nothing.

ALTER TABLE attempt ADD COLUMN unpriced INTEGER NOT NULL DEFAULT 0;
