package breach

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/jobs"
	"prasan/internal/letters"
	"prasan/internal/mail"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/ropa"
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
	Mail       *mail.Service
	Record     func(activity string) *policy.Snapshot
	// Named are the accounts that the principals of the record stand for in a matter of an
	// agency, with their addresses: people of the ministry alone, who may be told of a drill.
	Named func(tx *db.Tx, snap *policy.Snapshot, list []policy.Principal, agency string) (map[string]string, error)
	// Tell queues a notice to each of the persons whose data it is; it returns how many
	// could be reached.
	Tell  func(ctx context.Context, actor policy.Actor, subjects []string, text string) (int, error)
	Now   func() time.Time
	Terms Terms

	Letters *letters.Service
	// Contact and Labels are what the notice says of the agency and calls the data.
	Contact  func(agency string) policy.Contact
	Labels   func(activity string) map[string]string
	Measures Measures
}

// Service is what can be done about breaches.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service {
	s := &Service{d}
	d.Letters.OnAction(s.onLetter)
	return s
}

const jobAlarm = "breach.alarm"

// Register tells the queue what this package's jobs do.
func (s *Service) Register() { s.Jobs.Handle(jobAlarm, s.Alarm) }

// Report is what anyone says who has seen something.
type Report struct {
	Agency       string
	Activity     string
	Kinds        []string
	Channel      string
	Description  string
	OccurredFrom time.Time
	OccurredTo   time.Time
	Drill        bool
}

func (r *Report) check() error {
	var bad []errs.Field
	text, err := thai.CleanText(r.Description, 5000)
	if err != nil || text == "" {
		bad = append(bad, errs.Field{Name: "description", Key: "error.required"})
	}
	r.Description = text
	if len(r.Kinds) == 0 || slices.ContainsFunc(r.Kinds, func(k string) bool { return !slices.Contains(Kinds, k) }) {
		bad = append(bad, errs.Field{Name: "kinds", Key: "error.breach-kind"})
	}
	if !slices.Contains(Channels, r.Channel) {
		bad = append(bad, errs.Field{Name: "channel", Key: "error.channel"})
	}
	if r.OccurredFrom.IsZero() || r.OccurredTo.Before(r.OccurredFrom) {
		bad = append(bad, errs.Field{Name: "occurred_to", Key: "error.period"})
	}
	return errs.InvalidFields(bad)
}

// Report takes a report down. What it says is sealed with a key of its own.
func (s *Service) Report(ctx context.Context, a policy.Actor, r Report) (Breach, error) {
	if err := r.check(); err != nil {
		return Breach{}, err
	}
	if !policy.May(a, "breach.report", r.Agency) {
		return Breach{}, errs.New(errs.Forbidden, "error.forbidden")
	}
	if s.Record(r.Activity) == nil {
		return Breach{}, errs.InvalidField("activity", "error.no-record")
	}
	subject, err := s.Vault.NewSubject(ctx, s.Now())
	if err != nil {
		return Breach{}, err
	}
	b := Breach{ID: db.NewID(), Agency: r.Agency, Activity: r.Activity, Drill: r.Drill, State: Reported, Kinds: r.Kinds, Channel: r.Channel, OccurredFrom: r.OccurredFrom, OccurredTo: r.OccurredTo, ReportedBy: a.Account, subjectKey: subject.ID}
	b.description = subject.Seal(place(b.ID), []byte(r.Description))
	if err := s.Vault.Keep(ctx, subject); err != nil {
		return Breach{}, err
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		b.ReportedAt, b.Version = tx.Now(), 1
		if err := insert(tx, &b); err != nil {
			return err
		}
		return s.note(tx, &b, a, "report", map[string]string{"channel": b.Channel, "kinds": strings.Join(b.Kinds, ",")})
	})
	return b, err
}

func place(id string) string { return "breaches:" + id + ":description" }

// note writes the history and the audit.
func (s *Service) note(tx *db.Tx, b *Breach, a policy.Actor, kind string, body map[string]string) error {
	if err := insertEvent(tx, b.ID, Event{tx.Now(), kind, a.Account, body}); err != nil {
		return err
	}
	return s.Audit.Append(tx, audit.Event{Actor: a.Account, Action: "breach." + kind, Object: "breach:" + b.ID, Body: map[string]any{"drill": b.Drill, "state": b.State}})
}

