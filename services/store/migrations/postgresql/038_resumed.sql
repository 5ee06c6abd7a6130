-- When a run last went on that people had held back: until then nothing of it has waited.
ALTER TABLE run ADD COLUMN resumed_at text COLLATE "C";
