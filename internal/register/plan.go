package register

import (
	"context"
	"slices"
	"sort"
	"strings"
	"time"

	"prasan/internal/errs"
	"prasan/internal/i18n"
	"prasan/internal/policy"
	"prasan/internal/ropa"
)

// World is what a plan looks at of the running program.
type World struct {
	Now    time.Time
	Known  bool           // false for files alone: then nothing is counted
	Sites  int            // that show the notice
	Actors []policy.Actor // everybody who has an account, as he may act now
	// Begun counts the records whose period began at or before a moment and that are
	// still kept; of all for the zero time.
	Begun func(t time.Time) (int, error)
}

// Effect is one consequence of a revision. N counts what it concerns, -1 where that is
// not known; Names say which.
type Effect struct {
	Kind  string   `json:"kind"`
	N     int      `json:"n"`
	Names []string `json:"names,omitempty"`
	Key   string   `json:"-"`
	Args  []any    `json:"-"`
}

// In says the effect in a language; so do those of its arguments that can.
func (e Effect) In(lang string) string {
	args := slices.Clone(e.Args)
	for i, a := range args {
		if x, ok := a.(interface{ In(lang string) string }); ok {
			args[i] = x.In(lang)
		}
	}
	return i18n.T(lang, e.Key, args...)
}

func effect(kind string, n int, names []string, more ...any) Effect {
	count := any(n)
	if n < 0 {
		count = "?"
	}
	args := append([]any{"n", count, "names", strings.Join(names, ", ")}, more...)
	return Effect{Kind: kind, N: n, Names: names, Key: "plan." + kind, Args: args}
}

// EffectKinds are all kinds of effects.
var EffectKinds = []string{"access-changed", "access-gained", "access-lost", "becomes-due", "checks-changed", "disclosure-narrower", "disclosure-wider", "duty-gained", "duty-lost", "element-added", "element-removed", "element-retention", "field-added", "field-removed", "level-opened", "level-refused", "monitoring-changed", "no-longer-due", "notice-refused", "notice-republished", "publication-opened", "publication-refused", "purpose-added", "purpose-narrower", "purpose-removed", "purpose-wider", "retention-below-rule", "retention-changed", "review-changed", "right-added", "right-removed", "round-changed", "route-opened", "route-refused", "transfer-opened", "transfer-refused"}

// Plan is what a new revision would do.
type Plan struct {
	Activity string        `json:"activity"`
	From     int           `json:"from"` // revision in force; 0 for none
	To       int           `json:"to"`
	Changes  []ropa.Change `json:"changes"`
	Effects  []Effect      `json:"effects"`
	Holds    []Effect      `json:"holds"` // why it would be refused
}

func (s *Store) world(ctx context.Context, activity string) (World, error) {
	if s.Observe == nil {
		return World{}, nil
	}
	return s.Observe(ctx, activity)
}

// Plan says what a file would change, against the revision in force and what the
// program holds. It changes nothing.
func (s *Store) Plan(ctx context.Context, body []byte) (Plan, error) {
	next, err := ropa.Parse(body)
	if err != nil {
		return Plan{}, errs.Wrap(err, errs.Invalid, "error.record-unreadable", "reason", err.Error())
	}
	world, err := s.world(ctx, next.Code)
	if err != nil {
		return Plan{}, err
	}
	all, err := s.Revisions(ctx, next.Code)
	if err != nil {
		return Plan{}, err
	}
	before := &ropa.Revision{Code: next.Code}
	for _, r := range all {
		if r.Status == Effective {
			text, err := s.Body(ctx, r.Activity, r.N)
			if err != nil {
				return Plan{}, err
			}
			if before, err = ropa.Parse([]byte(text)); err != nil {
				return Plan{}, err
			}
			break
		}
	}
	return Compare(before, next, world)
}

