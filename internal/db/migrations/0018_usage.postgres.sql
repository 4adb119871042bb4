-- Usage: what has been acknowledged and is not yet counted (the journal); how far it has
-- been counted; visitors of the day are found by their number alone.
CREATE TABLE usage_journal (
  writer BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  at BIGINT NOT NULL,
  body BYTEA NOT NULL,
  PRIMARY KEY (writer, seq)
);
CREATE TABLE usage_folded (
  writer BIGINT PRIMARY KEY,
  seq BIGINT NOT NULL,
  at BIGINT NOT NULL
);
DROP INDEX usage_visitors_day;
