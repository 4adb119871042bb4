package cases

import (
	"bytes"
	"context"
	"database/sql"

	"prasan/internal/db"
)

// Fault is a case that is not as it was stored.
type Fault struct {
	Reference string `json:"reference"`
	What      string `json:"what"` // altered | events | key
}

// Report is the outcome of Verify.
type Report struct {
	Cases  int     `json:"cases"`
	Faults []Fault `json:"faults"`
}

// Verify reads all cases: what never changes of each matches its hash, its timeline has
// no gap, and its key is there. It finds what the engine does not: a bit that flipped on
// the disk, a row that somebody wrote past the program.
func (s *Service) Verify(ctx context.Context) (Report, error) {
	rep := Report{Faults: []Fault{}}
	for after := ""; ; {
		page, err := s.verifyPage(ctx, after, &rep)
		if err != nil || len(page) == 0 {
			return rep, err
		}
		after = page[len(page)-1].id
		has, err := s.Vault.Has(ctx, subjectsOf(page))
		if err != nil {
			return rep, err
		}
		for _, r := range page {
			if !has[r.subject] {
				rep.Faults = append(rep.Faults, Fault{r.reference, "key"})
			}
		}
	}
}

// held is a case as Verify goes over it.
type held struct{ id, reference, subject string }

func subjectsOf(page []held) []string {
	out := make([]string, len(page))
	for i, r := range page {
		out[i] = r.subject
	}
	return out
}

const verifyAtOnce = 500

func (s *Service) verifyPage(ctx context.Context, after string, rep *Report) (page []held, err error) {
	const text = `SELECT c.id, c.reference, c.revision_id, c.notice_id, c.sender, c.message, c.row_hash, c.subject_key, c.events, (SELECT COUNT(*) FROM case_events e WHERE e.case_id = c.id AND e.seq BETWEEN 1 AND c.events), (SELECT COUNT(*) FROM case_events e WHERE e.case_id = c.id) FROM cases c WHERE c.id > $1 ORDER BY c.id LIMIT $2`
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		page = nil
		return tx.Each(text, []any{after, verifyAtOnce}, func(rows *sql.Rows) error {
			var r held
			var revision, notice, sender string
			var message, row []byte
			var events, inOrder, stored int64
			if err := rows.Scan(&r.id, &r.reference, &revision, &notice, &sender, &message, &row, &r.subject, &events, &inOrder, &stored); err != nil {
				return err
			}
			page = append(page, r)
			rep.Cases++
			if !bytes.Equal(row, caseHash(r.id, r.reference, revision, notice, sender, message)) {
				rep.Faults = append(rep.Faults, Fault{r.reference, "altered"})
			}
			if inOrder != events || stored != events {
				rep.Faults = append(rep.Faults, Fault{r.reference, "events"})
			}
			return nil
		})
	})
	return page, err
}
