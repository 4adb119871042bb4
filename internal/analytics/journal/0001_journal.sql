-- Only SQLite has this store of its own. What has been acknowledged and is not yet counted: a row a commit.
CREATE TABLE usage_journal (
  writer BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  at BIGINT NOT NULL,
  body BYTEA NOT NULL,
  PRIMARY KEY (writer, seq)
) WITHOUT ROWID;
