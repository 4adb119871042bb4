-- What of a subject was sealed anew because something in it was erased or put right: a copy
-- from before is brought up to it when it is restored. It is sealed with the subject's key,
-- and goes with it.
CREATE TABLE redone (
  object TEXT NOT NULL,
  version BIGINT NOT NULL,
  subject TEXT NOT NULL,
  body BYTEA NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (object, version)
);
CREATE INDEX redone_subject ON redone (subject);
