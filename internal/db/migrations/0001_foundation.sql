-- The body: agencies, sites, people, orders.
CREATE TABLE agencies (
  code TEXT PRIMARY KEY,
  parent TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('ministry','office','division','province','department')),
  body TEXT NOT NULL
);
CREATE TABLE sites (
  host TEXT PRIMARY KEY,
  agency TEXT NOT NULL,
  body TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE TABLE accounts (
  name TEXT PRIMARY KEY,
  display_th TEXT NOT NULL,
  display_en TEXT NOT NULL,
  person TEXT NOT NULL,
  email TEXT NOT NULL,
  agency TEXT NOT NULL,
  roles TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  must_change BOOLEAN NOT NULL,
  totp_sealed BYTEA,
  totp_last BIGINT NOT NULL DEFAULT 0,
  disabled BOOLEAN NOT NULL DEFAULT FALSE,
  version BIGINT NOT NULL DEFAULT 1,
  created_at BIGINT NOT NULL
);
CREATE INDEX accounts_agency ON accounts (agency);
CREATE TABLE recovery_codes (
  account TEXT NOT NULL,
  hash BYTEA NOT NULL,
  used_at BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (account, hash)
);
CREATE TABLE sessions (
  hash BYTEA PRIMARY KEY,
  account TEXT NOT NULL,
  stage TEXT NOT NULL,
  lang TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_account ON sessions (account);
CREATE INDEX sessions_expiry ON sessions (expires_at);
CREATE TABLE tokens (
  hash BYTEA PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  account TEXT NOT NULL,
  label TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL DEFAULT 0,
  revoked_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX tokens_account ON tokens (account);
CREATE TABLE heads (
  id TEXT PRIMARY KEY,
  agency TEXT NOT NULL,
  account TEXT NOT NULL,
  capacity TEXT NOT NULL CHECK (capacity IN ('head','acting','deputy')),
  order_number TEXT NOT NULL,
  from_at BIGINT NOT NULL,
  to_at BIGINT NOT NULL
);
CREATE INDEX heads_agency ON heads (agency);
CREATE INDEX heads_account ON heads (account);
CREATE TABLE positions (
  id TEXT PRIMARY KEY,
  position TEXT NOT NULL,
  account TEXT NOT NULL,
  from_at BIGINT NOT NULL,
  to_at BIGINT NOT NULL
);
CREATE INDEX positions_account ON positions (account);
CREATE TABLE delegations (
  id TEXT PRIMARY KEY,
  number TEXT NOT NULL,
  agency TEXT NOT NULL,
  account TEXT NOT NULL,
  activity TEXT NOT NULL,
  matter TEXT NOT NULL,
  signed_by TEXT NOT NULL,
  from_at BIGINT NOT NULL,
  to_at BIGINT NOT NULL,
  revoked_at BIGINT NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL
);
CREATE INDEX delegations_account ON delegations (account);
CREATE INDEX delegations_agency ON delegations (agency);
-- The record.
CREATE TABLE revisions (
  id TEXT PRIMARY KEY,
  activity TEXT NOT NULL,
  n BIGINT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('draft','review','approved','effective','superseded')),
  body TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  prev_sha256 TEXT NOT NULL,
  prepared_by TEXT NOT NULL,
  approvals TEXT NOT NULL,
  effective_at BIGINT NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL,
  UNIQUE (activity, n)
);
CREATE TABLE notices (
  id TEXT PRIMARY KEY,
  activity TEXT NOT NULL,
  revision_id TEXT NOT NULL,
  agency TEXT NOT NULL,
  kind TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  text_th TEXT NOT NULL,
  text_en TEXT NOT NULL,
  published_at BIGINT NOT NULL,
  UNIQUE (activity, revision_id, agency, kind, sha256)
);
-- Who did what: an append-only chain for each writer.
CREATE TABLE audit (
  chain TEXT NOT NULL,
  seq BIGINT NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  object TEXT NOT NULL,
  body TEXT NOT NULL,
  hash BYTEA NOT NULL,
  PRIMARY KEY (chain, seq)
);
CREATE INDEX audit_object ON audit (object, at);
CREATE INDEX audit_actor ON audit (actor, at);
CREATE TABLE audit_checkpoints (
  chain TEXT NOT NULL,
  seq BIGINT NOT NULL,
  at BIGINT NOT NULL,
  note TEXT NOT NULL,
  PRIMARY KEY (chain, seq)
);
-- What was done with personal data, each line naming one revision of one activity.
CREATE TABLE processing_log (
  id TEXT PRIMARY KEY,
  at BIGINT NOT NULL,
  activity TEXT NOT NULL,
  revision_id TEXT NOT NULL,
  act TEXT NOT NULL CHECK (act IN ('collect','read','send','export','erase')),
  actor TEXT NOT NULL,
  ground TEXT NOT NULL,
  purpose TEXT NOT NULL,
  subject TEXT NOT NULL,
  elements TEXT NOT NULL,
  detail TEXT NOT NULL
);
CREATE INDEX processing_subject ON processing_log (subject, id);
CREATE INDEX processing_actor ON processing_log (actor, id);
-- Durable work.
CREATE TABLE jobs (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  unique_key TEXT,
  payload TEXT NOT NULL,
  run_at BIGINT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting','running','done','dead')),
  attempts BIGINT NOT NULL DEFAULT 0,
  lease_until BIGINT NOT NULL DEFAULT 0,
  last_error TEXT NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL
);
CREATE INDEX jobs_due ON jobs (run_at) WHERE state IN ('waiting','running');
CREATE UNIQUE INDEX jobs_unique ON jobs (unique_key) WHERE state = 'waiting';
CREATE TABLE schedules (
  name TEXT PRIMARY KEY,
  next_at BIGINT NOT NULL,
  last_at BIGINT NOT NULL DEFAULT 0
);
-- Limits by address and account; the key is a keyed hash, never an address.
CREATE TABLE limits (
  key BYTEA NOT NULL,
  until_at BIGINT NOT NULL,
  n BIGINT NOT NULL,
  PRIMARY KEY (key)
);
CREATE INDEX limits_until ON limits (until_at);
CREATE TABLE idempotency (
  account TEXT NOT NULL,
  key TEXT NOT NULL,
  request_hash BYTEA NOT NULL,
  status BIGINT NOT NULL,
  location TEXT NOT NULL,
  body_sealed BYTEA NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (account, key)
);
CREATE INDEX idempotency_created ON idempotency (created_at);
CREATE TABLE settings (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
);
-- The case.
CREATE TABLE cases (
  id TEXT PRIMARY KEY,
  reference TEXT NOT NULL UNIQUE,
  site TEXT NOT NULL,
  agency TEXT NOT NULL,
  origin_agency TEXT NOT NULL,
  topic TEXT NOT NULL CHECK (topic IN ('question','feedback','suggestion','problem')),
  channel TEXT NOT NULL CHECK (channel IN ('web','phone','counter','mail','letter')),
  outside_ref TEXT NOT NULL DEFAULT '',
  lang TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('quarantined','received','considering','in_progress','awaiting_sender','referred','answered','closed')),
  parked BOOLEAN NOT NULL DEFAULT FALSE,
  withhold_name BOOLEAN NOT NULL,
  revision_id TEXT NOT NULL,
  notice_id TEXT NOT NULL,
  subject_key TEXT NOT NULL,
  sender TEXT NOT NULL,
  email_verified_at BIGINT NOT NULL DEFAULT 0,
  message BYTEA NOT NULL,
  tracking_hash BYTEA NOT NULL,
  nonce_hash BYTEA NOT NULL UNIQUE,
  assignee TEXT NOT NULL DEFAULT '',
  about_staff BOOLEAN NOT NULL,
  about_account TEXT NOT NULL DEFAULT '',
  result TEXT NOT NULL DEFAULT '',
  rating BIGINT NOT NULL DEFAULT 0,
  quarantine_why TEXT NOT NULL DEFAULT '',
  received_at BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  clock_left BIGINT NOT NULL DEFAULT 0,
  answered_at BIGINT NOT NULL DEFAULT 0,
  closed_at BIGINT NOT NULL DEFAULT 0,
  destroy_at BIGINT NOT NULL DEFAULT 0,
  events BIGINT NOT NULL DEFAULT 0,
  version BIGINT NOT NULL DEFAULT 1,
  row_hash BYTEA NOT NULL
);
CREATE INDEX cases_inbox ON cases (agency, due_at, id) WHERE state NOT IN ('closed','quarantined');
CREATE INDEX cases_agency ON cases (agency, received_at, id);
CREATE INDEX cases_received ON cases (received_at, id);
CREATE INDEX cases_assignee ON cases (assignee, due_at) WHERE state NOT IN ('closed','quarantined');
CREATE INDEX cases_destroy ON cases (destroy_at) WHERE destroy_at > 0;
CREATE TABLE case_index (
  digest BYTEA NOT NULL,
  case_id TEXT NOT NULL,
  PRIMARY KEY (digest, case_id)
);
CREATE INDEX case_index_case ON case_index (case_id);
CREATE TABLE case_events (
  id TEXT PRIMARY KEY,
  case_id TEXT NOT NULL,
  seq BIGINT NOT NULL,
  at BIGINT NOT NULL,
  kind TEXT NOT NULL,
  actor TEXT NOT NULL,
  from_state TEXT NOT NULL,
  to_state TEXT NOT NULL,
  step BIGINT NOT NULL,
  public BOOLEAN NOT NULL,
  body BYTEA,
  meta TEXT NOT NULL,
  UNIQUE (case_id, seq)
);
CREATE TABLE attachments (
  id TEXT PRIMARY KEY,
  case_id TEXT NOT NULL,
  event_id TEXT NOT NULL,
  name BYTEA NOT NULL,
  type TEXT NOT NULL,
  size BIGINT NOT NULL,
  sha256 BYTEA NOT NULL,
  blob TEXT NOT NULL,
  key_sealed BYTEA NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX attachments_case ON attachments (case_id);
CREATE TABLE links (
  hash BYTEA PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('verify-email','new-code')),
  case_id TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX links_expiry ON links (expires_at);
-- The post: what leaves, with honest states.
CREATE TABLE outbox (
  id TEXT PRIMARY KEY,
  case_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  lang TEXT NOT NULL,
  agency TEXT NOT NULL,
  subject_key TEXT NOT NULL,
  recipient BYTEA NOT NULL,
  body BYTEA,
  meta TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('queued','handed_over','failed','bounced')),
  attempts BIGINT NOT NULL DEFAULT 0,
  last_error TEXT NOT NULL DEFAULT '',
  message_id TEXT NOT NULL,
  run_at BIGINT NOT NULL,
  lease_until BIGINT NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL
);
CREATE INDEX outbox_due ON outbox (run_at) WHERE state = 'queued';
CREATE INDEX outbox_case ON outbox (case_id, id);
CREATE INDEX outbox_state ON outbox (state, changed_at);
CREATE TABLE announcements (
  id TEXT PRIMARY KEY,
  host TEXT NOT NULL,
  published_at BIGINT NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX announcements_host ON announcements (host, published_at);
