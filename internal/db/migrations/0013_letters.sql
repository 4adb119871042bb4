-- What is asked of an agency after it was given personal data (row 49 of the record), and
-- when the person was told that the matter is being dealt with.
CREATE TABLE followups (
  id TEXT PRIMARY KEY,
  referral_id TEXT NOT NULL,
  case_id TEXT NOT NULL,
  case_reference TEXT NOT NULL,
  subject_key TEXT NOT NULL,
  agency TEXT NOT NULL,
  to_agency TEXT NOT NULL,
  round BIGINT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('planned','drafted','asked','answered')),
  via TEXT NOT NULL DEFAULT '' CHECK (via IN ('','local','email','letter')),
  letter_id TEXT NOT NULL DEFAULT '',
  message_id TEXT NOT NULL DEFAULT '',
  due_at BIGINT NOT NULL,
  asked_at BIGINT NOT NULL DEFAULT 0,
  reply_by BIGINT NOT NULL DEFAULT 0,
  outcome TEXT NOT NULL DEFAULT '' CHECK (outcome IN ('','needed','destroyed')),
  note BYTEA,
  answered_at BIGINT NOT NULL DEFAULT 0,
  answered_by TEXT NOT NULL DEFAULT '',
  needed_until BIGINT NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL,
  version BIGINT NOT NULL DEFAULT 1,
  UNIQUE (referral_id, round)
);
CREATE INDEX followups_due ON followups (due_at) WHERE state = 'planned';
CREATE INDEX followups_agency ON followups (agency, id);
CREATE INDEX followups_to ON followups (to_agency, id) WHERE state = 'asked';
ALTER TABLE referrals ADD COLUMN interim_at BIGINT NOT NULL DEFAULT 0;
-- Letters that were signed on paper: their scan is their file, and its type is kept.
ALTER TABLE letters ADD COLUMN file_type TEXT NOT NULL DEFAULT 'application/pdf';
ALTER TABLE letters ADD COLUMN paper BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE letters_in ADD COLUMN file_type TEXT NOT NULL DEFAULT 'application/pdf';
-- Keys of agencies that wait for the certificate of an authority.
CREATE TABLE letter_key_requests (
  agency TEXT PRIMARY KEY,
  key_sealed BYTEA NOT NULL,
  created_at BIGINT NOT NULL
);
ALTER TABLE letter_keys ADD COLUMN chain BYTEA;
-- The signature under a letter that came, and what was found of it.
ALTER TABLE letters_in ADD COLUMN signature TEXT NOT NULL DEFAULT '';
