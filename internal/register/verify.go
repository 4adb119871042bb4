package register

import (
	"context"
	"database/sql"

	"prasan/internal/db"
	"prasan/internal/ropa"
)

// Fault is something in the stored register that should not be.
type Fault struct {
	Activity string `json:"activity"`
	N        int    `json:"n"`
	Problem  string `json:"problem"`
}

// Report is what Verify found.
type Report struct {
	Activities int     `json:"activities"`
	Revisions  int     `json:"revisions"`
	Faults     []Fault `json:"faults"`
}

// stored is a revision with its text.
type stored struct {
	Revision
	body string
}

// Verify goes through every revision and its place in the chain: the text is what its
// digest says, follows from the one before, is canonical, and was approved.
func (s *Store) Verify(ctx context.Context) (Report, error) {
	rep := Report{Faults: []Fault{}}
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		rep = Report{Faults: []Fault{}}
		var last stored
		return tx.Each(`SELECT `+columns+`, body FROM revisions ORDER BY activity, n`, nil, func(rows *sql.Rows) error {
			var x stored
			r, err := scan(rows.Scan, &x.body)
			if err != nil {
				return err
			}
			x.Revision = r
			if x.Activity != last.Activity {
				rep.Activities++
				last = stored{}
			}
			rep.Revisions++
			rep.check(x, last)
			last = x
			return nil
		})
	})
	return rep, err
}

func (rep *Report) check(x, last stored) {
	fault := func(found bool, problem string) {
		if found {
			rep.Faults = append(rep.Faults, Fault{x.Activity, x.N, problem})
		}
	}
	fault(digest([]byte(x.body)) != x.SHA256, "the text is not the one that its digest names")
	fault(x.N != last.N+1, "a revision before it is missing")
	fault(x.PrevSHA256 != last.SHA256, "it does not follow from the revision before it")
	fault(last.Status == Effective && x.Status == Effective, "two revisions are in force")
	fault(last.Status != "" && last.Status != Effective && last.Status != Superseded, "a revision follows one that was never in force")
	if x.Status != Draft && x.Status != Review && x.PreparedBy != "installation" {
		fault(len(x.Approvals) < approvers, "it lacks the approval of two people")
	}
	rev, err := ropa.Decode([]byte(x.body))
	if err != nil {
		fault(true, "the text cannot be read: "+err.Error())
		return
	}
	again, err := ropa.Marshal(rev)
	fault(err != nil || string(again) != x.body, "the text is not in its canonical form")
	fault(rev.Code != x.Activity, "the text is of another activity")
	fault(rev.PrevSHA256 != x.PrevSHA256, "the text names another revision before it")
}
