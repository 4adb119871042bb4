package register

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/thai"
)

// Reviewed is a record that a holder of the duty of row 31 went through and found to
// hold still. What no longer holds is changed by a new revision instead.
type Reviewed struct {
	ID         string
	Activity   string
	N          int // the revision that was gone through
	RevisionID string
	By         string
	Ground     string // the principal or order that it rests on
	Note       string
	At         time.Time
}

// ReviewTask is the review of an activity's record that is to be done next.
type ReviewTask struct {
	Activity string
	N        int
	From     time.Time // since when its cycle runs: the revision's start, or the last review
	Due      time.Time
	Last     *Reviewed
}

// maxNote bounds what is written about a review, in characters.
const maxNote = 2600

// Confirm signs the review of what is in force. The reviewer names the digest of the
// text that was read: another revision is not confirmed by mistake.
func (s *Store) Confirm(ctx context.Context, by policy.Actor, activity, sum, note string) (out Reviewed, err error) {
	note, err = thai.CleanText(note, maxNote)
	switch {
	case errors.Is(err, thai.ErrLong):
		return out, errs.InvalidField("note", "error.message-long", "max", maxNote)
	case err != nil || note == "":
		return out, errs.InvalidField("note", "error.required")
	}
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		var id, body string
		if err := tx.QueryRow(`SELECT id, body FROM revisions WHERE activity = $1 AND status = 'effective'`, []any{activity}, &id, &body); err != nil {
			return err
		}
		snap, err := compile([]byte(body), digest([]byte(body)))
		if err != nil {
			return err
		}
		if sum != snap.SHA256 {
			return errs.New(errs.Conflict, "error.record-other-text")
		}
		d := snap.MayDo(by, policy.DutyReview)
		if !d.Allowed {
			return errs.New(errs.Forbidden, "error.not-approver", "account", by.Account)
		}
		out = Reviewed{ID: db.NewID(), Activity: activity, N: snap.Revision, RevisionID: id, By: by.Account, Ground: d.Ground, Note: note, At: tx.Now()}
		if _, err := tx.Exec(`INSERT INTO record_reviews (id, activity, n, revision_id, reviewed_by, ground, note, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			out.ID, out.Activity, out.N, out.RevisionID, out.By, out.Ground, out.Note, db.Micros(out.At)); err != nil {
			return err
		}
		return s.note(tx, by.Account, "record.reviewed", Revision{Activity: activity, N: out.N, SHA256: sum}, map[string]any{"ground": d.Ground})
	})
	return out, err
}

// Reviews are those that were signed, newest first; of all activities for "".
func (s *Store) Reviews(ctx context.Context, activity string) (out []Reviewed, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		out = nil
		return tx.Each(`SELECT id, activity, n, revision_id, reviewed_by, ground, note, at FROM record_reviews WHERE $1 IN ('', activity) ORDER BY at DESC, id DESC`, []any{activity}, func(rows *sql.Rows) error {
			var r Reviewed
			var at int64
			err := rows.Scan(&r.ID, &r.Activity, &r.N, &r.RevisionID, &r.By, &r.Ground, &r.Note, &at)
			r.At = db.Time(at)
			out = append(out, r)
			return err
		})
	})
	return out, err
}

// ReviewTasks are the reviews that the cycles of the records in force (row 37) set. A
// record without a cycle has none; the lint says so.
func (s *Store) ReviewTasks(ctx context.Context) (out []ReviewTask, err error) {
	all, err := s.Revisions(ctx, "")
	if err != nil {
		return nil, err
	}
	done, err := s.Reviews(ctx, "")
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		snap := s.Snapshot(r.Activity)
		if r.Status != Effective || snap == nil || snap.RevisionID != r.ID || snap.Review.IsZero() {
			continue
		}
		t := ReviewTask{Activity: r.Activity, N: r.N, From: r.EffectiveAt}
		for i := range done {
			if done[i].Activity == r.Activity && (t.Last == nil || done[i].At.After(t.Last.At)) {
				t.Last = &done[i]
			}
		}
		if t.Last != nil && t.Last.At.After(t.From) {
			t.From = t.Last.At
		}
		t.Due = snap.Review.Next(t.From)
		out = append(out, t)
	}
	return out, nil
}
