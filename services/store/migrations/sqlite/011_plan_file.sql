-- The file of the repository in which a plan stands, empty where it is the issue itself.
ALTER TABLE plan ADD COLUMN file TEXT NOT NULL DEFAULT '';
