package referral

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
)

// wordScore and historyScore weigh what speaks for an agency.
const (
	wordScore    = 10
	historyScore = 1
	maxHistory   = 10
)

// Suggest ranks the agencies that a case may belong to: by the words of its message that
// the directory knows, and by where cases of the same office and topic went before. The
// agencies are those that the record names as recipients; without any there is none.
func (s *Service) Suggest(ctx context.Context, a policy.Actor, reference string) ([]Suggestion, error) {
	c, err := s.Cases.MayRefer(ctx, a, reference)
	if err != nil {
		return nil, err
	}
	detail, err := s.Cases.Get(ctx, a, reference)
	if err != nil {
		return nil, err
	}
	snap := s.Record(Activity)
	if snap == nil {
		return nil, errs.New(errs.Unavailable, "error.no-record")
	}
	directory, err := s.Saraban.Directory(ctx)
	if err != nil {
		return nil, err
	}
	before := map[string]int{}
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		clear(before)
		return tx.Each(`SELECT r.to_agency, COUNT(*) FROM referrals r JOIN cases c ON c.id = r.case_id WHERE r.agency = $1 AND c.topic = $2 AND r.state <> 'rejected' AND r.state <> 'invalid' GROUP BY r.to_agency`, []any{c.Agency, c.Topic}, func(rows *sql.Rows) error {
			var to string
			var n int
			err := rows.Scan(&to, &n)
			before[to] = n
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	text := strings.ToLower(detail.Message)
	var out []Suggestion
	for _, e := range directory {
		if _, d := snap.MayDisclose(e.Code, ""); !d.Allowed || e.Code == c.Agency {
			continue
		}
		g := Suggestion{Agency: e.Code, Before: before[e.Code]}
		for _, w := range e.Subjects {
			if strings.Contains(text, strings.ToLower(w)) {
				g.Words = append(g.Words, w)
			}
		}
		g.Score = wordScore*len(g.Words) + historyScore*min(g.Before, maxHistory)
		out = append(out, g)
	}
	slices.SortStableFunc(out, func(a, b Suggestion) int { return b.Score - a.Score })
	return out, nil
}
