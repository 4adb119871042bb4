-- The end of life of letters: from when their time runs, when it is over, and when their
-- words were destroyed. What stands in the registers of numbers stays.
ALTER TABLE letters ADD COLUMN ended_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE letters ADD COLUMN destroy_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE letters ADD COLUMN destroyed_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE letters_in ADD COLUMN ended_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE letters_in ADD COLUMN destroy_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE letters_in ADD COLUMN destroyed_at BIGINT NOT NULL DEFAULT 0;
UPDATE letters SET ended_at = changed_at;
UPDATE letters_in SET ended_at = CASE WHEN answered_at > 0 THEN answered_at WHEN registered_at > 0 THEN registered_at ELSE received_at END;
CREATE INDEX letters_end ON letters (destroy_at, id) WHERE destroyed_at = 0;
CREATE INDEX letters_in_end ON letters_in (destroy_at, id) WHERE destroyed_at = 0;
CREATE INDEX letters_key ON letters (subject_key);
CREATE INDEX letters_in_key ON letters_in (subject_key);
-- Letters have rounds of their own, by the rule for their kind: matter.
ALTER TABLE rounds RENAME TO rounds_before;
CREATE TABLE rounds (
  id TEXT PRIMARY KEY,
  agency TEXT NOT NULL,
  activity TEXT NOT NULL,
  year BIGINT NOT NULL,
  matter TEXT NOT NULL DEFAULT '' CHECK (matter IN ('','letter','letter-paper','letter-secret')),
  path TEXT NOT NULL CHECK (path IN ('committee','order')),
  state TEXT NOT NULL CHECK (state IN ('opened','surveyed','committee','reviewed','archives','ordered','executed','certified')),
  revision_id TEXT NOT NULL,
  opened_at BIGINT NOT NULL,
  survey_by BIGINT NOT NULL,
  requested_by TEXT NOT NULL DEFAULT '',
  committee TEXT NOT NULL DEFAULT '[]',
  archives_letter TEXT NOT NULL DEFAULT '',
  archives_letter_id TEXT NOT NULL DEFAULT '',
  archives_until BIGINT NOT NULL DEFAULT 0,
  archives_answer TEXT NOT NULL DEFAULT '',
  order_number TEXT NOT NULL DEFAULT '',
  ordered_by TEXT NOT NULL DEFAULT '',
  order_ground TEXT NOT NULL DEFAULT '',
  ordered_at BIGINT NOT NULL DEFAULT 0,
  executed_at BIGINT NOT NULL DEFAULT 0,
  certificate TEXT NOT NULL DEFAULT '',
  version BIGINT NOT NULL DEFAULT 1,
  UNIQUE (agency, activity, year, matter)
);
INSERT INTO rounds (id, agency, activity, year, path, state, revision_id, opened_at, survey_by, requested_by, committee, archives_letter, archives_letter_id, archives_until, archives_answer, order_number, ordered_by, order_ground, ordered_at, executed_at, certificate, version)
  SELECT id, agency, activity, year, path, state, revision_id, opened_at, survey_by, requested_by, committee, archives_letter, archives_letter_id, archives_until, archives_answer, order_number, ordered_by, order_ground, ordered_at, executed_at, certificate, version FROM rounds_before;
DROP TABLE rounds_before;
CREATE INDEX rounds_state ON rounds (state, agency);
