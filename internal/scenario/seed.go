package scenario

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sort"
	"strings"
	"sync"
	"time"

	"prasan/internal/accounts"
	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/sites"
	"prasan/internal/thai"
)

// Volume is how many cases there are: the number that the record declares (row 20).
const Volume = 366

// Clock is a clock that the scenario moves.
type Clock interface {
	Now() time.Time
	Set(time.Time)
}

// Env is what the scenario is made with.
type Env struct {
	DB       *db.DB
	Clock    Clock
	Cases    *cases.Service
	Accounts *accounts.Service
	Sites    *sites.Store
	Notice   func(agency string) (id string, err error)
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

// Seed makes the scenario; its last day is that which the clock shows.
func Seed(ctx context.Context, e Env) (Printed, error) {
	now := e.Clock.Now()
	begin := now.AddDate(-1, 0, 0)
	e.Clock.Set(begin)
	defer e.Clock.Set(now)
	hashes := hashAll()
	err := e.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := e.settle(tx, hashes, begin); err != nil {
			return err
		}
		return e.announce(tx, now)
	})
	if err != nil {
		return Printed{}, err
	}
	if err := e.play(ctx, begin, now); err != nil {
		return Printed{}, err
	}
	return printed(), nil
}

// hashAll hashes the passwords, which is made to be slow, on all processors.
func hashAll() map[string]string {
	out := map[string]string{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	slots := make(chan struct{}, 2)
	for _, p := range append(people(), person{account: "province"}) {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			hash := accounts.HashPassword(password(p.account))
			mu.Lock()
			out[p.account] = hash
			mu.Unlock()
		})
	}
	wg.Wait()
	return out
}

func printed() Printed {
	out := Printed{Tokens: map[string]string{}}
	for _, p := range people() {
		out.Accounts = append(out.Accounts, Account{p.account, password(p.account), totp(p.account), strings.Join(p.roles, ","), p.agency})
		if p.token {
			out.Tokens[p.account] = token(p.account)
		}
	}
	return out
}

// announce puts news on every site.
func (e *Env) announce(tx *db.Tx, now time.Time) error {
	for _, s := range e.Sites.All() {
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

// step is something that happens to a case at a moment.
type step struct {
	at    time.Time
	story *play
	do    func(ctx context.Context, e *Env, p *play) error
}

// play is one case of the scenario.
type play struct {
	i        int
	m        matter
	text     string
	site     sites.Site
	lang     string
	sender   map[string]string
	channel  string
	outside  string
	staff    bool
	withhold bool
	decoy    bool
	receipt  cases.Receipt
}

// play sends every message and has everything done to it, in the order of time.
func (e *Env) play(ctx context.Context, begin, now time.Time) error {
	var steps []step
	for i := range Volume {
		steps = append(steps, e.plan(i, begin, now)...)
	}
	sort.SliceStable(steps, func(a, b int) bool { return steps[a].at.Before(steps[b].at) })
	flushed := begin
	for n, s := range steps {
		if s.at.After(now) {
			break
		}
		e.Clock.Set(s.at)
		if err := s.do(ctx, e, s.story); err != nil {
			return fmt.Errorf("case %d at %s: %w", s.story.i, s.at.Format(time.RFC3339), err)
		}
		if e.Flush != nil && s.at.Sub(flushed) > 10*24*time.Hour {
			flushed = s.at
			if err := e.Flush(ctx); err != nil {
				return err
			}
		}
		if e.Progress != nil && n%20 == 0 {
			e.Progress(n, len(steps))
		}
	}
	if e.Progress != nil {
		e.Progress(len(steps), len(steps))
	}
	if e.Flush != nil {
		return e.Flush(ctx)
	}
	return nil
}

// actor resolves somebody of an agency who may do an act.
func (e *Env) actor(ctx context.Context, account string) (a policy.Actor, err error) {
	err = e.DB.Read(ctx, func(tx *db.Tx) (err error) { a, err = org.Actor(tx, account); return err })
	return a, err
}

// pick is deterministic: the same for the same case and question.
func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// workHour puts a day at an hour of an office, and a night at one when people write.
func workHour(r *rand.Rand, day time.Time) time.Time {
	l := day.In(thai.Bangkok)
	return time.Date(l.Year(), l.Month(), l.Day(), 8+r.IntN(9), r.IntN(60), r.IntN(60), 0, thai.Bangkok)
}

// onWork moves to the next working day.
func onWork(t time.Time) time.Time {
	for !thai.IsWorkingDay(t) {
		t = t.AddDate(0, 0, 1)
	}
	return t
}

func fill(r *rand.Rand, text string) string {
	return strings.NewReplacer("{place}", pick(r, places), "{maker}", pick(r, makers), "{when}", pick(r, times)).Replace(text)
}
