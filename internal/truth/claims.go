package truth

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"prasan/internal/db"
	"prasan/internal/i18n"
	"prasan/internal/policy"
)

// Claim is something that a record says and that cannot be, whoever says it, with the
// evidence that the program's own counters give. Its texts are truth.claim-ID and
// truth.claim-ID-evidence.
type Claim struct {
	ID       string `json:"id"`
	Activity string `json:"activity"`
	Revision int    `json:"revision"`
	InForce  bool   `json:"in_force"`
	Field    string `json:"field"`
	Says     string `json:"says"` // the cell, word for word
	Args     []any  `json:"args"` // of the evidence
}

// Text is the claim in words.
func (c Claim) Text(lang string) string { return i18n.T(lang, "truth.claim-"+c.ID) }

// Evidence is why it cannot be.
func (c Claim) Evidence(lang string) string {
	args := make([]any, len(c.Args))
	for i, a := range c.Args {
		if f, ok := a.(float64); ok { // a number that was kept as JSON
			a = int64(f)
		}
		args[i] = a
	}
	return i18n.T(lang, "truth.claim-"+c.ID+"-evidence", args...)
}

// Doubts has f look for such claims in each revision that was ever in force.
func (s *Service) Doubts(f func(ctx context.Context, sub Subject) ([]Claim, error)) {
	s.claims = append(s.claims, f)
}

// impossible looks through the register: a record that was superseded said it all the
// same, and an inspector may ask.
func (s *Service) impossible(ctx context.Context, now time.Time) ([]Claim, error) {
	out := []Claim{}
	if len(s.claims) == 0 {
		return out, nil
	}
	type stored struct {
		activity, status string
		n                int
	}
	var list []stored
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		list = nil
		return tx.Each(`SELECT activity, n, status FROM revisions WHERE status IN ('effective', 'superseded') ORDER BY activity, n`, nil, func(rows *sql.Rows) error {
			var x stored
			err := rows.Scan(&x.activity, &x.n, &x.status)
			list = append(list, x)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	for _, x := range list {
		rev, err := s.Body(ctx, x.activity, x.n)
		if err != nil {
			return nil, fmt.Errorf("revision %d of %s: %w", x.n, x.activity, err)
		}
		for _, look := range s.claims {
			found, err := look(ctx, Subject{Snapshot: &policy.Snapshot{Activity: x.activity, Revision: x.n}, Record: rev, Now: now})
			if err != nil {
				return nil, err
			}
			for _, c := range found {
				c.Activity, c.Revision, c.InForce, c.Says = x.activity, x.n, x.status == "effective", rev.Form.Row(c.Field).Text
				out = append(out, c)
			}
		}
	}
	return out, nil
}
