-- Beside the register: the library of documents, reviews of access, packages for inspectors, and what probes keep.
CREATE TABLE library_documents (
  id TEXT PRIMARY KEY,
  code TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL CHECK (kind IN ('regulation','policy','agreement','training','domains','order','acting','form','notice','other')),
  title_th TEXT NOT NULL,
  title_en TEXT NOT NULL,
  agency TEXT NOT NULL,
  public BOOLEAN NOT NULL,
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE TABLE library_versions (
  id TEXT PRIMARY KEY,
  document_id TEXT NOT NULL,
  n BIGINT NOT NULL,
  label TEXT NOT NULL,
  valid_from BIGINT NOT NULL,
  valid_to BIGINT NOT NULL,
  url TEXT NOT NULL,
  note TEXT NOT NULL,
  blob TEXT NOT NULL,
  key_sealed BYTEA,
  file_name TEXT NOT NULL,
  media TEXT NOT NULL,
  size BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  added_by TEXT NOT NULL,
  added_at BIGINT NOT NULL,
  UNIQUE (document_id, n)
);
CREATE INDEX library_versions_blob ON library_versions (blob) WHERE blob <> '';
CREATE TABLE library_links (
  document_id TEXT NOT NULL,
  activity TEXT NOT NULL,
  field TEXT NOT NULL,
  object TEXT NOT NULL,
  linked_by TEXT NOT NULL,
  linked_at BIGINT NOT NULL,
  PRIMARY KEY (document_id, activity, field, object)
);
CREATE INDEX library_links_object ON library_links (object) WHERE object <> '';
-- Who can see what, as it was when the holder of the duty attested it.
CREATE TABLE access_reviews (
  id TEXT PRIMARY KEY,
  activity TEXT NOT NULL,
  period TEXT NOT NULL,
  opened_at BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  revision_id TEXT NOT NULL,
  body TEXT NOT NULL,
  outcome TEXT NOT NULL DEFAULT '' CHECK (outcome IN ('','right','changes')),
  note TEXT NOT NULL DEFAULT '',
  attested_by TEXT NOT NULL DEFAULT '',
  ground TEXT NOT NULL DEFAULT '',
  attested_at BIGINT NOT NULL DEFAULT 0,
  signature TEXT NOT NULL DEFAULT '',
  UNIQUE (activity, period)
);
CREATE INDEX access_reviews_open ON access_reviews (due_at) WHERE attested_at = 0;
CREATE TABLE evidence_packages (
  id TEXT PRIMARY KEY,
  agency TEXT NOT NULL,
  from_at BIGINT NOT NULL,
  to_at BIGINT NOT NULL,
  made_by TEXT NOT NULL,
  made_at BIGINT NOT NULL,
  entries BIGINT NOT NULL,
  size BIGINT NOT NULL,
  sha256 TEXT NOT NULL
);
-- What a look that takes long, or needs a browser, has found; the report shows its age.
CREATE TABLE observations (
  name TEXT PRIMARY KEY,
  at BIGINT NOT NULL,
  body TEXT NOT NULL
);
-- What browsers report to have refused: by day, directive and origin, without who reported it.
CREATE TABLE csp_counts (
  day BIGINT NOT NULL,
  directive TEXT NOT NULL,
  origin TEXT NOT NULL,
  n BIGINT NOT NULL,
  PRIMARY KEY (day, directive, origin)
);
-- Personal data that people write into free text: by day, field and kind, never the text.
CREATE TABLE text_counts (
  day BIGINT NOT NULL,
  field TEXT NOT NULL,
  kind TEXT NOT NULL,
  node TEXT NOT NULL,
  n BIGINT NOT NULL,
  PRIMARY KEY (day, field, kind, node)
);
-- Sums over what only grows, so that a report need not read all of it.
CREATE TABLE processing_totals (
  day BIGINT NOT NULL,
  activity TEXT NOT NULL,
  revision_id TEXT NOT NULL,
  act TEXT NOT NULL,
  purpose TEXT NOT NULL,
  elements TEXT NOT NULL,
  n BIGINT NOT NULL,
  PRIMARY KEY (activity, act, day, revision_id, purpose, elements)
);
CREATE TABLE event_totals (
  day BIGINT NOT NULL,
  step BIGINT NOT NULL,
  n BIGINT NOT NULL,
  PRIMARY KEY (day, step)
);
CREATE INDEX cases_held_back ON cases (received_at) WHERE state = 'quarantined';
CREATE INDEX disclosures_to ON disclosures (to_agency);
