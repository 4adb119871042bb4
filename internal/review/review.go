// Package review is the review of access: who can see what, computed from the record and
// the orders at the moment of looking, never from a copy; the periodic attestation of it
// by the holder of the duty (row 33 of the form); and those who should have no access
// any more.
package review

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/jobs"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/ropa"
	"prasan/internal/thai"
)

// Action of policy's table that seeing a review needs.
const Action = "review.read"

// Deps are the parts a Service works with.
type Deps struct {
	DB         *db.DB
	Audit      *audit.Log
	Jobs       *jobs.Queue
	Record     func(activity string) *policy.Snapshot
	Activities []string
	Within     func(agency, ancestor string) bool
	Key        ed25519.PrivateKey
	Now        func() time.Time
	Tell       func(tx *db.Tx, r Review, address string) error // that a round waits
	Idle       time.Duration                                   // without sign-in, after which somebody is taken for gone
	Term       time.Duration                                   // in which an open review is to be attested
}

// Service makes reviews.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service {
	if d.Idle == 0 {
		d.Idle = 90 * 24 * time.Hour
	}
	if d.Term == 0 {
		d.Term = 30 * 24 * time.Hour
	}
	return &Service{d}
}

// Grant is what one account can see and do under one activity now, and why.
type Grant struct {
	Account  string      `json:"account"`
	Display  policy.Text `json:"-"`
	Agency   string      `json:"agency"`
	Roles    []string    `json:"roles"`
	Activity string      `json:"activity"`
	Purposes []string    `json:"purposes"` // for which personal data opens
	Ground   string      `json:"ground"`   // head, order, person ... of the record; "" without a reading
	Elements []string    `json:"elements"`
	Duties   []string    `json:"duties"`
	Secrecy  string      `json:"secrecy"` // of letters: "", ordinary, secret
	Cases    string      `json:"cases"`   // without personal data: "", own, all
}

// Matrix computes who can see what; agency narrows to it and those under it.
func (s *Service) Matrix(ctx context.Context, activity, agency string) ([]Grant, error) {
	var out []Grant
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) { out, err = s.matrix(tx, activity, agency); return err })
	return out, err
}

func (s *Service) matrix(tx *db.Tx, activity, agency string) ([]Grant, error) {
	out := []Grant{}
	snap := s.Record(activity)
	if snap == nil {
		return out, errs.New(errs.NotFound, "error.no-record")
	}
	all, err := org.Everyone(tx)
	if err != nil {
		return out, err
	}
	names := map[string]policy.Text{}
	if err := tx.Each(`SELECT name, display_th, display_en FROM accounts`, nil, func(rows *sql.Rows) error {
		var name string
		var t policy.Text
		err := rows.Scan(&name, &t.TH, &t.EN)
		names[name] = t
		return err
	}); err != nil {
		return out, err
	}
	for i := range all {
		if agency == "" || s.Within(all[i].Agency, agency) {
			g := grant(snap, all[i])
			g.Display = names[g.Account]
			out = append(out, g)
		}
	}
	return out, nil
}

func grant(snap *policy.Snapshot, a policy.Actor) Grant {
	g := Grant{Account: a.Account, Agency: a.Agency, Roles: a.Roles, Activity: snap.Activity, Purposes: []string{}, Elements: []string{}, Duties: []string{}}
	for _, p := range snap.Purposes {
		d := snap.MayRead(a, p.Code)
		if !d.Allowed {
			continue
		}
		g.Purposes, g.Ground = append(g.Purposes, p.Code), d.Ground
		for _, e := range d.Elements {
			if !slices.Contains(g.Elements, e) {
				g.Elements = append(g.Elements, e)
			}
		}
	}
	for _, duty := range ropa.DutyNames {
		if snap.MayDo(a, policy.Duty(duty)).Allowed {
			g.Duties = append(g.Duties, duty)
		}
	}
	if reaches(a, "letter.read") != "" {
		g.Secrecy = "ordinary"
	}
	if reaches(a, "letter.secret") != "" {
		g.Secrecy = "secret"
	}
	g.Cases = reaches(a, "case.list")
	return g
}