// Compare is the plan of going from one revision to another. A revision without a
// number is none.
func Compare(before, next *ropa.Revision, w World) (Plan, error) {
	p := Plan{Activity: next.Code, From: before.Number, To: before.Number + 1, Changes: ropa.Diff(before, next), Effects: []Effect{}, Holds: []Effect{}}
	if p.Changes == nil {
		p.Changes = []ropa.Change{}
	}
	b, err := policy.Compile(next)
	if err != nil {
		p.Holds = append(p.Holds, Effect{Kind: "incomplete", Key: "error.record-incomplete", Args: []any{"reason", err.Error()}})
		return p, nil
	}
	p.Holds = append(p.Holds, guard(b, w)...)
	a := &policy.Snapshot{}
	if before.Number > 0 {
		if a, err = policy.Compile(before); err != nil {
			return p, err
		}
	}
	c := comparison{a: a, b: b, w: w}
	for _, look := range []func(*comparison) error{(*comparison).elements, (*comparison).purposes, (*comparison).people, (*comparison).retention, (*comparison).recipients, (*comparison).levels, (*comparison).rules, (*comparison).notice} {
		if err := look(&c); err != nil {
			return p, err
		}
	}
	c.belowRule(before, next)
	p.Effects = append(p.Effects, c.out...)
	return p, nil
}

// guard says why a revision must not come into force although it compiles: it would
// lock people out, or nobody could ever approve again.
func guard(next *policy.Snapshot, w World) []Effect {
	var out []Effect
	hold := func(key string, args ...any) { out = append(out, Effect{Kind: "held", Key: key, Args: args}) }
	if len(next.Access) == 0 {
		hold("error.record-no-reader")
	}
	for _, d := range []policy.Duty{policy.DutyReview, policy.DutyTerminate, policy.DutyGrant} {
		if len(next.Duties[d]) == 0 {
			hold("error.record-no-holder", "duty", string(d))
		}
	}
	if kept, ok := next.Kept["traffic_log"]; ok && kept.Years == 0 && kept.Months < 3 && kept.Days+30*kept.Months < 90 {
		hold("error.record-below-minimum", "element", "traffic_log", "minimum", "P90D")
	}
	if len(out) > 0 || !w.Known || len(w.Actors) == 0 {
		return out
	}
	if n := count(w.Actors, func(a policy.Actor) bool { return next.MayDo(a, policy.DutyReview).Allowed }); n < approvers {
		hold("error.record-too-few-approvers", "n", n)
	}
	if count(w.Actors, func(a policy.Actor) bool { return mayReadAny(next, a) }) == 0 {
		hold("error.record-no-reader")
	}
	return out
}

func count(actors []policy.Actor, is func(policy.Actor) bool) (n int) {
	for _, a := range actors {
		if is(a) {
			n++
		}
	}
	return n
}

func mayReadAny(s *policy.Snapshot, a policy.Actor) bool {
	return slices.ContainsFunc(s.Purposes, func(p policy.Purpose) bool { return s.MayRead(a, p.Code).Allowed })
}

// comparison gathers the effects between two snapshots.
type comparison struct {
	a, b *policy.Snapshot
	w    World
	out  []Effect
}

func (c *comparison) say(kind string, n int, names []string, more ...any) {
	c.out = append(c.out, effect(kind, n, names, more...))
}

// names compares two sets of names and says what is gained and what is lost.
func (c *comparison) names(gained, lost string, before, after []string) {
	if x := without(after, before); len(x) > 0 {
		c.say(gained, len(x), x)
	}
	if x := without(before, after); len(x) > 0 {
		c.say(lost, len(x), x)
	}
}

