-- Breaches of personal data (PDPA s.37(4)).
CREATE TABLE breaches (
  id TEXT PRIMARY KEY,
  agency TEXT NOT NULL,
  activity TEXT NOT NULL,
  drill BOOLEAN NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('reported','aware','assessed','notified','closed','dismissed')),
  kinds TEXT NOT NULL,
  channel TEXT NOT NULL,
  subject_key TEXT NOT NULL,
  description BYTEA NOT NULL,
  occurred_from BIGINT NOT NULL,
  occurred_to BIGINT NOT NULL,
  reported_by TEXT NOT NULL,
  reported_at BIGINT NOT NULL,
  aware_by TEXT NOT NULL DEFAULT '',
  aware_at BIGINT NOT NULL DEFAULT 0,
  risk TEXT NOT NULL DEFAULT '' CHECK (risk IN ('','none','risk','high')),
  assessment TEXT NOT NULL DEFAULT '{}',
  impact TEXT NOT NULL DEFAULT '{}',
  assessed_by TEXT NOT NULL DEFAULT '',
  confirmed_by TEXT NOT NULL DEFAULT '',
  notified_at BIGINT NOT NULL DEFAULT 0,
  late_reason TEXT NOT NULL DEFAULT '',
  subjects_at BIGINT NOT NULL DEFAULT 0,
  subjects_n BIGINT NOT NULL DEFAULT 0,
  closed_at BIGINT NOT NULL DEFAULT 0,
  lessons TEXT NOT NULL DEFAULT '',
  version BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX breaches_state ON breaches (state, aware_at);
CREATE TABLE breach_events (
  id TEXT PRIMARY KEY,
  breach_id TEXT NOT NULL,
  at BIGINT NOT NULL,
  kind TEXT NOT NULL,
  actor TEXT NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX breach_events_of ON breach_events (breach_id, id);
