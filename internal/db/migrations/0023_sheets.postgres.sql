-- Usage: hits that are older than an hour, column by column, in few rows a site and day.
-- Their bodies are packed already: to compress them would cost more than it gains.
CREATE TABLE usage_sheets (
  site BIGINT NOT NULL,
  part BIGINT NOT NULL,
  day BIGINT NOT NULL,
  body BYTEA NOT NULL,
  PRIMARY KEY (site, part, day)
);
ALTER TABLE usage_sheets ALTER COLUMN body SET STORAGE EXTERNAL;
