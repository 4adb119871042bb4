-- Usage: what has been acknowledged and is not yet counted (the journal, where it is no
-- store of its own), and how far it has been counted; totals and visitors of the day
-- packed. The program packs what is there when it opens it for the first time.
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
ALTER TABLE usage_visitors RENAME TO usage_visitors_rows;
ALTER TABLE usage_daily RENAME TO usage_daily_rows;
ALTER TABLE usage_monthly RENAME TO usage_monthly_rows;
ALTER INDEX usage_visitors_pkey RENAME TO usage_visitors_rows_pkey;
ALTER INDEX usage_daily_pkey RENAME TO usage_daily_rows_pkey;
ALTER INDEX usage_monthly_pkey RENAME TO usage_monthly_rows_pkey;
CREATE TABLE usage_visitors (
  visitor BIGINT PRIMARY KEY,
  day BIGINT NOT NULL,
  state BYTEA NOT NULL
);
CREATE TABLE usage_daily (
  site BIGINT NOT NULL,
  dim BIGINT NOT NULL,
  day BIGINT NOT NULL,
  part BIGINT NOT NULL,
  body BYTEA NOT NULL,
  PRIMARY KEY (site, dim, day, part)
);
CREATE TABLE usage_monthly (
  site BIGINT NOT NULL,
  dim BIGINT NOT NULL,
  month BIGINT NOT NULL,
  part BIGINT NOT NULL,
  body BYTEA NOT NULL,
  PRIMARY KEY (site, dim, month, part)
);