// change applies a transition: rule, store, history and audit.
func (s *Service) change(ctx context.Context, a policy.Actor, id, action string, body map[string]string, rule func(tx *db.Tx, b *Breach) error) (Breach, error) {
	var done Breach
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		b, err := lock(tx, id)
		if err != nil {
			return err
		}
		if !policy.May(a, "breach.read", b.Agency) {
			return errs.New(errs.NotFound, "error.not-found")
		}
		t, err := transition(&b, action)
		if err != nil {
			return err
		}
		if !policy.May(a, t.By, b.Agency) {
			return errs.New(errs.Forbidden, "error.forbidden")
		}
		b.State = t.To
		if err := rule(tx, &b); err != nil {
			return err
		}
		if err := update(tx, &b); err != nil {
			return err
		}
		done = b
		return s.note(tx, &b, a, action, body)
	})
	return done, err
}

// BeAware starts the clock: a person knows of the breach now. It is never set again.
func (s *Service) BeAware(ctx context.Context, a policy.Actor, id string) (Breach, error) {
	return s.change(ctx, a, id, "aware", nil, func(tx *db.Tx, b *Breach) error {
		b.AwareAt, b.AwareBy = tx.Now(), a.Account
		for _, after := range s.Terms.Alarms {
			if err := s.Jobs.Enqueue(tx, jobAlarm, alarmed{b.ID, int(after.Hours())}, jobs.At(b.AwareAt.Add(after))); err != nil {
				return err
			}
		}
		return nil
	})
}

// Dismiss ends what turned out to be no breach; the reasons are kept.
func (s *Service) Dismiss(ctx context.Context, a policy.Actor, id, reasons string) (Breach, error) {
	reasons, err := required("reasons", reasons)
	if err != nil {
		return Breach{}, err
	}
	return s.change(ctx, a, id, "dismiss", map[string]string{"reasons": reasons}, func(tx *db.Tx, b *Breach) error {
		b.ClosedAt = tx.Now()
		return nil
	})
}

func required(field, text string) (string, error) {
	clean, err := thai.CleanText(text, 5000)
	if err != nil || clean == "" {
		return "", errs.InvalidField(field, "error.required")
	}
	return clean, nil
}

// Contain notes what was done to contain it.
func (s *Service) Contain(ctx context.Context, a policy.Actor, id, what string) (Breach, error) {
	what, err := required("text", what)
	if err != nil {
		return Breach{}, err
	}
	return s.change(ctx, a, id, "contain", map[string]string{"text": what}, func(_ *db.Tx, b *Breach) error {
		b.Assessment.Contained = strings.TrimSpace(b.Assessment.Contained + "\n" + what)
		return nil
	})
}

// Window narrows what the logs are asked for; zero values do not narrow.
type Window struct {
	From, To time.Time
	Actor    string // account whose acts are looked at
}

// Assess weighs the risk; what was touched is computed from the logs for the window.
func (s *Service) Assess(ctx context.Context, a policy.Actor, id string, as Assessment, w Window) (Breach, error) {
	if err := as.check(); err != nil {
		return Breach{}, err
	}
	before, err := s.Get(ctx, a, id)
	if err != nil {
		return Breach{}, err
	}
	if w.From.IsZero() {
		w.From, w.To = before.OccurredFrom, before.OccurredTo
	}
	action := "assess"
	if before.State == Notified {
		action = "reassess"
	}
	body := map[string]string{"risk": as.Risk}
	return s.change(ctx, a, id, action, body, func(tx *db.Tx, b *Breach) error {
		was := b.Assessment.Risk
		as.Contained = b.Assessment.Contained
		b.Assessment, b.AssessedBy, b.ConfirmedBy = as, a.Account, ""
		if b.Impact, err = impact(tx, b.Activity, w); err != nil || as.Risk == was {
			return err
		}
		n, err := s.tellResponsible(tx, b, was)
		body["people"] = itoa(n)
		return err
	})
}

