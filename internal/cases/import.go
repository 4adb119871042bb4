package cases

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/processing"
)

// Old is a message that an older system had received and closed, with its dates.
type Old struct {
	Site, Topic, Channel, Lang string
	Number                     string // of the older system
	Message                    string
	Sender                     map[string]string
	Result                     string
	ReceivedAt, ClosedAt       time.Time
}

// Import takes a closed message over from an older system. Its time runs from the day on
// which it was closed there. What has been destroyed here does not come back.
func (s *Service) Import(ctx context.Context, a policy.Actor, o Old) (reference string, err error) {
	snap, err := s.snapshot()
	if err != nil {
		return "", err
	}
	agency, ok := s.Site(o.Site)
	if !ok {
		return "", errs.InvalidField("site", "error.site-unknown")
	}
	if !policy.May(a, "case.receive", agency) {
		return "", errs.New(errs.Forbidden, "error.forbidden")
	}
	o.Number = strings.TrimSpace(o.Number)
	if o.Number == "" || o.ClosedAt.Before(o.ReceivedAt) || o.ClosedAt.After(s.Now()) {
		return "", errs.InvalidField("number", "error.import-number")
	}
	notice, err := s.Notice(agency)
	if err != nil {
		return "", err
	}
	sub := Submission{Site: o.Site, Topic: o.Topic, Channel: o.Channel, Lang: o.Lang, Message: o.Message, Sender: o.Sender, OutsideRef: o.Number, NoticeID: notice, Nonce: []byte(rand.Text()), By: &a}
	if err := Validate(snap, &sub); err != nil {
		return "", err
	}
	in, err := s.seal(ctx, snap, agency, &sub)
	if err != nil {
		return "", err
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) error { return s.take(tx, in, a, snap, &o) })
	if err != nil {
		_ = s.Vault.Shred(ctx, in.subject.ID) // nothing is sealed with it; the sweep would take it too
		return "", err
	}
	return in.fresh.Reference, nil
}

// take stores an imported case: received and closed when it was so there.
func (s *Service) take(tx *db.Tx, in *intake, a policy.Actor, snap *policy.Snapshot, o *Old) error {
	buried, err := s.isBuried(tx, o.Number)
	if err == nil && buried {
		err = errs.New(errs.Conflict, "error.import-destroyed")
	}
	if err != nil {
		return err
	}
	f := in.fresh
	f.ReceivedAt, f.DueAt, f.events = o.ReceivedAt, o.ReceivedAt, 1
	if inserted, err := s.insertNew(tx, in, &f); err != nil || !inserted {
		return err
	}
	e := in.event
	e.At, e.Actor, e.Meta = o.ReceivedAt, a.Account, map[string]string{"imported": o.Number}
	if err := insertEvent(tx, f.ID, &e); err != nil {
		return err
	}
	c := f.Case
	c.State, c.Result, c.ClosedAt, c.DestroyAt, c.Version = Closed, o.Result, o.ClosedAt, snap.DueAt(o.ClosedAt), 1
	end := Event{ID: db.NewID(), Seq: 2, At: o.ClosedAt, Kind: "close", Actor: a.Account, From: Received, To: Closed, Step: e.Step, Public: true, Meta: map[string]string{"imported": o.Number}}
	if err := insertEvent(tx, f.ID, &end); err != nil {
		return err
	}
	if err := updateCase(tx, &c); err != nil {
		return err
	}
	if err := s.Processing.Record(tx, processing.Line{Activity: Activity, Revision: f.RevisionID, Act: "collect", Actor: a.Account, Ground: "import", Purpose: "receive_and_forward", Subjects: []string{f.SubjectKey}, Elements: f.Given(), Detail: "import"}); err != nil {
		return err
	}
	return s.Audit.Append(tx, audit.Event{Actor: a.Account, Action: "case.import", Object: "case:" + f.Reference, Body: map[string]any{"agency": f.Agency, "revision": f.RevisionID, "row": f.row}})
}

// isBuried tells whether what had this number was destroyed here.
func (s *Service) isBuried(tx *db.Tx, number string) (bool, error) {
	var n int
	err := tx.QueryRow(`SELECT COUNT(*) FROM burials WHERE digest = $1`, []any{s.Vault.Digest("burial", number)}, &n)
	return n > 0, err
}

// bury keeps the keyed digests of the numbers under which what is destroyed was known, so
// that an import of older files does not bring it back.
func (s *Service) bury(tx *db.Tx, list []doomed) error {
	var marks []string
	var args []any
	seen := map[string]bool{}
	for _, d := range list {
		for _, number := range []string{d.reference, d.outside} {
			if number == "" || seen[number] {
				continue
			}
			seen[number] = true
			marks = append(marks, fmt.Sprintf("($%d, $%d)", len(args)+1, len(args)+2))
			args = append(args, s.Vault.Digest("burial", number), db.Micros(tx.Now()))
		}
	}
	_, err := tx.Exec(`INSERT INTO burials (digest, at) VALUES `+strings.Join(marks, ", ")+` ON CONFLICT (digest) DO NOTHING`, args...)
	return err
}
