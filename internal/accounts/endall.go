package accounts

import "prasan/internal/db"

// EndSessions ends every session of an account, or of all accounts but one, in the
// caller's transaction; it returns how many there were.
func EndSessions(tx *db.Tx, account, except string) (int64, error) {
	if account != "" {
		return tx.Exec(`DELETE FROM sessions WHERE account = $1`, account)
	}
	return tx.Exec(`DELETE FROM sessions WHERE account <> $1`, except)
}
