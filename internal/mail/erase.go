package mail

import (
	"fmt"
	"strings"

	"prasan/internal/db"
)

// EraseAll removes the messages of cases.
func EraseAll(tx *db.Tx, cases []string) error {
	marks, args := make([]string, len(cases)), make([]any, len(cases))
	for i, id := range cases {
		marks[i], args[i] = fmt.Sprintf("$%d", i+1), id
	}
	_, err := tx.Exec(`DELETE FROM outbox WHERE case_id IN (`+strings.Join(marks, ", ")+`)`, args...)
	return err
}
