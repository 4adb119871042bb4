-- The yearly review of a record (rows 31 and 37): who went through it and found that it still holds.
CREATE TABLE record_reviews (
  id TEXT PRIMARY KEY,
  activity TEXT NOT NULL,
  n BIGINT NOT NULL,
  revision_id TEXT NOT NULL,
  reviewed_by TEXT NOT NULL,
  ground TEXT NOT NULL,
  note TEXT NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX record_reviews_activity ON record_reviews (activity, at);
