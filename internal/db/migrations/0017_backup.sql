-- Copies that were made, and restore drills with their signed results.
CREATE TABLE copies (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('data','keys')),
  name TEXT NOT NULL,
  made_at BIGINT NOT NULL,
  bytes BIGINT NOT NULL,
  entries BIGINT NOT NULL
);
CREATE INDEX copies_made ON copies (kind, made_at);
CREATE TABLE drills (
  id TEXT PRIMARY KEY,
  at BIGINT NOT NULL,
  account TEXT NOT NULL,
  good BOOLEAN NOT NULL,
  report TEXT NOT NULL,
  note TEXT NOT NULL
);
CREATE INDEX drills_at ON drills (at);
