package consent

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/thai"
)

// Activity is the code of the record that says what needs consent.
const Activity = "usage-analytics"

// Deps is what the service needs.
type Deps struct {
	DB         *db.DB
	Audit      *audit.Log
	Processing *processing.Service
	Record     func(activity string) *policy.Snapshot
	// Digest hashes a visitor's identifier with a key of the installation.
	Digest func(visitor string) []byte
	// Forget takes a visitor's identifier out of what was collected, in the same
	// transaction as the withdrawal.
	Forget func(tx *db.Tx, visitor string) error
	// Note keeps, before it is done, that a visitor withdraws, where a restore of an older
	// copy finds it.
	Note func(ctx context.Context, visitor string) error
	// Abroad is told, in the same transaction, what a choice means for what goes to the
	// provider abroad.
	Abroad func(tx *db.Tx, a Abroad) error
}

// Abroad is a choice as far as it is about the provider abroad.
type Abroad struct {
	Site    string
	Visitor string
	Receipt string   // of a consent
	Allowed bool     // he consented to the provider abroad
	Erase   bool     // he asks that it delete what it has of him
	Clients []string // ids that the provider's own cookies in his browser bear
}

// Service keeps consents.
type Service struct {
	Deps
	made atomic.Pointer[made]
}

// made is the text of a record, which is made once.
type made struct {
	record *policy.Snapshot
	text   *Text
}

// New wires the service.
func New(d Deps) *Service { return &Service{Deps: d} }

// Text is what is asked now; nil where nothing is.
func (s *Service) Text() *Text {
	record := s.Record(Activity)
	if m := s.made.Load(); m != nil && m.record == record {
		return m.text
	}
	m := &made{record, TextOf(record)}
	s.made.Store(m)
	return m.text
}

// Decision is what a visitor did on the banner or the page.
type Decision struct {
	Site    string
	Lang    string
	Version string   // of the text he was shown; "" is the one in force
	Allowed []string // categories that he ticked
	Visitor string   // of his cookie, from an earlier consent; "" without one
	Erase   bool     // what the provider abroad has of him is to be deleted there
	Clients []string // ids that the provider's own cookies bear
}

// Receipt is what the visitor is shown and may keep.
type Receipt struct {
	Number     string // of a consent; a refusal has none
	Choice     Choice
	Visitor    string // for his cookie; "" where he consented to nothing
	At         time.Time
	ChoiceEnds time.Time // when he is asked again
	CookieEnds time.Time
}

// Decide stores a choice. A choice of a text that is no longer in force is refused, so
// that nobody consents to words he has not seen.
func (s *Service) Decide(ctx context.Context, d Decision) (Receipt, error) {
	record := s.Record(Activity)
	text := TextOf(record)
	if text == nil {
		return Receipt{}, errs.New(errs.NotFound, "error.not-found")
	}
	if d.Version != "" && d.Version != text.Version {
		return Receipt{}, errs.New(errs.Conflict, "consent.error-text")
	}
	choice := Choice{Version: text.Version}
	for _, c := range text.Categories {
		if slices.Contains(d.Allowed, c.Code) {
			choice.Allowed = append(choice.Allowed, c.Code)
		}
	}
	if choice.Allows(Google) && !choice.Allows(Analytics) {
		choice.Allowed = nil // there is no visitor to pass on without the cookie
	}
	if err := s.note(ctx, d, choice); err != nil {
		return Receipt{}, err
	}
	var out Receipt
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		out = Receipt{Choice: choice, At: tx.Now(), ChoiceEnds: record.KeptFor("consent_choice").DueAt(tx.Now()), CookieEnds: record.KeptFor("visitor_cookie").DueAt(tx.Now())}
		if err := s.keepText(tx, text); err != nil {
			return err
		}
		ended, err := s.end(tx, d, choice)
		if err != nil {
			return err
		}
		if !choice.Allows(Google) {
			if err := s.Abroad(tx, Abroad{Site: d.Site, Visitor: d.Visitor, Erase: d.Erase, Clients: d.Clients}); err != nil {
				return err
			}
		}
		if choice.Refused() {
			what := "refuse"
			if ended > 0 {
				what = "withdraw"
			}
			return count(tx, d.Site, text.Version, what)
		}
		return s.give(tx, d, record, &out)
	})
	return out, err
}

func (s *Service) keepText(tx *db.Tx, t *Text) error {
	_, err := tx.Exec(`INSERT INTO consent_texts (version, revision_id, body, shown_at) VALUES ($1, $2, $3, $4) ON CONFLICT (version) DO NOTHING`, t.Version, t.Revision, string(t.body()), db.Micros(tx.Now()))
	return err
}

// end closes the consents of the visitor; where he withdraws, what was collected by his
// cookie loses it at once.
func (s *Service) end(tx *db.Tx, d Decision, next Choice) (ended int64, err error) {
	if d.Visitor == "" {
		return 0, nil
	}
	ended, err = tx.Exec(`UPDATE consent_given SET ended_at = $1 WHERE subject = $2 AND ended_at = 0`, db.Micros(tx.Now()), s.Digest(d.Visitor))
	if err != nil || !next.Refused() {
		return ended, err
	}
	if err := s.Forget(tx, d.Visitor); err != nil {
		return ended, err
	}
	return ended, s.Audit.Append(tx, audit.Event{Actor: "visitor", Action: "consent.withdraw", Object: "consent:" + d.Site})
}

