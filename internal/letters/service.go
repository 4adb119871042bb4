package letters

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/jobs"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/thai"
	"prasan/internal/vault"
)

// Deps are the parts a Service works with.
type Deps struct {
	DB         *db.DB
	Vault      *vault.Vault
	Processing *processing.Service
	Audit      *audit.Log
	Jobs       *jobs.Queue
	Agencies   *org.Directory
	Record     func(activity string) *policy.Snapshot
	Now        func() time.Time
	// VerifyURL is where a person who holds a letter can have it confirmed.
	VerifyURL func(code string) string
	// Garuda is the agency's own picture of the state's emblem (PNG); nil: a placeholder.
	Garuda []byte
}

// Hook is told of each action on a letter with its particulars, in its transaction; an
// error undoes it.
type Hook func(tx *db.Tx, a policy.Actor, action string, l *Letter, body map[string]string) error

// Service is what can be done with letters.
type Service struct {
	Deps
	hooks  []Hook
	guards []Guard
	seals  seals
}

// New returns the service.
func New(d Deps) *Service { return &Service{Deps: d} }

// JobSeal is the kind of job that seals a numbered letter.
const JobSeal = "letters.seal"

// Register tells the queue what this package's jobs do.
func (s *Service) Register() {
	s.Jobs.Handle(JobSeal, func(ctx context.Context, j jobs.Job) error {
		var id string
		if err := json.Unmarshal(j.Payload, &id); err != nil {
			return err
		}
		return s.Seal(ctx, id)
	})
	s.Jobs.Handle(jobDates, s.date)
	s.Jobs.Every("letters.undated", jobs.Daily(thai.Bangkok, 1, 10), s.undated)
}

// OnAction has f told of each action on a letter.
func (s *Service) OnAction(f Hook) { s.hooks = append(s.hooks, f) }

// orSystem is the name of who acts, also where the program does.
func orSystem(account string) string {
	if account == "" {
		return "system"
	}
	return account
}

func (s *Service) record(tx *db.Tx, a policy.Actor, action string, l *Letter, body map[string]string) error {
	actor := orSystem(a.Account)
	if err := insertEvent(tx, l.ID, Event{tx.Now(), action, actor, body}); err != nil {
		return err
	}
	if err := s.Audit.Append(tx, audit.Event{Actor: actor, Action: "letter." + action, Object: "letter:" + l.ID, Body: map[string]any{"state": l.State, "agency": l.Agency, "number": l.NumberText, "secrecy": l.Secrecy, "hash": fmt.Sprintf("%x", l.ContentHash), "meta": audit.Bare(body)}}); err != nil {
		return err
	}
	for _, hook := range s.hooks {
		if err := hook(tx, a, action, l, body); err != nil {
			return err
		}
	}
	return nil
}

// change applies a transition by somebody of the office.
func (s *Service) change(ctx context.Context, a policy.Actor, id, action string, rule func(tx *db.Tx, l *Letter) (map[string]string, error)) (Letter, error) {
	var done Letter
	err := s.DB.InTx(ctx, func(tx *db.Tx) (err error) {
		done, err = s.ChangeIn(tx, a, id, action, rule)
		return err
	})
	return done, err
}

// ChangeIn applies a transition in the caller's transaction.
func (s *Service) ChangeIn(tx *db.Tx, a policy.Actor, id, action string, rule func(tx *db.Tx, l *Letter) (map[string]string, error)) (Letter, error) {
	l, err := lock(tx, id)
	if err != nil {
		return Letter{}, err
	}
	if a.Account != "" && !maySee(a, &l) {
		return Letter{}, errs.New(errs.NotFound, "error.letter-not-found")
	}
	t, err := transition(&l, action)
	if err == nil && !l.DestroyedAt.IsZero() {
		err = errs.New(errs.Conflict, "error.letter-destroyed")
	}
	if err != nil {
		return Letter{}, err
	}
	if t.By == "system" != (a.Account == "") || t.By != "system" && !policy.May(a, t.By, l.Agency) {
		return Letter{}, errs.New(errs.Forbidden, "error.forbidden")
	}
	for _, guard := range s.guards {
		if err := guard(tx, a, action, &l); err != nil {
			return Letter{}, err
		}
	}
	l.State = t.To
	body, err := rule(tx, &l)
	if err != nil {
		return Letter{}, err
	}
	l.destroyAt = s.dueAt(tx.Now())
	if err := update(tx, &l); err != nil {
		return Letter{}, err
	}
	return l, s.record(tx, a, action, &l, body)
}

// Classify gives a letter its class of secrecy, also none: who may is the record's to
// say (row 26).
func (s *Service) Classify(ctx context.Context, a policy.Actor, id string, class Secrecy) (Letter, error) {
	if class.Level() < 0 {
		return Letter{}, errs.InvalidField("secrecy", "error.letter-secrecy")
	}
	return s.change(ctx, a, id, "classify", func(_ *db.Tx, l *Letter) (map[string]string, error) {
		ground, err := s.mayClassify(a, l)
		l.Secrecy, l.ClassifiedBy = class, a.Account
		return map[string]string{"secrecy": string(class), "ground": ground}, err
	})
}

