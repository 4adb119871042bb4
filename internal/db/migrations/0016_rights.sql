-- The people's side: whose cases a request is about, its answer as a letter, proofs of
-- identity; the notice of a breach and the list of a round as letters; gates that a breach
-- closes; inspections.
ALTER TABLE rights_requests ADD COLUMN letter_id TEXT NOT NULL DEFAULT '';
ALTER TABLE rights_requests ADD COLUMN issuer TEXT NOT NULL DEFAULT '';
ALTER TABLE rights_requests ADD COLUMN level TEXT NOT NULL DEFAULT '';
CREATE TABLE rights_cases (
  request_id TEXT NOT NULL,
  case_id TEXT NOT NULL,
  case_reference TEXT NOT NULL,
  case_subject TEXT NOT NULL,
  PRIMARY KEY (request_id, case_id)
);
INSERT INTO rights_cases (request_id, case_id, case_reference, case_subject) SELECT id, case_id, case_reference, case_subject FROM rights_requests;
CREATE INDEX rights_cases_case ON rights_cases (case_id);
CREATE TABLE restrictions_by_request (
  subject TEXT NOT NULL,
  section TEXT NOT NULL,
  request_id TEXT NOT NULL,
  since BIGINT NOT NULL,
  PRIMARY KEY (subject, request_id)
);
INSERT INTO restrictions_by_request (subject, section, request_id, since) SELECT subject, section, request_id, since FROM restrictions;
DROP TABLE restrictions;
ALTER TABLE restrictions_by_request RENAME TO restrictions;
CREATE TABLE identity_codes (
  id TEXT PRIMARY KEY,
  way TEXT NOT NULL CHECK (way IN ('email','phone')),
  digest BYTEA NOT NULL,
  contact BYTEA NOT NULL,
  lang TEXT NOT NULL,
  site TEXT NOT NULL,
  code_hash BYTEA,
  attempts BIGINT NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX identity_codes_expires ON identity_codes (expires_at);
ALTER TABLE breaches ADD COLUMN letter_id TEXT NOT NULL DEFAULT '';
ALTER TABLE breaches ADD COLUMN supplement_id TEXT NOT NULL DEFAULT '';
CREATE TABLE gates (
  name TEXT PRIMARY KEY,
  closed_at BIGINT NOT NULL,
  closed_by TEXT NOT NULL,
  reason TEXT NOT NULL,
  breach_id TEXT NOT NULL
);
ALTER TABLE rounds ADD COLUMN archives_letter_id TEXT NOT NULL DEFAULT '';
CREATE TABLE burials (
  digest BYTEA PRIMARY KEY,
  at BIGINT NOT NULL
);
CREATE TABLE inspections (
  id TEXT PRIMARY KEY,
  activity TEXT NOT NULL,
  agency TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open','reported','signed')),
  period_from BIGINT NOT NULL,
  period_to BIGINT NOT NULL,
  inspector TEXT NOT NULL,
  ground TEXT NOT NULL,
  revision_id TEXT NOT NULL,
  worklist TEXT NOT NULL,
  report TEXT NOT NULL DEFAULT '{}',
  opened_at BIGINT NOT NULL,
  reported_at BIGINT NOT NULL DEFAULT 0,
  signed_at BIGINT NOT NULL DEFAULT 0,
  signature BYTEA,
  version BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX inspections_of ON inspections (activity, signed_at);
CREATE TABLE inspection_points (
  inspection_id TEXT NOT NULL,
  no BIGINT NOT NULL,
  text TEXT NOT NULL,
  owner TEXT NOT NULL,
  due_at BIGINT NOT NULL,
  done_at BIGINT NOT NULL DEFAULT 0,
  done_by TEXT NOT NULL DEFAULT '',
  done_text TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (inspection_id, no)
);
CREATE INDEX inspection_points_due ON inspection_points (due_at) WHERE done_at = 0;
CREATE INDEX attachments_blob ON attachments (blob);
CREATE INDEX cases_due ON cases (agency, id, destroy_at) WHERE destroy_at > 0;