func reaches(a policy.Actor, action string) string {
	switch all, own := policy.Reach(a, action); {
	case all:
		return "all"
	case own != "":
		return "own"
	}
	return ""
}

// Review is one round: it is open until the holder of the duty attests it.
type Review struct {
	ID         string    `json:"id"`
	Activity   string    `json:"activity"`
	Period     string    `json:"period"`
	OpenedAt   time.Time `json:"opened_at"`
	DueAt      time.Time `json:"due_at"`
	RevisionID string    `json:"revision_id"`
	Outcome    string    `json:"outcome,omitempty"` // right | changes
	Note       string    `json:"note,omitempty"`
	AttestedBy string    `json:"attested_by,omitempty"`
	Ground     string    `json:"ground,omitempty"`
	AttestedAt time.Time `json:"attested_at,omitzero"`
	Signature  string    `json:"signature,omitempty"`
	Body       string    `json:"-"` // what was attested
}

// Statement is what is signed: the whole of what the attester saw.
type Statement struct {
	Kind       string    `json:"kind"`
	Review     string    `json:"review"`
	Activity   string    `json:"activity"`
	Period     string    `json:"period"`
	Revision   string    `json:"revision"`
	Outcome    string    `json:"outcome"`
	Note       string    `json:"note"`
	AttestedBy string    `json:"attested_by"`
	Ground     string    `json:"ground"`
	AttestedAt time.Time `json:"attested_at"`
	Grants     []Grant   `json:"grants"`
	Leavers    []Leaver  `json:"leavers"`
	PublicKey  string    `json:"public_key"`
}

// StatementKind heads every statement.
const StatementKind = "prasan/access-review/v1"

// Register has reviews opened when the record's cycle says so, and called to mind until
// they are attested.
func (s *Service) Register() {
	s.Jobs.Every("review.open", jobs.Daily(thai.Bangkok, 1, 50), func(ctx context.Context, _ jobs.Job) error { return s.OpenDue(ctx) })
	s.Jobs.Every("review.remind", jobs.Daily(thai.Bangkok, 8, 25), func(ctx context.Context, _ jobs.Job) error { return s.Remind(ctx) })
}

// period names the span of the record's review cycle (row 37) in which t lies: a year,
// or a month where it is reviewed more often.
func period(t time.Time, c policy.Cycle) string {
	l := t.In(thai.Bangkok)
	if c.Years == 0 && c.Months > 0 && c.Months < 12 {
		return l.Format("2006") + "-" + string(rune('a'+(int(l.Month())-1)/c.Months))
	}
	return l.Format("2006")
}

