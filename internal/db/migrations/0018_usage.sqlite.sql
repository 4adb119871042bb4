-- Usage: what has been acknowledged and is not yet counted (the journal, where it is no
-- store of its own); how far it has been counted; visitors of the day in one tree.
CREATE TABLE usage_journal (
  writer BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  at BIGINT NOT NULL,
  body BYTEA NOT NULL,
  PRIMARY KEY (writer, seq)
) WITHOUT ROWID;
CREATE TABLE usage_folded (
  writer BIGINT PRIMARY KEY,
  seq BIGINT NOT NULL,
  at BIGINT NOT NULL
);
CREATE TABLE usage_visitors_today (
  visitor BIGINT PRIMARY KEY,
  day BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  views BIGINT NOT NULL,
  entry BIGINT NOT NULL,
  page BIGINT NOT NULL,
  source BIGINT NOT NULL,
  seen BYTEA NOT NULL
) WITHOUT ROWID;
INSERT INTO usage_visitors_today SELECT visitor, day, last_at, views, entry, page, source, seen FROM usage_visitors;
DROP TABLE usage_visitors;
ALTER TABLE usage_visitors_today RENAME TO usage_visitors;
