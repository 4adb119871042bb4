-- Whose kind of data a key seals: who keeps subjects of a kind sweeps its orphans.
ALTER TABLE subjects ADD COLUMN kind TEXT NOT NULL DEFAULT '';
