-- The record beside what is observed: reports that were made, and drift that was accepted for a time.
CREATE TABLE truth_reports (
  id TEXT PRIMARY KEY,
  at BIGINT NOT NULL,
  percent BIGINT NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX truth_reports_at ON truth_reports (at);
CREATE TABLE truth_exceptions (
  id TEXT PRIMARY KEY,
  activity TEXT NOT NULL,
  field TEXT NOT NULL,
  class TEXT NOT NULL,
  reason TEXT NOT NULL,
  until_at BIGINT NOT NULL,
  granted_by TEXT NOT NULL,
  granted_at BIGINT NOT NULL
);
CREATE INDEX truth_exceptions_until ON truth_exceptions (until_at);
