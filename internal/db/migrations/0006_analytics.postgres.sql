-- Usage: hits for a bounded time, daily totals that add up, choices about cookies.
CREATE TABLE usage_terms (
  id BIGINT PRIMARY KEY,
  text TEXT NOT NULL UNIQUE
);
CREATE TABLE usage_salts (
  day BIGINT PRIMARY KEY,
  salt BYTEA NOT NULL
);
CREATE TABLE usage_hits (
  site BIGINT NOT NULL,
  at BIGINT NOT NULL,
  n BIGINT NOT NULL,
  visitor BIGINT NOT NULL,
  level BIGINT NOT NULL,
  name BIGINT NOT NULL,
  page BIGINT NOT NULL,
  source BIGINT NOT NULL,
  campaign BIGINT NOT NULL,
  profile BIGINT NOT NULL,
  label BIGINT NOT NULL,
  value BIGINT NOT NULL,
  bot BIGINT NOT NULL,
  cookie BIGINT NOT NULL,
  PRIMARY KEY (site, at, n)
);
CREATE TABLE usage_visitors (
  visitor BIGINT PRIMARY KEY,
  day BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  views BIGINT NOT NULL,
  entry BIGINT NOT NULL,
  page BIGINT NOT NULL,
  source BIGINT NOT NULL,
  seen BYTEA NOT NULL
);
CREATE INDEX usage_visitors_day ON usage_visitors (day);
CREATE TABLE usage_daily (
  site BIGINT NOT NULL,
  dim BIGINT NOT NULL,
  day BIGINT NOT NULL,
  term BIGINT NOT NULL,
  n BIGINT NOT NULL,
  visitors BIGINT NOT NULL,
  visits BIGINT NOT NULL,
  bounces BIGINT NOT NULL,
  exits BIGINT NOT NULL,
  total BIGINT NOT NULL,
  PRIMARY KEY (site, dim, day, term)
);
CREATE TABLE usage_monthly (
  site BIGINT NOT NULL,
  dim BIGINT NOT NULL,
  month BIGINT NOT NULL,
  term BIGINT NOT NULL,
  n BIGINT NOT NULL,
  visitors BIGINT NOT NULL,
  visits BIGINT NOT NULL,
  bounces BIGINT NOT NULL,
  exits BIGINT NOT NULL,
  total BIGINT NOT NULL,
  PRIMARY KEY (site, dim, month, term)
);
CREATE TABLE usage_closed (
  month BIGINT PRIMARY KEY,
  at BIGINT NOT NULL
);
CREATE TABLE usage_logged (
  site TEXT NOT NULL,
  day BIGINT NOT NULL,
  revision_id TEXT NOT NULL,
  PRIMARY KEY (site, day, revision_id)
);
CREATE TABLE usage_hosts (
  host TEXT PRIMARY KEY,
  agency TEXT NOT NULL,
  name TEXT NOT NULL,
  added_by TEXT NOT NULL,
  added_at BIGINT NOT NULL
);
CREATE TABLE usage_things (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('segment','format','goal','evaluation','plan','annotation','schedule','alert')),
  agency TEXT NOT NULL,
  parent TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL,
  body TEXT NOT NULL,
  version BIGINT NOT NULL DEFAULT 1,
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL
);
CREATE INDEX usage_things_kind ON usage_things (kind, agency, id);
CREATE INDEX usage_things_parent ON usage_things (parent, kind, id) WHERE parent <> '';
CREATE TABLE usage_versions (
  thing TEXT NOT NULL,
  version BIGINT NOT NULL,
  body TEXT NOT NULL,
  at BIGINT NOT NULL,
  account TEXT NOT NULL,
  PRIMARY KEY (thing, version)
);
CREATE TABLE usage_bridge (
  id TEXT PRIMARY KEY,
  site TEXT NOT NULL,
  at BIGINT NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX usage_bridge_site ON usage_bridge (site, at);
CREATE TABLE consent_texts (
  version TEXT PRIMARY KEY,
  revision_id TEXT NOT NULL,
  body TEXT NOT NULL,
  shown_at BIGINT NOT NULL
);
CREATE TABLE consent_given (
  id TEXT PRIMARY KEY,
  site TEXT NOT NULL,
  subject BYTEA NOT NULL,
  version TEXT NOT NULL,
  revision_id TEXT NOT NULL,
  categories TEXT NOT NULL,
  lang TEXT NOT NULL,
  at BIGINT NOT NULL,
  ended_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX consent_given_subject ON consent_given (subject);
CREATE INDEX consent_given_at ON consent_given (at);
CREATE TABLE consent_counts (
  site TEXT NOT NULL,
  day BIGINT NOT NULL,
  version TEXT NOT NULL,
  choice TEXT NOT NULL CHECK (choice IN ('accept','refuse','withdraw')),
  n BIGINT NOT NULL,
  PRIMARY KEY (site, day, version, choice)
);
