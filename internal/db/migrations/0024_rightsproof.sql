-- The number of a proof of consent to usage analysis, where a request for erasure names one.
ALTER TABLE rights_requests ADD COLUMN consent_number TEXT NOT NULL DEFAULT '';
