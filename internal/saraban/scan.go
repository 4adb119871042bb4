package saraban

import (
	"context"
	"io"
	"strings"
	"time"

	"prasan/internal/blob"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/policy"
	"prasan/internal/thai"
)

// Scanned is a letter that came on paper, as the registrar takes it down from it.
type Scanned struct {
	From, FromName string // code in the directory, or the name of another body
	ToName         string
	Number         string
	Dated          time.Time
	Subject        string
	Secrecy        letters.Secrecy
	Urgency        letters.Urgency
	Name           string    // of the scan
	Scan           io.Reader // PDF, JPEG or PNG
}

// RegisterScan enters a letter that came on paper into the register of letters in, with its
// scan: it has its receive number at once. One that came before, by whatever way, is not
// entered again.
func (s *Service) RegisterScan(ctx context.Context, a policy.Actor, q Scanned) (In, error) {
	if !policy.May(a, "letter.receive", a.Agency) {
		return In{}, errs.New(errs.Forbidden, "error.forbidden")
	}
	if err := s.cleanScanned(a, &q); err != nil {
		return In{}, err
	}
	scan, err := blob.Read(q.Name, q.Scan, blob.ScanTypes...)
	if err != nil {
		return In{}, err
	}
	id := "scan:" + db.NewID()
	put, err := s.prepare(ctx, Arrival{Agency: a.Agency, From: q.From, FromName: q.FromName, ToName: q.ToName, Number: q.Number, Dated: q.Dated, Subject: q.Subject, Secrecy: q.Secrecy, Urgency: q.Urgency, Channel: Paper, ProcessID: id, File: scan.Data, FileType: scan.Type})
	if err != nil {
		return In{}, err
	}
	var done In
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := notRegistered(tx, a.Agency, &q); err != nil {
			return err
		}
		if err := put(tx); err != nil {
			return err
		}
		i, err := oneIn(tx, `agency = $1 AND process_id = $2 AND process_id <> ''`, a.Agency, id)
		if err != nil {
			return err
		}
		done, err = s.receive(tx, a, i.ID)
		return err
	})
	return done, err
}

// notRegistered: a paper that follows what came by another way is the same letter.
func notRegistered(tx *db.Tx, agency string, q *Scanned) error {
	same, err := manyIn(tx, `agency = $1 AND number_text = $2 AND dated_at = $3 AND (from_agency = $4 AND from_agency <> '' OR from_name = $5)`, agency, q.Number, db.Micros(q.Dated), q.From, q.FromName)
	if err == nil && len(same) > 0 {
		err = errs.New(errs.Conflict, "error.letter-registered", "number", same[0].ReceiptText())
	}
	return err
}

func (s *Service) cleanScanned(a policy.Actor, q *Scanned) error {
	var bad []errs.Field
	fail := func(name, key string) { bad = append(bad, errs.Field{Name: name, Key: key}) }
	own, _ := s.Agencies.Get(a.Agency)
	if q.From != "" {
		from, ok := s.Agencies.Get(q.From)
		if !ok {
			fail("from", "error.agency-unknown")
		}
		q.FromName = from.Name.TH
	}
	if strings.TrimSpace(q.ToName) == "" {
		q.ToName = own.Head.TH
	}
	for _, f := range []struct {
		name string
		text *string
	}{{"from_name", &q.FromName}, {"to_name", &q.ToName}, {"number", &q.Number}, {"subject", &q.Subject}} {
		clean, err := thai.CleanText(strings.ReplaceAll(*f.text, "\n", " "), 500)
		if err != nil || clean == "" {
			fail(f.name, "error.required")
		}
		*f.text = clean
	}
	q.Number = thai.ArabicDigits(q.Number)
	if len(thai.Sensitive(q.Subject)) > 0 { // it stands in registers that many read
		fail("subject", "error.letter-subject-personal")
	}
	if q.Dated.IsZero() || q.Dated.After(s.Now()) {
		fail("dated", "error.date")
	}
	if q.Secrecy == "" {
		q.Secrecy = letters.NoSecrecy
	}
	if q.Urgency == "" {
		q.Urgency = letters.NoUrgency
	}
	if q.Secrecy.Level() < 0 {
		fail("secrecy", "error.letter-secrecy")
	}
	if urgencyOf(speedCode[q.Urgency]) != q.Urgency {
		fail("urgency", "error.letter-urgency")
	}
	if q.Scan == nil {
		fail("attachment", "error.required")
	}
	if len(bad) == 0 && q.Secrecy != letters.NoSecrecy && !policy.May(a, "letter.secret", a.Agency) {
		return errs.New(errs.Forbidden, "error.forbidden")
	}
	return errs.InvalidFields(bad)
}