func (s *Service) mayClassify(a policy.Actor, l *Letter) (ground string, err error) {
	snap := s.Record(Activity)
	if snap == nil {
		return "", errs.New(errs.Unavailable, "error.no-record")
	}
	d := snap.MayDo(a, policy.DutyClassify)
	if !d.Allowed {
		return "", errs.New(errs.Forbidden, "error.letter-classify")
	}
	return d.Ground, nil
}

// Check marks a draft as checked.
func (s *Service) Check(ctx context.Context, a policy.Actor, id string) (Letter, error) {
	return s.change(ctx, a, id, "check", func(_ *db.Tx, l *Letter) (map[string]string, error) {
		l.CheckedBy = a.Account
		return nil, nil
	})
}

// Return gives a checked letter back to be revised.
func (s *Service) Return(ctx context.Context, a policy.Actor, id, why string) (Letter, error) {
	why, err := thai.CleanText(why, maxLine)
	if err != nil || why == "" {
		return Letter{}, errs.InvalidField("reason", "error.required")
	}
	return s.change(ctx, a, id, "return", func(_ *db.Tx, l *Letter) (map[string]string, error) {
		l.CheckedBy = ""
		return map[string]string{"reason": why}, nil
	})
}

// Approve signs a letter (ลงนาม): by the head of the agency, who acts for him, his deputy
// or his delegate, and never by who drafted it. The content is bound by its hash. position
// is the signer's own, where he does not sign as head.
func (s *Service) Approve(ctx context.Context, a policy.Actor, id, position string) (Letter, error) {
	old, content, err := s.Read(ctx, a, id)
	if err != nil {
		return Letter{}, err
	}
	agency, _ := s.Agencies.Get(old.Agency)
	position, err = thai.CleanText(position, maxLine)
	if err != nil {
		return Letter{}, errs.InvalidField("position", "error.message-long", "max", maxLine)
	}
	return s.change(ctx, a, id, "approve", func(tx *db.Tx, l *Letter) (map[string]string, error) {
		signs, err := s.maySign(tx, a, l)
		if err != nil {
			return nil, err
		}
		if l.Version != old.Version { // what was read is what is signed
			return nil, errs.New(errs.Conflict, "error.conflict")
		}
		if l.ClassifiedBy == "" {
			l.ClassifiedBy = a.Account
		}
		l.Signer, l.ApprovedBy = block(signs, agency, position), a.Account
		l.ContentHash, err = l.hash(&content)
		return map[string]string{"capacity": signs.Capacity, "order": signs.Order}, err
	})
}

// Number gives an approved letter its number and date; reserved is a number that was set
// aside, or 0. The seal follows as a job.
func (s *Service) Number(ctx context.Context, a policy.Actor, id string, reserved int64) (Letter, error) {
	return s.change(ctx, a, id, "number", func(tx *db.Tx, l *Letter) (body map[string]string, err error) {
		agency, _ := s.Agencies.Get(l.Agency)
		if agency.Letters == "" {
			return nil, errs.New(errs.Conflict, "error.letter-prefix")
		}
		if reserved > 0 {
			l.Number, err = reserved, takeReserved(tx, l, reserved, a.Account)
		} else {
			l.Number, err = Take(tx, l.Agency, Out, l.series(), l.ID, a.Account)
		}
		if err != nil {
			return nil, err
		}
		l.NumberText, l.NumberedAt = numberText(agency.Letters, l.Series, l.Number), tx.Now()
		return map[string]string{"number": l.NumberText}, s.Jobs.Enqueue(tx, JobSeal, l.ID, jobs.Unique(JobSeal+"."+l.ID))
	})
}

func numberText(prefix, series string, n int64) string {
	circular := ""
	if series == "circular" {
		circular = "ว "
	}
	return fmt.Sprintf("%s/%s%d", prefix, circular, n)
}

// Cancel ends a letter that has not left. Its number is burnt.
func (s *Service) Cancel(ctx context.Context, a policy.Actor, id, why string) (Letter, error) {
	why, err := thai.CleanText(why, maxLine)
	if err != nil || why == "" {
		return Letter{}, errs.InvalidField("reason", "error.required")
	}
	return s.change(ctx, a, id, "cancel", func(tx *db.Tx, l *Letter) (map[string]string, error) {
		l.CancelledAt, l.CancelReason = tx.Now(), why
		return map[string]string{"reason": why}, burn(tx, l.ID, why)
	})
}

// DispatchIn marks that a letter leaves, in the transaction in which it is given to its
// channel.
func (s *Service) DispatchIn(tx *db.Tx, a policy.Actor, id string, body map[string]string) (Letter, error) {
	return s.ChangeIn(tx, a, id, "dispatch", func(tx *db.Tx, l *Letter) (map[string]string, error) {
		if l.DispatchedAt.IsZero() {
			l.DispatchedAt = tx.Now()
		}
		return body, nil
	})
}