// note keeps a withdrawal apart from the database. Only one of a consent that there is: what
// anybody may send is not kept.
func (s *Service) note(ctx context.Context, d Decision, next Choice) error {
	if d.Visitor == "" || !next.Refused() {
		return nil
	}
	var n int64
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM consent_given WHERE subject = $1 AND ended_at = 0`, []any{s.Digest(d.Visitor)}, &n)
	})
	if err != nil || n == 0 {
		return err
	}
	return s.Note(ctx, d.Visitor)
}

// Return ends, in a restored database, the consents that were withdrawn after the copy was
// made: by digest of the visitor, when.
func Return(tx *db.Tx, ended map[string]time.Time) error {
	for subject, at := range ended {
		if _, err := tx.Exec(`UPDATE consent_given SET ended_at = $1 WHERE subject = $2 AND ended_at = 0 AND at <= $3`, db.Micros(at), []byte(subject), db.Micros(at)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) give(tx *db.Tx, d Decision, record *policy.Snapshot, out *Receipt) error {
	out.Number, out.Visitor = db.NewID(), d.Visitor
	out.Choice.Receipt = out.Number
	if out.Visitor == "" {
		out.Visitor = NewVisitor()
	}
	_, err := tx.Exec(`INSERT INTO consent_given (id, site, subject, version, revision_id, categories, lang, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		out.Number, d.Site, s.Digest(out.Visitor), out.Choice.Version, record.RevisionID, strings.Join(out.Choice.Allowed, "+"), d.Lang, db.Micros(tx.Now()))
	if err != nil {
		return err
	}
	if err := count(tx, d.Site, out.Choice.Version, "accept"); err != nil {
		return err
	}
	if out.Choice.Allows(Google) {
		if err := s.Abroad(tx, Abroad{Site: d.Site, Visitor: out.Visitor, Receipt: out.Number, Allowed: true}); err != nil {
			return err
		}
	}
	line := processing.Line{Activity: Activity, Revision: record.RevisionID, Act: "collect", Actor: "visitor", Ground: "consent:" + out.Number, Purpose: "improve_service", Subjects: []string{"consent:" + out.Number}, Elements: []string{"consent_choice"}, Detail: d.Site}
	if err := s.Processing.Record(tx, line); err != nil {
		return err
	}
	return s.Audit.Append(tx, audit.Event{Actor: "visitor", Action: "consent.give", Object: "consent:" + out.Number, Body: map[string]any{"site": d.Site, "version": out.Choice.Version, "categories": out.Choice.Allowed}})
}

func count(tx *db.Tx, site, version, choice string) error {
	_, err := tx.Exec(`INSERT INTO consent_counts (site, day, version, choice, n) VALUES ($1, $2, $3, $4, 1) ON CONFLICT (site, day, version, choice) DO UPDATE SET n = consent_counts.n + 1`, site, Day(tx.Now()), version, choice)
	return err
}

// Day is the number of a day in Bangkok's calendar, counted from 1970.
func Day(t time.Time) int64 {
	_, offset := t.In(thai.Bangkok).Zone()
	return (t.Unix() + int64(offset)) / 86400
}

// Total is how often a choice was made on a site under one version of the text. It is all
// that is kept of a refusal.
type Total struct {
	Site, Version, Choice string
	N                     int64
}

// Totals are the choices between two days of Bangkok's calendar, both included.
func Totals(tx *db.Tx, from, to int64) (out []Total, err error) {
	err = tx.Each(`SELECT site, version, choice, CAST(SUM(n) AS BIGINT) FROM consent_counts WHERE day >= $1 AND day <= $2 GROUP BY site, version, choice ORDER BY site, version, choice`, []any{from, to}, func(rows *sql.Rows) error {
		var t Total
		err := rows.Scan(&t.Site, &t.Version, &t.Choice, &t.N)
		out = append(out, t)
		return err
	})
	return out, err
}

// Proof tells what a receipt's number stands for.
type Proof struct {
	Number, Site, Version, Revision, Categories, Lang, Text string
	At, EndedAt                                             time.Time
}

// Find returns the consent of a receipt, with the text that it was given to.
func (s *Service) Find(ctx context.Context, number string) (p Proof, err error) {
	var at, ended int64
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT g.id, g.site, g.version, g.revision_id, g.categories, g.lang, t.body, g.at, g.ended_at FROM consent_given g JOIN consent_texts t ON t.version = g.version WHERE g.id = $1`, []any{number},
			&p.Number, &p.Site, &p.Version, &p.Revision, &p.Categories, &p.Lang, &p.Text, &at, &ended)
	})
	p.At, p.EndedAt = db.Time(at), db.Time(ended)
	return p, err
}

// Sweep erases proofs that the record no longer keeps, and logs how many.
func (s *Service) Sweep(ctx context.Context) error {
	record := s.Record(Activity)
	if record == nil {
		return nil
	}
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		n, err := expired(tx, record.KeptFor("consent_choice"))
		if err != nil || n == 0 {
			return err
		}
		return s.Audit.Append(tx, audit.Event{Actor: "system", Action: "consent.expire", Object: "consent", Body: map[string]any{"n": n, "revision": record.RevisionID}})
	})
}

// expired deletes in calendar terms: what was given on a day that is past its period.
func expired(tx *db.Tx, kept policy.Retention) (int64, error) {
	return tx.Exec(`DELETE FROM consent_given WHERE at < $1`, db.Micros(kept.Before(tx.Now())))
}

// Before is the moment before which proofs of consents are not kept any more.
func Before(record *policy.Snapshot, now time.Time) time.Time {
	return record.KeptFor("consent_choice").Before(now)
}
