package referral

import (
	"context"
	"errors"
	"io"
	"time"

	"prasan/internal/audit"
	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/jobs"
	"prasan/internal/letters"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/saraban"
	"prasan/internal/thai"
	"prasan/internal/vault"
)

// Deps are the parts a Service works with.
type Deps struct {
	DB         *db.DB
	Vault      *vault.Vault
	Processing *processing.Service
	Audit      *audit.Log
	Cases      *cases.Service
	Letters    *letters.Service
	Saraban    *saraban.Service
	Agencies   *org.Directory
	Record     func(activity string) *policy.Snapshot
	Now        func() time.Time
	// Open opens a file of a case with its key.
	Open func(ctx context.Context, id string, key []byte) (io.ReadCloser, error)
	// ReplyWithin is how long the agency has, from the day the letter left.
	ReplyWithin time.Duration
	// FollowUpAfter is when an agency is asked what became of the data it was given.
	FollowUpAfter time.Duration
	// MaxRounds is how often a case may be sent to one agency before a person of the
	// ministry must decide (0: as often as one likes).
	MaxRounds int
}

// Service is what can be done with referrals.
type Service struct{ Deps }

// New returns the service and has letters and the exchange tell it what happens.
func New(d Deps) *Service {
	s := &Service{d}
	d.Letters.OnAction(s.onLetter)
	d.Letters.OnGuard(s.mayDisclose)
	d.Saraban.OnMove(s.onMove)
	d.Saraban.OnAnswer(s.onAnswer)
	d.Saraban.OnAttach(s.onAttach)
	return s
}

func place(id, column string) string { return "referrals:" + id + ":" + column }

func (s *Service) note(tx *db.Tx, actor, action string, r *Referral) error {
	if actor == "" {
		actor = "system"
	}
	return s.Audit.Append(tx, audit.Event{Actor: actor, Action: "referral." + action, Object: "case:" + r.CaseReference, Body: map[string]any{"referral": r.ID, "to": r.To, "state": r.State, "elements": r.Elements, "letter": r.Letter, "revision": r.RevisionID}})
}

// Register tells the queue what this package does each day: what is due is drawn up for
// people to sign, and agencies are asked what became of what they were given.
func (s *Service) Register() {
	s.Saraban.Jobs.Every("referral.due", jobs.Daily(thai.Bangkok, 8, 5), func(ctx context.Context, _ jobs.Job) error { return s.Due(ctx) })
}

// Due does what is due today.
func (s *Service) Due(ctx context.Context) error {
	return errors.Join(s.RemindDue(ctx), s.InterimDue(ctx), s.AskDue(ctx))
}
