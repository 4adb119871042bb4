package review

import (
	"context"
	"strconv"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/thai"
)

// notice is on which days before its end an open round is called to mind again.
var notice = []int{7, 1}

// call numbers the times at which a round is called to mind: when it opens, some days
// before its end, and each week after it.
func call(due, now time.Time) int {
	days := int(thai.EndOfDay(due).Sub(thai.EndOfDay(now)) / (24 * time.Hour)) // Bangkok knows no summer time
	n := 1
	for _, d := range notice {
		if days <= d {
			n++
		}
	}
	if days < 0 {
		n += 1 + (-days-1)/7
	}
	return n
}

// Remind tells who has to attest a round that it waits. Each call is made once: who was
// told is not told again when the task runs again, and of several calls that were missed
// while the program stood still only the last is made.
func (s *Service) Remind(ctx context.Context) error {
	list, err := s.List(ctx)
	if err != nil {
		return err
	}
	newest := map[string]bool{}
	for _, r := range list {
		if newest[r.Activity] {
			continue
		}
		newest[r.Activity] = true
		snap := s.Record(r.Activity)
		if !r.AttestedAt.IsZero() || snap == nil {
			continue
		}
		if err := s.DB.InTx(ctx, func(tx *db.Tx) error { return s.remind(tx, snap, r.ID) }); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) remind(tx *db.Tx, snap *policy.Snapshot, id string) error {
	r, err := scan(func(dest ...any) error {
		return tx.QueryRow(`SELECT `+columns+` FROM access_reviews WHERE id = $1`+tx.ForUpdate(), []any{id}, dest...)
	})
	if err != nil || !r.AttestedAt.IsZero() {
		return err
	}
	mark := "review." + id
	last, err := tx.Mark(mark)
	if err != nil {
		return err
	}
	made, _ := strconv.Atoi(last) // none is 0
	n := call(r.DueAt, tx.Now())
	if n <= made {
		return nil
	}
	people, err := s.attesters(tx, snap)
	if err != nil || len(people) == 0 {
		return err // once there is somebody he is told
	}
	for _, address := range people {
		if err := s.Tell(tx, r, address); err != nil {
			return err
		}
	}
	if err := tx.SetMark(mark, strconv.Itoa(n)); err != nil {
		return err
	}
	return s.Audit.Append(tx, audit.Event{Actor: "system", Action: "review.remind", Object: "review:" + id, Body: map[string]any{"activity": r.Activity, "period": r.Period, "call": n, "people": len(people)}})
}

// attesters are the addresses of those who hold the duty (row 33) and see all of what
// they attest. Where nobody does, those who hold it and see a part: a record may name
// the heads of all agencies, and they are not all to be written to where one who
// oversees the whole can do it.
func (s *Service) attesters(tx *db.Tx, snap *policy.Snapshot) ([]string, error) {
	reach := func(whole bool) func(policy.Actor) bool {
		return func(a policy.Actor) bool {
			all, own := policy.Reach(a, Action)
			return snap.MayDo(a, policy.DutyGrant).Allowed && all == whole && (all || own != "")
		}
	}
	people, err := org.Holders(tx, reach(true))
	if err == nil && len(people) == 0 {
		people, err = org.Holders(tx, reach(false))
	}
	return people, err
}
