-- A cohort key can be replaced while the program serves. The new one has a number of its
-- own (year * 1000 + n); the old one is retired, wraps nothing new, and is forgotten
-- when everything that it wrapped has been wrapped anew.
ALTER TABLE cohorts ADD COLUMN retired_at BIGINT NOT NULL DEFAULT 0;
