CREATE TABLE secrets (
  name TEXT PRIMARY KEY,
  wrapped BYTEA NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE TABLE cohorts (
  year BIGINT PRIMARY KEY,
  wrapped BYTEA,
  created_at BIGINT NOT NULL,
  destroyed_at BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE subjects (
  id TEXT PRIMARY KEY,
  cohort BIGINT NOT NULL,
  wrapped BYTEA NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE TABLE shredded (
  id TEXT PRIMARY KEY,
  at BIGINT NOT NULL
);
