-- What is said of a letter is found by its number.
CREATE INDEX ecms_queue_letter ON ecms_queue (letter_id, dated);
CREATE INDEX letters_in_number ON letters_in (agency, number_text);
