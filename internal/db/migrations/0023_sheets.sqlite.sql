-- Usage: hits that are older than an hour, column by column, in few rows a site and day.
CREATE TABLE usage_sheets (
  site BIGINT NOT NULL,
  part BIGINT NOT NULL,
  day BIGINT NOT NULL,
  body BYTEA NOT NULL,
  PRIMARY KEY (site, part, day)
) WITHOUT ROWID;
