package scenario

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"prasan/internal/accounts"
	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/register"
	"prasan/internal/ropa"
	"prasan/internal/sites"
)

// Volume is how many cases there are: the number that the record declares (row 20).
const Volume = 366

// Opening is when the installation of a scenario that ends now was made: before the
// first message and before the fiscal year that its orders are of.
func Opening(now time.Time) time.Time { return now.AddDate(-1, -2, 0) }

// Clock is a clock that the scenario moves. It is held at each moment, so that what
// happens then has the same time in every seeding, and runs again at the end.
type Clock interface {
	Now() time.Time
	Hold(time.Time)
	Set(time.Time)
}

// Env is what the scenario is made with.
type Env struct {
	DB       *db.DB
	Now      time.Time // when it ends; zero: what the clock shows
	Clock    Clock
	Cases    *cases.Service
	Accounts *accounts.Service
	Sites    []sites.Site
	Register *register.Store
	// Revisions of the record that follow the first ones; the duty holders approve them.
	Revisions [][]byte
	Notice    func(agency string) (id string, err error)
	// Stage stores an attachment; nil: messages come without any.
	Stage func(ctx context.Context, name string, r io.Reader) (cases.Staged, error)
	// Flush sends the mail that is due; nil leaves it queued.
	Flush    func(ctx context.Context) error
	Base     string
	Progress func(done, all int)
}

// Account is one of the people, as the demo prints him.
type Account struct{ Name, Password, TOTP, Role, Agency string }

// Printed is what can be told of the scenario: who signs in, and with what.
type Printed struct {
	Accounts []Account
	Tokens   map[string]string // by account; "admin" has all rights of the scenario
}

// Seed makes the scenario of the year before its end.
func Seed(ctx context.Context, e Env) (Printed, error) {
	now := e.Now
	if now.IsZero() {
		now = e.Clock.Now()
	}
	now = now.Truncate(time.Second)
	begin := now.AddDate(-1, 0, 0)
	e.Clock.Hold(Opening(now))
	defer e.Clock.Set(now)
	own := *e.Cases
	own.References = rand.NewChaCha8([32]byte{25, 69})
	e.Cases = &own
	hash := accounts.HashPassword(password)
	err := e.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := e.settle(tx, hash, Opening(now)); err != nil {
			return err
		}
		return e.announce(tx, now)
	})
	if err != nil {
		return Printed{}, err
	}
	e.Clock.Hold(begin.AddDate(0, -1, 0))
	if err := e.approve(ctx); err != nil {
		return Printed{}, err
	}
	e.Clock.Hold(begin.AddDate(0, -1, 0).Add(time.Hour))
	if err := e.takeOver(ctx, now); err != nil {
		return Printed{}, err
	}
	if err := e.play(ctx, begin, now); err != nil {
		return Printed{}, err
	}
	return printed(), nil
}

// approve puts the corrected revisions into force, approved by two of those whom the
// revision before names for it (row 31). Where it names fewer the installation does it,
// as it did the first.
func (e *Env) approve(ctx context.Context) error {
	for _, body := range e.Revisions {
		parsed, err := ropa.Parse(body)
		if err != nil {
			return err
		}
		var signers []policy.Actor
		for _, account := range []string{"head-ops", "dpo", "ict"} {
			a, err := e.actor(ctx, account)
			if err != nil {
				return err
			}
			if snap := e.Register.Snapshot(parsed.Code); snap != nil && snap.MayDo(a, policy.DutyReview).Allowed {
				signers = append(signers, a)
			}
		}
		if len(signers) < 2 {
			err = e.Register.Begin(ctx, [][]byte{body})
		} else {
			_, err = e.Register.Apply(ctx, body, "ict", signers)
		}
		if err != nil {
			return fmt.Errorf("revision %d of %s: %w", parsed.Number, parsed.Code, err)
		}
	}
	return nil
}

func printed() Printed {
	out := Printed{Tokens: map[string]string{}}
	for _, p := range people() {
		out.Accounts = append(out.Accounts, Account{p.account, password, totp(p.account), strings.Join(p.roles, ","), p.agency})
		if p.token {
			out.Tokens[p.account] = token(p.account)
		}
	}
	return out
}

// announce puts news on every site.
func (e *Env) announce(tx *db.Tx, now time.Time) error {
	for _, s := range e.Sites {
		for i, n := range news {
			body, err := json.Marshal(map[string]policy.Text{"title": {TH: n.th, EN: n.en}, "text": {TH: n.textTH, EN: n.textEN}})
			if err != nil {
				return err
			}
			if _, err := tx.Exec(`INSERT INTO announcements (id, host, published_at, body) VALUES ($1, $2, $3, $4)`, db.NewID(), s.Host, db.Micros(now.AddDate(0, 0, -3-9*i)), string(body)); err != nil {
				return err
			}
		}
	}
	return nil
}

// play sends every message and has everything done to it, in the order of time.
func (e *Env) play(ctx context.Context, begin, now time.Time) error {
	var steps []step
	for i := range Volume - Taken {
		steps = append(steps, e.plan(i, begin, now)...)
	}
	slices.SortStableFunc(steps, func(a, b step) int { return a.at.Compare(b.at) })
	steps = slices.DeleteFunc(steps, func(s step) bool { return s.at.After(now) })
	flushed := begin
	for n, s := range steps {
		e.Clock.Hold(s.at)
		if err := s.do(ctx, e, s.story); err != nil {
			return fmt.Errorf("case %d at %s: %w", s.story.i, s.at.Format(time.RFC3339), err)
		}
		if s.at.Sub(flushed) > 24*time.Hour {
			flushed = s.at
			if err := e.flush(ctx); err != nil {
				return err
			}
		}
		e.progress(n, len(steps))
	}
	e.progress(len(steps), len(steps))
	return e.flush(ctx)
}

func (e *Env) flush(ctx context.Context) error {
	if e.Flush == nil {
		return nil
	}
	return e.Flush(ctx)
}

func (e *Env) progress(done, all int) {
	if e.Progress != nil && (done%20 == 0 || done == all) {
		e.Progress(done, all)
	}
}

// actor resolves somebody of an agency who may do an act.
func (e *Env) actor(ctx context.Context, account string) (a policy.Actor, err error) {
	err = e.DB.Read(ctx, func(tx *db.Tx) (err error) { a, err = org.Actor(tx, account); return err })
	return a, err
}
