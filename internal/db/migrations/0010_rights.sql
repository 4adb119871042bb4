-- Requests of people about their data (PDPA ss.19, 30 to 36, 73).
CREATE TABLE rights_requests (
  id TEXT PRIMARY KEY,
  reference TEXT NOT NULL UNIQUE,
  agency TEXT NOT NULL,
  activity TEXT NOT NULL,
  right_code TEXT NOT NULL,
  channel TEXT NOT NULL CHECK (channel IN ('web','counter','mail','letter')),
  lang TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('received','identified','decided','executed','answered','closed','withdrawn')),
  subject_key TEXT NOT NULL,
  statement BYTEA NOT NULL,
  case_id TEXT NOT NULL,
  case_reference TEXT NOT NULL,
  case_subject TEXT NOT NULL,
  revision_id TEXT NOT NULL,
  identity TEXT NOT NULL DEFAULT '',
  identity_at BIGINT NOT NULL DEFAULT 0,
  received_at BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  law_due_at BIGINT NOT NULL,
  outcome TEXT NOT NULL DEFAULT '' CHECK (outcome IN ('','granted','partly','refused')),
  ground TEXT NOT NULL DEFAULT '',
  reasons TEXT NOT NULL DEFAULT '',
  manifest TEXT NOT NULL DEFAULT '[]',
  decided_by TEXT NOT NULL DEFAULT '',
  decided_at BIGINT NOT NULL DEFAULT 0,
  executed_at BIGINT NOT NULL DEFAULT 0,
  answered_at BIGINT NOT NULL DEFAULT 0,
  closed_at BIGINT NOT NULL DEFAULT 0,
  tracking_hash BYTEA NOT NULL,
  version BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX rights_requests_due ON rights_requests (agency, due_at) WHERE state NOT IN ('closed','withdrawn');
CREATE INDEX rights_requests_case ON rights_requests (case_id);
CREATE TABLE rights_events (
  id TEXT PRIMARY KEY,
  request_id TEXT NOT NULL,
  at BIGINT NOT NULL,
  kind TEXT NOT NULL,
  actor TEXT NOT NULL,
  public BOOLEAN NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX rights_events_of ON rights_events (request_id, id);
-- Whose data may not be used for now (ss.32 and 34).
CREATE TABLE restrictions (
  subject TEXT PRIMARY KEY,
  section TEXT NOT NULL,
  request_id TEXT NOT NULL,
  since BIGINT NOT NULL
);
