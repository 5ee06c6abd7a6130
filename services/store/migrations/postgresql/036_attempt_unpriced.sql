-- Calls of an attempt that have no known price: what it cost is not known then, and never nothing.

ALTER TABLE attempt ADD COLUMN unpriced bigint NOT NULL DEFAULT 0;
