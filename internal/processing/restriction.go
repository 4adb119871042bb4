package processing

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/vault"
)

// unrestricted takes out what belongs to people who had the use of their data restricted
// (PDPA ss.32 and 34): in a page of many they stay masked, and one alone is refused. It
// returns the items in their places, those taken out without data.
func (s *Service) unrestricted(ctx context.Context, items []vault.Sealed) ([]vault.Sealed, error) {
	subjects, _ := scope(items)
	var held []string
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		held = nil
		var any int
		if err := tx.QueryRow(`SELECT COUNT(*) FROM (SELECT 1 FROM restrictions LIMIT 1) r`, nil, &any); err != nil || any == 0 {
			return err
		}
		args := make([]interface{}, len(subjects))
		marks := make([]string, len(subjects))
		for i, subject := range subjects {
			args[i], marks[i] = subject, fmt.Sprintf("$%d", i+1)
		}
		return tx.Each(`SELECT DISTINCT subject FROM restrictions WHERE subject IN (`+strings.Join(marks, ", ")+`)`, args, func(rows *sql.Rows) error {
			var subject string
			err := rows.Scan(&subject)
			held = append(held, subject)
			return err
		})
	})
	if err != nil || len(held) == 0 {
		return items, err
	}
	if len(held) == len(subjects) {
		return nil, errs.New(errs.Forbidden, "error.restricted")
	}
	out := slices.Clone(items)
	for i := range out {
		if slices.Contains(held, out[i].Subject) {
			out[i].Data = nil
		}
	}
	return out, nil
}