func without(list, other []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(other, s) && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func codes(list []policy.Element, kind func(string) bool) (out []string) {
	for _, e := range list {
		if kind(e.Kind) {
			out = append(out, e.Code)
		}
	}
	return out
}

func (c *comparison) elements() error {
	isForm := func(kind string) bool { return kind == "form" }
	other := func(kind string) bool { return kind != "form" }
	c.names("field-added", "field-removed", codes(c.a.Elements, isForm), codes(c.b.Elements, isForm))
	c.names("element-added", "element-removed", codes(c.a.Elements, other), codes(c.b.Elements, other))
	return nil
}

func (c *comparison) purposes() error {
	list := func(s *policy.Snapshot) (out []string) {
		for _, p := range s.Purposes {
			out = append(out, p.Code)
		}
		return out
	}
	c.names("purpose-added", "purpose-removed", list(c.a), list(c.b))
	for _, p := range c.b.Purposes {
		i := slices.IndexFunc(c.a.Purposes, func(x policy.Purpose) bool { return x.Code == p.Code })
		if i < 0 {
			continue
		}
		if x := without(c.a.Purposes[i].Elements, p.Elements); len(x) > 0 {
			c.say("purpose-narrower", len(x), x, "purpose", p.Code)
		}
		if x := without(p.Elements, c.a.Purposes[i].Elements); len(x) > 0 {
			c.say("purpose-wider", len(x), x, "purpose", p.Code)
		}
	}
	return nil
}

func (c *comparison) people() error {
	if !c.w.Known {
		if !samePrincipals(c.a.Access, c.b.Access) {
			c.say("access-changed", -1, nil)
		}
		return nil
	}
	c.names("access-gained", "access-lost", c.accounts(c.a, mayReadAny), c.accounts(c.b, mayReadAny))
	for _, d := range ropa.DutyNames {
		may := func(s *policy.Snapshot, a policy.Actor) bool { return s.MayDo(a, policy.Duty(d)).Allowed }
		before, after := c.accounts(c.a, may), c.accounts(c.b, may)
		if x := without(after, before); len(x) > 0 {
			c.say("duty-gained", len(x), x, "duty", d)
		}
		if x := without(before, after); len(x) > 0 {
			c.say("duty-lost", len(x), x, "duty", d)
		}
	}
	return nil
}

func samePrincipals(a, b []policy.Principal) bool {
	return slices.EqualFunc(a, b, func(x, y policy.Principal) bool { return x.Kind == y.Kind && x.Ref == y.Ref })
}

func (c *comparison) accounts(s *policy.Snapshot, may func(*policy.Snapshot, policy.Actor) bool) (out []string) {
	for _, a := range c.w.Actors {
		if may(s, a) {
			out = append(out, a.Account)
		}
	}
	return out
}

// retention counts what the new period makes due, or lets live longer.
func (c *comparison) retention() error {
	before, after := periodOf(c.a.Retention), periodOf(c.b.Retention)
	if before != after || c.a.Retention.Anchor != c.b.Retention.Anchor {
		total, was, will := -1, -1, -1
		if c.w.Known && c.w.Begun != nil {
			for _, x := range []struct {
				into *int
				at   time.Time
			}{{&total, time.Time{}}, {&was, Cutoff(c.a.Retention, c.w.Now)}, {&will, Cutoff(c.b.Retention, c.w.Now)}} {
				n, err := c.w.Begun(x.at)
				if err != nil {
					return err
				}
				*x.into = n
			}
		}
		c.say("retention-changed", total, nil, "before", before, "after", after)
		switch {
		case will > was:
			c.say("becomes-due", will-was, nil)
		case will < was:
			c.say("no-longer-due", was-will, nil)
		}
	}
	var changed []string
	for _, e := range c.b.Elements {
		before, after := c.a.Kept[e.Code], c.b.Kept[e.Code]
		if c.a.Activity != "" && (periodOf(before) != periodOf(after) || before.Anchor != after.Anchor) {
			changed = append(changed, e.Code)
		}
	}
	if len(changed) > 0 {
		c.say("element-retention", len(changed), changed)
	}
	if c.a.Activity != "" && c.a.Retention.Round != c.b.Retention.Round {
		c.say("round-changed", 1, []string{c.b.Retention.Round})
	}
	return nil
}

// leastKept are the periods that documents demand which rows cite: the correspondence
// regulation (cl. 57) has papers kept for ten years as a rule. Shorter is not refused, for
// the regulation has exceptions and the case is not the letter; it is said.
var leastKept = map[string]string{"saraban-2526": "P10Y"}

func (c *comparison) belowRule(before, next *ropa.Revision) {
	short := func(r *ropa.Revision) (out []string) {
		for _, x := range r.Retention {
			least, ok := ropa.ParsePeriod(leastKept[x.BasisRef])
			if kept, given := ropa.ParsePeriod(x.Period); ok && given && kept.InMonths() < least.InMonths() {
				out = append(out, r.DocumentTitle(x.BasisRef)+" "+leastKept[x.BasisRef])
			}
		}
		return out
	}
	if x := without(short(next), short(before)); len(x) > 0 {
		c.say("retention-below-rule", len(x), x)
	}
}

func periodOf(r policy.Retention) ropa.Period {
	return ropa.Period{Years: r.Years, Months: r.Months, Days: r.Days}
}

// Cutoff is the latest moment at which a period may have begun that has ended by now.
func Cutoff(r policy.Retention, now time.Time) time.Time {
	if periodOf(r) == (ropa.Period{}) {
		return time.Unix(0, 0) // no period ends
	}
	t := now.AddDate(-r.Years, -r.Months, -r.Days-4) // surely early enough: months differ by three days
	for next := t.AddDate(0, 0, 1); !r.DueAt(next).After(now); next = t.AddDate(0, 0, 1) {
		t = next
	}
	minutes := sort.Search(24*60, func(m int) bool { return r.DueAt(t.Add(time.Duration(m+1) * time.Minute)).After(now) })
	return t.Add(time.Duration(minutes) * time.Minute)
}

func (c *comparison) recipients() error {
	routes := func(s *policy.Snapshot) (out []string) {
		for _, r := range s.Recipients {
			for _, m := range r.Members {
				for _, via := range r.Via {
					out = append(out, m+" "+via)
				}
			}
		}
		sort.Strings(out)
		return out
	}
	abroad := func(s *policy.Snapshot) (out []string) {
		for _, t := range s.Transfers {
			out = append(out, t.Code)
		}
		return out
	}
	c.names("route-opened", "route-refused", routes(c.a), routes(c.b))
	c.names("transfer-opened", "transfer-refused", abroad(c.a), abroad(c.b))
	for _, r := range c.b.Recipients {
		i := slices.IndexFunc(c.a.Recipients, func(x policy.Recipient) bool { return x.Org == r.Org })
		if i < 0 {
			continue
		}
		if x := without(c.a.Recipients[i].Elements, r.Elements); len(x) > 0 {
			c.say("disclosure-narrower", len(x), x, "recipient", r.Org)
		}
		if x := without(r.Elements, c.a.Recipients[i].Elements); len(x) > 0 {
			c.say("disclosure-wider", len(x), x, "recipient", r.Org)
		}
	}
	return nil
}

func (c *comparison) levels() error {
	list := func(s *policy.Snapshot) (out []string) {
		for _, l := range s.Levels {
			out = append(out, l.Code+" "+l.Basis)
		}
		return out
	}
	c.names("level-opened", "level-refused", list(c.a), list(c.b))
	return nil
}

// rules are the scheduled tasks, the checks at handing over, and publication.
func (c *comparison) rules() error {
	if c.a.Activity == "" {
		return nil
	}
	if c.a.Review != c.b.Review {
		c.say("review-changed", 1, nil)
	}
	if c.a.Monitoring != c.b.Monitoring {
		c.say("monitoring-changed", 1, nil)
	}
	if !slices.Equal(c.a.Transfer.PreChecks, c.b.Transfer.PreChecks) || !slices.Equal(c.a.Transfer.DeliveryChecks, c.b.Transfer.DeliveryChecks) {
		c.say("checks-changed", len(c.b.Transfer.PreChecks)+len(c.b.Transfer.DeliveryChecks), nil)
	}
	if c.a.Public != c.b.Public {
		kind := "publication-refused"
		if c.b.Public {
			kind = "publication-opened"
		}
		c.say(kind, 1, nil)
	}
	c.names("right-added", "right-removed", c.a.Rights, c.b.Rights)
	return nil
}

// notice compares the texts that the two revisions generate, for one agency that
// stands for all.
func (c *comparison) notice() error {
	n := -1
	if c.w.Known {
		n = c.w.Sites
	}
	for _, lang := range []string{"th", "en"} {
		contact := policy.Contact{Agency: policy.Text{TH: "-", EN: "-"}, Email: "-"}
		after, err := policy.GenerateNotice(c.b, contact, lang)
		if err != nil {
			c.say("notice-refused", n, nil, "reason", err.Error())
			return nil
		}
		before, err := policy.GenerateNotice(c.a, contact, lang)
		if err != nil || before.Text() != after.Text() {
			c.say("notice-republished", n, nil)
			return nil
		}
	}
	return nil
}
