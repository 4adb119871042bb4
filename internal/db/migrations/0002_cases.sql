-- The nightly sweep and the end of life find cases by their keys.
CREATE INDEX cases_subject ON cases (subject_key);
