-- Mail that comes in: kept before it is taken from the mailbox, sorted afterwards.
CREATE TABLE inbound (
  id TEXT PRIMARY KEY,
  mailbox TEXT NOT NULL,
  digest BYTEA NOT NULL,
  agency TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('new','held','case','referral','letter','ignored','discarded')),
  why TEXT NOT NULL DEFAULT '',
  subject_key TEXT NOT NULL,
  head BYTEA NOT NULL,
  raw BYTEA,
  size BIGINT NOT NULL,
  outbox_id TEXT NOT NULL DEFAULT '',
  case_id TEXT NOT NULL DEFAULT '',
  case_reference TEXT NOT NULL DEFAULT '',
  referral_id TEXT NOT NULL DEFAULT '',
  letter_in TEXT NOT NULL DEFAULT '',
  note TEXT NOT NULL DEFAULT '',
  handled_by TEXT NOT NULL DEFAULT '',
  handled_at BIGINT NOT NULL DEFAULT 0,
  destroy_at BIGINT NOT NULL DEFAULT 0,
  received_at BIGINT NOT NULL,
  version BIGINT NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX inbound_once ON inbound (mailbox, digest);
CREATE INDEX inbound_of ON inbound (agency, state, id);
CREATE INDEX inbound_case ON inbound (case_id) WHERE case_id <> '';
CREATE INDEX inbound_referral ON inbound (referral_id) WHERE referral_id <> '';
CREATE INDEX inbound_key ON inbound (subject_key);
CREATE INDEX inbound_due ON inbound (destroy_at) WHERE destroy_at > 0;
-- How far a mailbox was read, and by which node.
CREATE TABLE inbound_mailboxes (
  name TEXT PRIMARY KEY,
  node TEXT NOT NULL,
  lease_until BIGINT NOT NULL,
  uid_validity BIGINT NOT NULL DEFAULT 0,
  last_uid BIGINT NOT NULL DEFAULT 0,
  read_at BIGINT NOT NULL DEFAULT 0,
  last_error TEXT NOT NULL DEFAULT ''
);
