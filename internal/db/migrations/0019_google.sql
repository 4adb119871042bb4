-- Google Analytics: what is set for each site, how it goes, what Google reports, and who is to be forgotten there. Places of hits.
CREATE TABLE google_sites (
  host TEXT PRIMARY KEY,
  way TEXT NOT NULL CHECK (way IN ('off','gtag','server')),
  measurement TEXT NOT NULL,
  number TEXT NOT NULL,
  email TEXT NOT NULL,
  secret BYTEA NOT NULL,
  account BYTEA NOT NULL,
  changed_by TEXT NOT NULL,
  changed_at BIGINT NOT NULL
);
CREATE TABLE google_states (
  host TEXT NOT NULL,
  task TEXT NOT NULL CHECK (task IN ('send','report','erase')),
  attempts BIGINT NOT NULL DEFAULT 0,
  since BIGINT NOT NULL DEFAULT 0,
  next_at BIGINT NOT NULL DEFAULT 0,
  trouble TEXT NOT NULL DEFAULT '',
  status BIGINT NOT NULL DEFAULT 0,
  done_at BIGINT NOT NULL DEFAULT 0,
  done BIGINT NOT NULL DEFAULT 0,
  dropped BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (host, task)
);
CREATE TABLE google_figures (
  host TEXT NOT NULL,
  dim TEXT NOT NULL CHECK (dim IN ('day','page','channel')),
  day BIGINT NOT NULL,
  term TEXT NOT NULL,
  origin TEXT NOT NULL CHECK (origin IN ('report','import')),
  views BIGINT NOT NULL,
  users BIGINT NOT NULL,
  sessions BIGINT NOT NULL,
  PRIMARY KEY (host, dim, day, term)
);
CREATE TABLE google_clients (
  receipt TEXT PRIMARY KEY,
  host TEXT NOT NULL,
  client TEXT NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX google_clients_at ON google_clients (at);
CREATE TABLE google_erasures (
  id TEXT PRIMARY KEY,
  host TEXT NOT NULL,
  client TEXT NOT NULL,
  asked_by TEXT NOT NULL,
  reason TEXT NOT NULL,
  at BIGINT NOT NULL,
  done_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX google_erasures_waiting ON google_erasures (host, id) WHERE done_at = 0;
ALTER TABLE usage_bridge ADD COLUMN logged BIGINT NOT NULL DEFAULT 0;
CREATE TABLE usage_places (
  site BIGINT NOT NULL,
  at BIGINT NOT NULL,
  n BIGINT NOT NULL,
  place BIGINT NOT NULL,
  PRIMARY KEY (site, at, n)
);
