-- What a plan said when it was approved, so that an edit can be told.
ALTER TABLE plan ADD COLUMN approved_text BLOB; -- JSON