// tellResponsible mails those whom the record names for the risk as it is now (row 52);
// where it was higher before, also those who were told of that.
func (s *Service) tellResponsible(tx *db.Tx, b *Breach, was string) (int, error) {
	risk, snap := b.Assessment.Risk, s.Record(b.Activity)
	if snap == nil { // nobody is named; that the risk is known must not wait for it
		return 0, nil
	}
	if slices.Index(ropa.RiskLevels, was) < slices.Index(ropa.RiskLevels, risk) {
		was = risk
	}
	meta := map[string]string{"risk": risk}
	if risk != NoRisk && b.NotifiedAt.IsZero() {
		meta["deadline"] = b.Deadline(s.Terms).Format(time.RFC3339)
	}
	return s.mailTo(tx, b, "breach-assessed", snap, snap.ResponsibleAt(was), meta)
}

// mailTo writes to those of the ministry for whom principals of the record stand. The
// mail says that there is something to be seen in the office, and nothing of what it is.
func (s *Service) mailTo(tx *db.Tx, b *Breach, kind string, snap *policy.Snapshot, list []policy.Principal, meta map[string]string) (int, error) {
	people, err := s.Named(tx, snap, list, b.Agency)
	if err != nil {
		return 0, err
	}
	meta["drill"] = drillText(b.Drill)
	for _, address := range people {
		if err := s.Mail.ToStaff(tx, address, mail.Message{Kind: kind, Lang: "th", Agency: b.Agency, Meta: meta}, mail.Body{}); err != nil {
			return 0, err
		}
	}
	return len(people), nil
}

func (as *Assessment) check() error {
	var bad []errs.Field
	if as.Risk != NoRisk && as.Risk != Risk && as.Risk != HighRisk {
		bad = append(bad, errs.Field{Name: "risk", Key: "error.breach-risk"})
	}
	for _, f := range []struct {
		name  string
		value *string
	}{{"reasons", &as.Reasons}, {"effects", &as.Effects}, {"measures", &as.Measures}} {
		clean, err := thai.CleanText(*f.value, 5000)
		if err != nil || clean == "" {
			bad = append(bad, errs.Field{Name: f.name, Key: "error.required"})
		}
		*f.value = clean
	}
	for _, f := range Factors {
		if strings.TrimSpace(as.Factors[f]) == "" {
			bad = append(bad, errs.Field{Name: "factors", Key: "error.breach-factor", Args: []any{"factor", f}})
		}
	}
	return errs.InvalidFields(bad)
}

// Confirm is the second signature on "no risk": that nothing is notified is not one
// person's to say.
func (s *Service) Confirm(ctx context.Context, a policy.Actor, id string) (Breach, error) {
	return s.change(ctx, a, id, "confirm", nil, func(_ *db.Tx, b *Breach) error {
		if a.Account == b.AssessedBy {
			return errs.New(errs.Forbidden, "error.four-eyes-breach")
		}
		b.ConfirmedBy = a.Account
		return nil
	})
}

// NotifySubjects tells the persons whose data it is, through the outbox. In a drill
// nobody is told, and it says how many would have been.
func (s *Service) NotifySubjects(ctx context.Context, a policy.Actor, id, text string) (Breach, error) {
	text, err := required("text", text)
	if err != nil {
		return Breach{}, err
	}
	b, err := s.Get(ctx, a, id)
	if err != nil {
		return b, err
	}
	if _, err := transition(&b, "notify-subjects"); err != nil {
		return b, err
	}
	if !policy.May(a, "breach.decide", b.Agency) {
		return b, errs.New(errs.Forbidden, "error.forbidden")
	}
	keys, err := s.affected(ctx, &b)
	if err != nil {
		return b, err
	}
	n := len(keys)
	if !b.Drill {
		if n, err = s.Tell(ctx, a, keys, text); err != nil {
			return b, err
		}
	}
	return s.change(ctx, a, id, "notify-subjects", map[string]string{"text": text}, func(tx *db.Tx, b *Breach) error {
		b.SubjectsAt, b.SubjectsN = tx.Now(), n
		return nil
	})
}

