package analytics

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
)

// Kinds of what people make of the numbers.
const (
	KindSegment    = "segment"
	KindFormat     = "format"
	KindGoal       = "goal"
	KindEvaluation = "evaluation"
	KindPlan       = "plan"
	KindAnnotation = "annotation"
	KindSchedule   = "schedule"
	KindAlert      = "alert"
)

// Thing is what all of them have; each kind has a body of its own.
type Thing struct {
	ID        string
	Kind      string
	Agency    string // whose it is
	Parent    string // of an evaluation and a plan: the goal; of a schedule: the format
	State     string
	Version   int64
	By        string
	CreatedAt time.Time
	ChangedAt time.Time
}

// Of is a thing with its body.
type Of[T any] struct {
	Thing
	Body T
}

const thingColumns = `id, kind, agency, parent, state, version, created_by, created_at, changed_at, body`

func scanThing[T any](scan func(...any) error) (x Of[T], err error) {
	var created, changed int64
	var body string
	if err := scan(&x.ID, &x.Kind, &x.Agency, &x.Parent, &x.State, &x.Version, &x.By, &created, &changed, &body); err != nil {
		return x, err
	}
	x.CreatedAt, x.ChangedAt = db.Time(created), db.Time(changed)
	return x, json.Unmarshal([]byte(body), &x.Body)
}

// thing reads one of a kind; one of another kind is not there.
func thing[T any](tx *db.Tx, kind, id string) (Of[T], error) {
	return scanThing[T](func(dest ...any) error {
		return tx.QueryRow(`SELECT `+thingColumns+` FROM usage_things WHERE id = $1 AND kind = $2`, []any{id, kind}, dest...)
	})
}

// things lists those of a kind that an actor may see, the newest first.
func things[T any](tx *db.Tx, s *Service, actor policy.Actor, kind, parent string) (out []Of[T], err error) {
	query, args := `SELECT `+thingColumns+` FROM usage_things WHERE kind = $1 ORDER BY id DESC`, []any{kind}
	if parent != "" {
		query, args = `SELECT `+thingColumns+` FROM usage_things WHERE kind = $1 AND parent = $2 ORDER BY id DESC`, []any{kind, parent}
	}
	err = tx.Each(query, args, func(rows rowScanner) error {
		x, err := scanThing[T](rows.Scan)
		if err == nil && s.may(actor, ActionRead, x.Agency) {
			out = append(out, x)
		}
		return err
	})
	return out, err
}

// list is things in a reading of its own.
func list[T any](ctx context.Context, s *Service, actor policy.Actor, kind, parent string) (out []Of[T], err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		out, err = things[T](tx, s, actor, kind, parent)
		return err
	})
	return out, err
}

// create stores a new thing with its first version and says so in the audit.
func create[T any](tx *db.Tx, s *Service, by string, t Thing, body T) (Of[T], error) {
	t.ID, t.By, t.Version, t.CreatedAt, t.ChangedAt = db.NewID(), by, 1, tx.Now(), tx.Now()
	text, err := json.Marshal(body)
	if err != nil {
		return Of[T]{}, err
	}
	if _, err := tx.Exec(`INSERT INTO usage_things (id, kind, agency, parent, state, body, version, created_by, created_at, changed_at) VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $8, $9)`,
		t.ID, t.Kind, t.Agency, t.Parent, t.State, string(text), by, db.Micros(tx.Now()), db.Micros(tx.Now())); err != nil {
		return Of[T]{}, err
	}
	return Of[T]{t, body}, s.wrote(tx, by, t, string(text))
}

// change stores a new version; the ones before stay.
func change[T any](tx *db.Tx, s *Service, by string, x Of[T]) (Of[T], error) {
	text, err := json.Marshal(x.Body)
	if err != nil {
		return x, err
	}
	n, err := tx.Exec(`UPDATE usage_things SET state = $1, body = $2, version = version + 1, changed_at = $3 WHERE id = $4 AND version = $5`, x.State, string(text), db.Micros(tx.Now()), x.ID, x.Version)
	if err != nil {
		return x, err
	}
	if n == 0 {
		return x, errs.New(errs.Conflict, "analytics.error-changed")
	}
	x.Version++
	x.ChangedAt = tx.Now()
	return x, s.wrote(tx, by, x.Thing, string(text))
}

func (s *Service) wrote(tx *db.Tx, by string, t Thing, body string) error {
	if _, err := tx.Exec(`INSERT INTO usage_versions (thing, version, body, at, account) VALUES ($1, $2, $3, $4, $5)`, t.ID, t.Version, body, db.Micros(tx.Now()), by); err != nil {
		return err
	}
	return s.Audit.Append(tx, audit.Event{Actor: by, Action: "usage." + t.Kind, Object: t.Kind + ":" + t.ID, Body: map[string]any{"state": t.State, "version": t.Version, "agency": t.Agency}})
}

// Version is a body that was.
type Version struct {
	Version int64
	Body    json.RawMessage
	At      time.Time
	By      string
}