// OpenDue opens the review of the present period of each activity that has none yet.
func (s *Service) OpenDue(ctx context.Context) error {
	for _, activity := range s.Activities {
		snap := s.Record(activity)
		if snap == nil {
			continue
		}
		err := s.DB.InTx(ctx, func(tx *db.Tx) error {
			id, p := db.NewID(), period(tx.Now(), snap.Review)
			n, err := tx.Exec(`INSERT INTO access_reviews (id, activity, period, opened_at, due_at, revision_id, body) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (activity, period) DO NOTHING`,
				id, activity, p, db.Micros(tx.Now()), db.Micros(tx.Now().Add(s.Term)), snap.RevisionID, "")
			if err != nil || n == 0 {
				return err
			}
			return s.Audit.Append(tx, audit.Event{Actor: "system", Action: "review.open", Object: "review:" + id, Body: map[string]string{"activity": activity, "period": p}})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

const columns = `id, activity, period, opened_at, due_at, revision_id, outcome, note, attested_by, ground, attested_at, signature, body`

func scan(scan func(...any) error) (r Review, err error) {
	var opened, due, attested int64
	err = scan(&r.ID, &r.Activity, &r.Period, &opened, &due, &r.RevisionID, &r.Outcome, &r.Note, &r.AttestedBy, &r.Ground, &attested, &r.Signature, &r.Body)
	r.OpenedAt, r.DueAt, r.AttestedAt = db.Time(opened), db.Time(due), db.Time(attested)
	return r, err
}

// List returns the reviews, the newest first.
func (s *Service) List(ctx context.Context) ([]Review, error) {
	out := []Review{}
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		out = out[:0]
		return tx.Each(`SELECT `+columns+` FROM access_reviews ORDER BY opened_at DESC, activity`, nil, func(rows *sql.Rows) error {
			r, err := scan(rows.Scan)
			out = append(out, r)
			return err
		})
	})
	return out, err
}

// Digest is that of what a person sees, so that he attests that and nothing newer.
func Digest(grants []Grant, leavers []Leaver) string {
	text, err := json.Marshal([]any{grants, leavers})
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Attest is the word of the holder of the duty (row 33) that access is right, or that it
// must be changed. seen is the digest of what he was shown.
func (s *Service) Attest(ctx context.Context, by policy.Actor, id, outcome, note, seen string) (Review, error) {
	var bad []errs.Field
	if outcome != "right" && outcome != "changes" {
		bad = append(bad, errs.Field{Name: "outcome", Key: "review.error-outcome"})
	}
	note, err := thai.CleanText(note, 2000)
	if err != nil || note == "" && outcome == "changes" {
		bad = append(bad, errs.Field{Name: "note", Key: "review.error-note"})
	}
	if len(bad) > 0 {
		return Review{}, errs.InvalidFields(bad)
	}
	var r Review
	err = s.DB.InTx(ctx, func(tx *db.Tx) (err error) {
		if r, err = scan(func(dest ...any) error {
			return tx.QueryRow(`SELECT `+columns+` FROM access_reviews WHERE id = $1`+tx.ForUpdate(), []any{id}, dest...)
		}); err != nil {
			return err
		}
		snap := s.Record(r.Activity)
		if snap == nil {
			return errs.New(errs.Unavailable, "error.no-record")
		}
		d := snap.MayDo(by, policy.DutyGrant)
		if !d.Allowed {
			return errs.New(errs.Forbidden, "error.not-grantor")
		}
		if !r.AttestedAt.IsZero() {
			return errs.New(errs.Conflict, "error.conflict")
		}
		r.Outcome, r.Note, r.AttestedBy, r.Ground, r.AttestedAt, r.RevisionID = outcome, note, by.Account, d.Ground, tx.Now(), snap.RevisionID
		return s.sign(tx, &r, seen)
	})
	return r, err
}

func (s *Service) sign(tx *db.Tx, r *Review, seen string) error {
	grants, err := s.matrix(tx, r.Activity, "")
	if err != nil {
		return err
	}
	leavers, err := s.leavers(tx)
	if err != nil {
		return err
	}
	if seen != Digest(grants, leavers) {
		return errs.New(errs.Conflict, "review.error-changed")
	}
	text, err := json.Marshal(Statement{StatementKind, r.ID, r.Activity, r.Period, r.RevisionID, r.Outcome, r.Note, r.AttestedBy, r.Ground, r.AttestedAt, grants, leavers, hex.EncodeToString(s.Key.Public().(ed25519.PublicKey))})
	if err != nil {
		return err
	}
	r.Body, r.Signature = string(text), hex.EncodeToString(ed25519.Sign(s.Key, text))
	if _, err := tx.Exec(`UPDATE access_reviews SET outcome = $1, note = $2, attested_by = $3, ground = $4, attested_at = $5, revision_id = $6, body = $7, signature = $8 WHERE id = $9`,
		r.Outcome, r.Note, r.AttestedBy, r.Ground, db.Micros(r.AttestedAt), r.RevisionID, r.Body, r.Signature, r.ID); err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	return s.Audit.Append(tx, audit.Event{Actor: r.AttestedBy, Action: "review.attest", Object: "review:" + r.ID, Body: map[string]any{"activity": r.Activity, "period": r.Period, "outcome": r.Outcome, "sha256": hex.EncodeToString(sum[:]), "leavers": len(leavers)}})
}

// Verify tells whether an attested review is as it was signed.
func (s *Service) Verify(r Review) bool {
	sig, err := hex.DecodeString(r.Signature)
	return err == nil && strings.HasPrefix(r.Body, `{"kind":"`+StatementKind) && ed25519.Verify(s.Key.Public().(ed25519.PublicKey), []byte(r.Body), sig)
}
