-- Official letters: outgoing ones, their numbers, the seals of agencies.
CREATE TABLE letters (
  id TEXT PRIMARY KEY,
  agency TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('external','memo','stamped')),
  state TEXT NOT NULL CHECK (state IN ('draft','checked','approved','numbered','sealed','dispatched','cancelled')),
  series TEXT NOT NULL CHECK (series IN ('ordinary','circular')),
  secrecy TEXT NOT NULL CHECK (secrecy IN ('none','confidential','secret','top-secret')),
  urgency TEXT NOT NULL CHECK (urgency IN ('none','urgent','very-urgent','most-urgent')),
  classified_by TEXT NOT NULL DEFAULT '',
  to_agency TEXT NOT NULL,
  to_name TEXT NOT NULL,
  subject TEXT NOT NULL,
  about TEXT NOT NULL,
  subject_key TEXT NOT NULL,
  content BYTEA NOT NULL,
  content_hash BYTEA,
  signer TEXT NOT NULL DEFAULT '',
  drafted_by TEXT NOT NULL,
  checked_by TEXT NOT NULL DEFAULT '',
  approved_by TEXT NOT NULL DEFAULT '',
  number BIGINT NOT NULL DEFAULT 0,
  number_text TEXT NOT NULL DEFAULT '',
  numbered_at BIGINT NOT NULL DEFAULT 0,
  sealed_at BIGINT NOT NULL DEFAULT 0,
  dispatched_at BIGINT NOT NULL DEFAULT 0,
  cancelled_at BIGINT NOT NULL DEFAULT 0,
  cancel_reason TEXT NOT NULL DEFAULT '',
  verify_code TEXT NOT NULL UNIQUE,
  file BYTEA,
  file_hash TEXT NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  version BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX letters_of ON letters (agency, id);
CREATE INDEX letters_about ON letters (about) WHERE about <> '';
CREATE TABLE letter_events (
  id TEXT PRIMARY KEY,
  letter_id TEXT NOT NULL,
  at BIGINT NOT NULL,
  kind TEXT NOT NULL,
  actor TEXT NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX letter_events_of ON letter_events (letter_id, id);
CREATE TABLE letter_series (
  agency TEXT NOT NULL,
  direction TEXT NOT NULL CHECK (direction IN ('in','out')),
  kind TEXT NOT NULL CHECK (kind IN ('ordinary','circular','secret')),
  year BIGINT NOT NULL,
  last BIGINT NOT NULL,
  PRIMARY KEY (agency, direction, kind, year)
);
CREATE TABLE letter_numbers (
  agency TEXT NOT NULL,
  direction TEXT NOT NULL CHECK (direction IN ('in','out')),
  kind TEXT NOT NULL CHECK (kind IN ('ordinary','circular','secret')),
  year BIGINT NOT NULL,
  number BIGINT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('used','reserved','cancelled')),
  letter_id TEXT NOT NULL,
  at BIGINT NOT NULL,
  account TEXT NOT NULL,
  note TEXT NOT NULL,
  PRIMARY KEY (agency, direction, kind, year, number)
);
CREATE TABLE letter_keys (
  agency TEXT PRIMARY KEY,
  certificate BYTEA NOT NULL,
  key_sealed BYTEA NOT NULL,
  created_at BIGINT NOT NULL
);
-- The exchange: letters that came, letters on their way, the queue of a node.
CREATE TABLE letters_in (
  id TEXT PRIMARY KEY,
  agency TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('arrived','registered','accepted','rejected','invalid','answered')),
  from_agency TEXT NOT NULL,
  from_name TEXT NOT NULL,
  to_name TEXT NOT NULL,
  number_text TEXT NOT NULL,
  dated_at BIGINT NOT NULL,
  subject TEXT NOT NULL,
  secrecy TEXT NOT NULL CHECK (secrecy IN ('none','confidential','secret','top-secret')),
  urgency TEXT NOT NULL CHECK (urgency IN ('none','urgent','very-urgent','most-urgent')),
  channel TEXT NOT NULL,
  dispatch_id TEXT NOT NULL DEFAULT '',
  process_id TEXT NOT NULL DEFAULT '',
  subject_key TEXT NOT NULL,
  content BYTEA,
  file BYTEA,
  file_hash TEXT NOT NULL,
  number BIGINT NOT NULL DEFAULT 0,
  number_kind TEXT NOT NULL DEFAULT '',
  received_at BIGINT NOT NULL,
  registered_at BIGINT NOT NULL DEFAULT 0,
  forwarded_to TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL DEFAULT '',
  answer BYTEA,
  answered_at BIGINT NOT NULL DEFAULT 0,
  about TEXT NOT NULL DEFAULT '',
  version BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX letters_in_of ON letters_in (agency, id);
