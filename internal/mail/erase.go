package mail

import "prasan/internal/db"

// EraseAll removes the messages of cases.
func EraseAll(tx *db.Tx, cases []string) error {
	in, args := db.In(cases)
	_, err := tx.Exec(`DELETE FROM outbox WHERE case_id IN (`+in+`)`, args...)
	return err
}
