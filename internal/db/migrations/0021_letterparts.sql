-- Large files of letters lie in pieces beside them, each sealed by itself, so that none of
-- them need be in memory whole. owner is an item of a queue or a letter that came; file 0
-- is the letter itself, 1 the first that goes with it.
CREATE TABLE letter_parts (
  owner TEXT NOT NULL,
  file BIGINT NOT NULL,
  n BIGINT NOT NULL,
  size BIGINT NOT NULL,
  data BYTEA NOT NULL,
  PRIMARY KEY (owner, file, n)
);
