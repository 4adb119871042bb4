-- The end of life: monitoring, holds, destruction rounds.
CREATE TABLE monitorings (
  id TEXT PRIMARY KEY,
  activity TEXT NOT NULL,
  period TEXT NOT NULL,
  at BIGINT NOT NULL,
  revision_id TEXT NOT NULL,
  body TEXT NOT NULL,
  signature BYTEA NOT NULL,
  signed_by TEXT NOT NULL DEFAULT '',
  signed_at BIGINT NOT NULL DEFAULT 0,
  UNIQUE (activity, period)
);
CREATE TABLE holds (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  object_id TEXT NOT NULL,
  label TEXT NOT NULL,
  agency TEXT NOT NULL,
  reason TEXT NOT NULL,
  order_number TEXT NOT NULL,
  placed_by TEXT NOT NULL,
  placed_at BIGINT NOT NULL,
  released_by TEXT NOT NULL DEFAULT '',
  released_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX holds_object ON holds (object_id) WHERE released_at = 0;
CREATE TABLE rounds (
  id TEXT PRIMARY KEY,
  agency TEXT NOT NULL,
  activity TEXT NOT NULL,
  year BIGINT NOT NULL,
  path TEXT NOT NULL CHECK (path IN ('committee','order')),
  state TEXT NOT NULL CHECK (state IN ('opened','surveyed','committee','reviewed','archives','ordered','executed','certified')),
  revision_id TEXT NOT NULL,
  opened_at BIGINT NOT NULL,
  survey_by BIGINT NOT NULL,
  requested_by TEXT NOT NULL DEFAULT '',
  committee TEXT NOT NULL DEFAULT '[]',
  archives_letter TEXT NOT NULL DEFAULT '',
  archives_until BIGINT NOT NULL DEFAULT 0,
  archives_answer TEXT NOT NULL DEFAULT '',
  order_number TEXT NOT NULL DEFAULT '',
  ordered_by TEXT NOT NULL DEFAULT '',
  order_ground TEXT NOT NULL DEFAULT '',
  ordered_at BIGINT NOT NULL DEFAULT 0,
  executed_at BIGINT NOT NULL DEFAULT 0,
  certificate TEXT NOT NULL DEFAULT '',
  version BIGINT NOT NULL DEFAULT 1,
  UNIQUE (agency, activity, year)
);
CREATE INDEX rounds_state ON rounds (state, agency);
CREATE TABLE round_items (
  round_id TEXT NOT NULL,
  no BIGINT NOT NULL,
  kind TEXT NOT NULL,
  object_id TEXT NOT NULL,
  label TEXT NOT NULL,
  closed_at BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  decision TEXT NOT NULL DEFAULT '' CHECK (decision IN ('','destroy','extend','archive','hold')),
  dissent TEXT NOT NULL DEFAULT '',
  done_at BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (round_id, no)
);
CREATE INDEX round_items_left ON round_items (round_id, no) WHERE decision = 'destroy' AND done_at = 0;
CREATE INDEX round_items_object ON round_items (object_id);
CREATE TABLE destroyed_counts (
  agency TEXT NOT NULL,
  activity TEXT NOT NULL,
  year BIGINT NOT NULL,
  kind TEXT NOT NULL,
  n BIGINT NOT NULL,
  PRIMARY KEY (agency, activity, year, kind)
);