// Close ends a breach. What must be notified has been; "no risk" has two signatures.
func (s *Service) Close(ctx context.Context, a policy.Actor, id, lessons string) (Breach, error) {
	lessons, err := required("lessons", lessons)
	if err != nil {
		return Breach{}, err
	}
	return s.change(ctx, a, id, "close", nil, func(tx *db.Tx, b *Breach) error {
		switch {
		case b.MustNotify() && b.NotifiedAt.IsZero():
			return errs.New(errs.Conflict, "error.breach-not-notified")
		case b.Assessment.Risk == HighRisk && b.SubjectsAt.IsZero():
			return errs.New(errs.Conflict, "error.breach-subjects")
		case b.Assessment.Risk == NoRisk && b.ConfirmedBy == "":
			return errs.New(errs.Conflict, "error.breach-confirm")
		}
		b.ClosedAt, b.Lessons = tx.Now(), lessons
		return nil
	})
}

// system is who acts where nobody does.
var system = policy.Actor{Account: "system"}

type alarmed struct {
	ID    string `json:"id"`
	Hours int    `json:"hours"`
}

// Alarm is the job that mails the liaison persons of the record while the Office has not been told.
func (s *Service) Alarm(ctx context.Context, j jobs.Job) error {
	var due alarmed
	if err := json.Unmarshal(j.Payload, &due); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		b, err := lock(tx, due.ID)
		if err != nil || b.State == Notified || b.State == Closed || b.State == Dismissed || b.State == Assessed && b.Assessment.Risk == NoRisk && b.ConfirmedBy != "" {
			return err
		}
		snap := s.Record(b.Activity)
		if snap == nil {
			return errs.New(errs.Unavailable, "error.no-record")
		}
		n, err := s.mailTo(tx, &b, "breach-alarm", snap, snap.Liaison, map[string]string{"hours": itoa(due.Hours), "deadline": b.Deadline(s.Terms).Format(time.RFC3339)})
		if err != nil {
			return err
		}
		return s.note(tx, &b, system, "alarm", map[string]string{"hours": itoa(due.Hours), "people": itoa(n)})
	})
}

func drillText(drill bool) string {
	if drill {
		return "การซ้อม / drill"
	}
	return ""
}

// Get returns a breach that the actor may know of.
func (s *Service) Get(ctx context.Context, a policy.Actor, id string) (Breach, error) {
	var b Breach
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) { b, err = one(tx, `id = $1`, id); return err })
	if err == nil && !policy.May(a, "breach.read", b.Agency) {
		return Breach{}, errs.New(errs.NotFound, "error.not-found")
	}
	return b, err
}

// Describe opens what was reported; the reading is logged.
func (s *Service) Describe(ctx context.Context, a policy.Actor, id string) (string, error) {
	b, err := s.Get(ctx, a, id)
	if err == nil && len(b.description) == 0 { // after a round
		err = errs.New(errs.NotFound, "error.key-destroyed")
	}
	if err != nil {
		return "", err
	}
	plain, err := s.Processing.Read(ctx, a, processing.Request{Activity: b.Activity, Purpose: "receive_and_forward", Items: []vault.Sealed{{Subject: b.subjectKey, Element: processing.Content, Place: place(b.ID), Data: b.description}}, Detail: "breach"})
	if err != nil {
		return "", err
	}
	return string(plain[0]), nil
}

// List returns the breaches that the actor may know of, newest first.
func (s *Service) List(ctx context.Context, a policy.Actor) ([]Breach, error) {
	var out []Breach
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		all, err := query(tx, `1 = 1 ORDER BY reported_at DESC, id DESC`)
		out = nil
		for _, b := range all {
			if policy.May(a, "breach.read", b.Agency) {
				out = append(out, b)
			}
		}
		return err
	})
	return out, err
}

// History returns the events of a breach, oldest first.
func (s *Service) History(ctx context.Context, a policy.Actor, id string) ([]Event, error) {
	if _, err := s.Get(ctx, a, id); err != nil {
		return nil, err
	}
	var out []Event
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) { out, err = events(tx, id); return err })
	return out, err
}