// Versions lists what a thing was, the newest first.
func (s *Service) Versions(ctx context.Context, actor policy.Actor, id string) (out []Version, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		out = nil
		var agency string
		if err := tx.QueryRow(`SELECT agency FROM usage_things WHERE id = $1`, []any{id}, &agency); err != nil {
			return err
		}
		if !s.may(actor, ActionRead, agency) {
			return errs.New(errs.NotFound, "error.not-found")
		}
		return tx.Each(`SELECT version, body, at, account FROM usage_versions WHERE thing = $1 ORDER BY version DESC`, []any{id}, func(rows rowScanner) error {
			var v Version
			var at int64
			var body string
			err := rows.Scan(&v.Version, &body, &at, &v.By)
			v.At, v.Body = db.Time(at), json.RawMessage(body)
			out = append(out, v)
			return err
		})
	})
	return out, err
}

// work opens a thing for one who may work on it. One that he may not even see is not
// there for him.
func work[T any](tx *db.Tx, s *Service, actor policy.Actor, action, kind, id string) (Of[T], error) {
	x, err := thing[T](tx, kind, id)
	if err != nil {
		return x, err
	}
	if !s.may(actor, ActionRead, x.Agency) {
		return x, errs.New(errs.NotFound, "error.not-found")
	}
	if !s.may(actor, action, x.Agency) {
		return x, errs.New(errs.Forbidden, "error.forbidden")
	}
	return x, nil
}

// owner is the agency whose a thing about some sites becomes: of the one agency that
// they belong to, else the actor's, who then must reach all of them.
func (s *Service) owner(actor policy.Actor, hosts []string) (string, error) {
	agency := actor.Agency
	for i, h := range hosts {
		a, ok := s.agencyOf(h)
		if !ok || !s.may(actor, ActionRead, a) {
			return "", errs.InvalidField("hosts", "analytics.error-site", "host", h)
		}
		if i == 0 {
			agency = a
		} else if a != agency {
			agency = actor.Agency
		}
	}
	if !s.may(actor, ActionWork, agency) {
		return "", errs.New(errs.Forbidden, "error.forbidden")
	}
	return agency, nil
}

// Segment is a set of filters with a name.
type Segment struct {
	Name    string   `json:"name"`
	Hosts   []string `json:"hosts,omitempty"`
	Filters []Filter `json:"filters"`
}

// SaveSegment stores a segment.
func (s *Service) SaveSegment(ctx context.Context, actor policy.Actor, b Segment) (out Of[Segment], err error) {
	q := Query{Filters: b.Filters}
	if err := named(&b.Name, q.check()); err != nil {
		return out, err
	}
	agency, err := s.owner(actor, b.Hosts)
	if err != nil {
		return out, err
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) (err error) {
		out, err = create(tx, s, actor.Account, Thing{Kind: KindSegment, Agency: agency, State: "saved"}, b)
		return err
	})
	return out, err
}

// Segments lists them.
func (s *Service) Segments(ctx context.Context, actor policy.Actor) ([]Of[Segment], error) {
	return list[Segment](ctx, s, actor, KindSegment, "")
}

const maxName = 200

// named cleans a name and puts its error beside another one.
func named(name *string, other error) error {
	*name = line(*name, maxName)
	if *name == "" {
		return errs.InvalidField("name", "error.required")
	}
	return other
}

// line is a text of one line as somebody of the office wrote it.
func line(s string, max int) string {
	r := []rune(visible(s))
	return string(r[:min(len(r), max)])
}

// Annotation is a note at a day of the charts.
type Annotation struct {
	Day   int64    `json:"day"`
	Text  string   `json:"text"`
	Hosts []string `json:"hosts,omitempty"`
}

// Annotate stores a note.
func (s *Service) Annotate(ctx context.Context, actor policy.Actor, b Annotation) (out Of[Annotation], err error) {
	if b.Text = line(b.Text, 500); b.Text == "" {
		return out, errs.InvalidField("text", "error.required")
	}
	agency, err := s.owner(actor, b.Hosts)
	if err != nil {
		return out, err
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) (err error) {
		out, err = create(tx, s, actor.Account, Thing{Kind: KindAnnotation, Agency: agency, State: "saved"}, b)
		return err
	})
	return out, err
}

// Annotations are the notes of a period, those of plans' finished actions among them.
func (s *Service) Annotations(ctx context.Context, actor policy.Actor, q Query) (out []Annotation, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		out = nil
		notes, err := things[Annotation](tx, s, actor, KindAnnotation, "")
		if err != nil {
			return err
		}
		for _, n := range notes {
			out = append(out, n.Body)
		}
		plans, err := things[Plan](tx, s, actor, KindPlan, "")
		for _, p := range plans {
			for _, a := range p.Body.Actions {
				if a.State == ActionDone {
					out = append(out, Annotation{Day: a.DoneOn, Text: fmt.Sprintf("%s: %s", p.Body.Name, a.Text), Hosts: p.Body.Hosts})
				}
			}
		}
		return err
	})
	kept := out[:0]
	for _, a := range out {
		if a.Day >= q.From && a.Day <= q.To && overlap(a.Hosts, q.Hosts) {
			kept = append(kept, a)
		}
	}
	return kept, err
}

func overlap(a, b []string) bool {
	if len(a) == 0 || len(b) == 0 {
		return true
	}
	for _, x := range a {
		for _, y := range b {
			if x == y {
				return true
			}
		}
	}
	return false
}
