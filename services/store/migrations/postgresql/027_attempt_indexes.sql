-- Only attempts of models and those that failed are looked for by owner, repository or plan: the others stand in no index
-- but the one they are let go by.

DROP INDEX attempt_owner;
DROP INDEX attempt_repo;
DROP INDEX attempt_plan;
CREATE INDEX attempt_owner ON attempt (owner, at) WHERE model <> '';
CREATE INDEX attempt_repo ON attempt (repo, at) WHERE model <> '';
CREATE INDEX attempt_plan ON attempt (plan_id) WHERE model <> '';
CREATE INDEX attempt_failed ON attempt (owner, at) WHERE class <> '';