CREATE UNIQUE INDEX letters_in_dispatch ON letters_in (dispatch_id) WHERE dispatch_id <> '';
CREATE UNIQUE INDEX letters_in_process ON letters_in (agency, process_id) WHERE process_id <> '';
CREATE TABLE dispatches (
  id TEXT PRIMARY KEY,
  letter_id TEXT NOT NULL,
  agency TEXT NOT NULL,
  to_agency TEXT NOT NULL,
  channel TEXT NOT NULL CHECK (channel IN ('local','ecms','email','file','paper')),
  state TEXT NOT NULL CHECK (state IN ('queued','sent','delivered','accepted','rejected','invalid','answered','failed')),
  process_id TEXT NOT NULL DEFAULT '',
  attempts BIGINT NOT NULL DEFAULT 0,
  last_error TEXT NOT NULL DEFAULT '',
  note TEXT NOT NULL DEFAULT '',
  accept_number TEXT NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL,
  sent_at BIGINT NOT NULL DEFAULT 0,
  delivered_at BIGINT NOT NULL DEFAULT 0,
  accepted_at BIGINT NOT NULL DEFAULT 0,
  changed_at BIGINT NOT NULL
);
CREATE INDEX dispatches_of ON dispatches (letter_id, id);
CREATE TABLE ecms_queue (
  id TEXT PRIMARY KEY,
  org TEXT NOT NULL,
  sender TEXT NOT NULL,
  kind TEXT NOT NULL,
  letter_id TEXT NOT NULL,
  dated TEXT NOT NULL,
  accept_org TEXT NOT NULL,
  body BYTEA NOT NULL,
  taken BOOLEAN NOT NULL DEFAULT FALSE,
  created_at BIGINT NOT NULL
);
CREATE INDEX ecms_queue_head ON ecms_queue (org, id) WHERE taken = FALSE;
CREATE INDEX ecms_queue_of ON ecms_queue (sender, letter_id);
CREATE TABLE ecms_done (
  org TEXT NOT NULL,
  process_id TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (org, process_id)
);
-- Referrals, what they disclosed (PDPA ss.27 and 39(6)), and the directory of agencies.
CREATE TABLE referrals (
  id TEXT PRIMARY KEY,
  case_id TEXT NOT NULL,
  case_reference TEXT NOT NULL,
  subject_key TEXT NOT NULL,
  agency TEXT NOT NULL,
  to_agency TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('drafted','sent','delivered','accepted','rejected','invalid','answered','published','recalled')),
  reason BYTEA NOT NULL,
  elements TEXT NOT NULL,
  checks TEXT NOT NULL,
  purpose TEXT NOT NULL,
  basis TEXT NOT NULL,
  suggestion TEXT NOT NULL,
  contact TEXT NOT NULL,
  letter_id TEXT NOT NULL,
  channel TEXT NOT NULL DEFAULT '',
  revision_id TEXT NOT NULL,
  accept_number TEXT NOT NULL DEFAULT '',
  due_at BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  sent_at BIGINT NOT NULL DEFAULT 0,
  delivered_at BIGINT NOT NULL DEFAULT 0,
  accepted_at BIGINT NOT NULL DEFAULT 0,
  answered_at BIGINT NOT NULL DEFAULT 0,
  published_at BIGINT NOT NULL DEFAULT 0,
  answer BYTEA,
  answer_by TEXT NOT NULL DEFAULT '',
  version BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX referrals_case ON referrals (case_id, id);
CREATE UNIQUE INDEX referrals_letter ON referrals (letter_id);
CREATE INDEX referrals_due ON referrals (agency, due_at) WHERE state IN ('sent','delivered','accepted');
CREATE TABLE disclosures (
  id TEXT PRIMARY KEY,
  at BIGINT NOT NULL,
  referral_id TEXT NOT NULL,
  case_id TEXT NOT NULL,
  case_reference TEXT NOT NULL,
  subject_key TEXT NOT NULL,
  agency TEXT NOT NULL,
  to_agency TEXT NOT NULL,
  channel TEXT NOT NULL,
  elements TEXT NOT NULL,
  purpose TEXT NOT NULL,
  basis TEXT NOT NULL,
  letter_id TEXT NOT NULL,
  letter_number TEXT NOT NULL,
  revision_id TEXT NOT NULL,
  actor TEXT NOT NULL
);
CREATE INDEX disclosures_case ON disclosures (case_id, id);
CREATE INDEX disclosures_agency ON disclosures (agency, id);
CREATE TABLE directory (
  code TEXT PRIMARY KEY,
  body TEXT NOT NULL
);
