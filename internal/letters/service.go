package letters

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
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
	hooks []Hook
	seals seals
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
}

// OnAction has f told of each action on a letter.
func (s *Service) OnAction(f Hook) { s.hooks = append(s.hooks, f) }

// Writing is a letter as its drafter gives it. Agency is whose letter it is.
type Writing struct {
	Agency     string
	Kind       Kind
	Series     string
	Urgency    Urgency
	To, ToName string
	Subject    string
	About      string
	Content    Content
}

const (
	maxLine  = 500
	maxParas = 200
)

// Draft stores a new letter. What the drafter leaves out is filled in: the head of the
// letter from the agency, the addressee from the one it goes to.
func (s *Service) Draft(ctx context.Context, a policy.Actor, w Writing) (l Letter, err error) {
	put, err := s.Prepare(ctx, a, w)
	if err != nil {
		return Letter{}, err
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) error { l, err = put(tx); return err })
	return l, err
}

// Prepare seals a new letter; what it returns stores it in the caller's transaction.
func (s *Service) Prepare(ctx context.Context, a policy.Actor, w Writing) (put func(tx *db.Tx) (Letter, error), err error) {
	if w.Agency == "" {
		w.Agency = a.Agency
	}
	if !policy.May(a, "letter.draft", w.Agency) {
		return nil, errs.New(errs.Forbidden, "error.forbidden")
	}
	if err := s.complete(&w); err != nil {
		return nil, err
	}
	l := Letter{ID: db.NewID(), Agency: w.Agency, Kind: w.Kind, State: Draft, Series: w.Series, Secrecy: NoSecrecy, Urgency: w.Urgency, To: w.To, ToName: w.ToName, Subject: w.Subject, About: w.About, DraftedBy: a.Account, VerifyCode: rand.Text()}
	subject, err := s.Vault.NewSubject(ctx, s.Now())
	if err != nil {
		return nil, err
	}
	l.subjectKey = subject.ID
	if l.content, err = sealContent(subject, l.ID, &w.Content); err != nil {
		return nil, err
	}
	if err := s.Vault.Keep(ctx, subject); err != nil {
		return nil, err
	}
	return func(tx *db.Tx) (Letter, error) {
		l := l // the transaction may run again
		l.CreatedAt, l.ChangedAt, l.Version = tx.Now(), tx.Now(), 1
		if err := insert(tx, &l); err != nil {
			return Letter{}, err
		}
		return l, s.record(tx, a, "draft", &l, map[string]string{"to": l.ToName})
	}, nil
}

func place(id, column string) string { return "letters:" + id + ":" + column }

func sealContent(subject *vault.Subject, id string, c *Content) ([]byte, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	return subject.Seal(place(id, "content"), text), nil
}

func (s *Service) record(tx *db.Tx, a policy.Actor, action string, l *Letter, body map[string]string) error {
	actor := a.Account
	if actor == "" {
		actor = "system"
	}
	if err := insertEvent(tx, l.ID, Event{tx.Now(), action, actor, body}); err != nil {
		return err
	}
	if err := s.Audit.Append(tx, audit.Event{Actor: actor, Action: "letter." + action, Object: "letter:" + l.ID, Body: map[string]any{"state": l.State, "agency": l.Agency, "number": l.NumberText, "secrecy": l.Secrecy, "hash": fmt.Sprintf("%x", l.ContentHash), "meta": body}}); err != nil {
		return err
	}
	for _, hook := range s.hooks {
		if err := hook(tx, a, action, l, body); err != nil {
			return err
		}
	}
	return nil
}

// complete fills in and checks what a drafter gives.
func (s *Service) complete(w *Writing) error {
	agency, ok := s.Agencies.Get(w.Agency)
	if !ok {
		return errs.InvalidField("agency", "error.agency-unknown")
	}
	to, known := s.Agencies.Get(w.To)
	if w.To != "" && !known {
		return errs.InvalidField("to", "error.agency-unknown")
	}
	c := &w.Content
	other := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	if w.Kind == "" {
		w.Kind = External
		// The memo suits bodies of one ministry among themselves; a province is not one of them.
		if known && agency.Kind != org.Provincial && to.Kind != org.Provincial {
			w.Kind = Memo
		}
	}
	other(&w.Series, "ordinary")
	if w.Urgency == "" {
		w.Urgency = NoUrgency
	}
	other(&w.ToName, to.Name.TH)
	other(&c.Office, agency.Name.TH)
	other(&c.Address, agency.Address.TH)
	other(&c.Opening, "เรียน")
	other(&c.Addressee, to.Addressee.TH)
	other(&c.Owner, agency.Name.TH)
	other(&c.Phone, agency.Phone)
	other(&c.Email, agency.Email)
	if w.Kind == External {
		other(&c.Closing, "ขอแสดงความนับถือ")
	}
	if w.ToName == "" {
		w.ToName = c.Addressee
	}
	return w.clean()
}

func (w *Writing) clean() error {
	var bad []errs.Field
	fail := func(name, key string, args ...any) { bad = append(bad, errs.Field{Name: name, Key: key, Args: args}) }
	if !contains(Kinds, w.Kind) {
		fail("kind", "error.letter-kind")
	}
	if w.Series != "ordinary" && w.Series != "circular" {
		fail("series", "error.letter-series")
	}
	if !contains(Urgencies, w.Urgency) {
		fail("urgency", "error.letter-urgency")
	}
	line := func(name string, field *string, required bool) {
		text, err := thai.CleanText(strings.ReplaceAll(*field, "\n", " "), maxLine)
		switch {
		case err != nil:
			fail(name, "error.message-long", "max", maxLine)
		case text == "" && required:
			fail(name, "error.required")
		}
		*field = text
	}
	c := &w.Content
	line("subject", &w.Subject, true)
	line("to_name", &w.ToName, true)
	for _, f := range []*string{&c.Office, &c.Address, &c.Opening, &c.Closing, &c.Owner, &c.Phone, &c.Email} {
		line("content", f, false)
	}
	line("addressee", &c.Addressee, true)
	for _, list := range [][]string{c.Enclosures, c.CopiesTo} {
		for i := range list {
			line("content", &list[i], true)
		}
	}
	for i := range c.References {
		r := &c.References[i]
		line("references", &r.Number, true)
		line("references", &r.Subject, false)
		if _, err := time.Parse(time.DateOnly, r.Date); r.Date != "" && err != nil {
			fail("references", "error.date")
		}
	}
	if len(c.Paragraphs) == 0 || len(c.Paragraphs) > maxParas || len(c.References)+len(c.Enclosures)+len(c.CopiesTo) > maxParas {
		fail("paragraphs", "error.letter-text")
	}
	for i := range c.Paragraphs {
		text, err := thai.CleanText(c.Paragraphs[i], 5000)
		if err != nil || text == "" {
			fail("paragraphs", "error.letter-text")
			break
		}
		c.Paragraphs[i] = text
	}
	// The subject stands in registers that many read; no number of a person belongs there.
	if len(thai.Sensitive(w.Subject)) > 0 {
		fail("subject", "error.letter-subject-personal")
	}
	return errs.InvalidFields(bad)
}

func contains[T comparable](list []T, x T) bool {
	for _, y := range list {
		if y == x {
			return true
		}
	}
	return false
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
	if err != nil {
		return Letter{}, err
	}
	if t.By == "system" != (a.Account == "") || t.By != "system" && !policy.May(a, t.By, l.Agency) {
		return Letter{}, errs.New(errs.Forbidden, "error.forbidden")
	}
	l.State = t.To
	body, err := rule(tx, &l)
	if err != nil {
		return Letter{}, err
	}
	if err := update(tx, &l); err != nil {
		return Letter{}, err
	}
	return l, s.record(tx, a, action, &l, body)
}

// maySee: letters with a class are for those who keep them, and for who drafted them.
func maySee(a policy.Actor, l *Letter) bool {
	if l.Secrecy != NoSecrecy && l.DraftedBy != a.Account && !policy.May(a, "letter.secret", l.Agency) {
		return false
	}
	return policy.May(a, "letter.read", l.Agency)
}

// Revise replaces what a draft says.
func (s *Service) Revise(ctx context.Context, a policy.Actor, id string, w Writing) (Letter, error) {
	old, err := s.Get(ctx, a, id)
	if err != nil {
		return Letter{}, err
	}
	w.Agency = old.Agency
	if old.About != "" { // what a referral discloses, and to whom, is not the editor's to change
		w.To, w.ToName = old.To, old.ToName
	}
	if err := s.complete(&w); err != nil {
		return Letter{}, err
	}
	subject, err := s.Vault.Subject(ctx, old.subjectKey)
	if err != nil {
		return Letter{}, err
	}
	sealed, err := sealContent(subject, id, &w.Content)
	if err != nil {
		return Letter{}, err
	}
	return s.change(ctx, a, id, "revise", func(_ *db.Tx, l *Letter) (map[string]string, error) {
		l.Kind, l.Series, l.Urgency, l.To, l.ToName, l.Subject, l.content = w.Kind, w.Series, w.Urgency, w.To, w.ToName, w.Subject, sealed
		return nil, nil
	})
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
		signs, ok, err := org.Signs(tx, a.Account, l.Agency)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, errs.New(errs.Forbidden, "error.letter-signatory")
		}
		if a.Account == l.DraftedBy {
			return nil, errs.New(errs.Forbidden, "error.letter-four-eyes")
		}
		if l.Version != old.Version { // what was read is what is signed
			return nil, errs.New(errs.Conflict, "error.conflict")
		}
		if l.ClassifiedBy == "" {
			if _, err := s.mayClassify(a, l); err != nil {
				return nil, err
			}
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

// Get returns a letter that the actor may know of, without its content.
func (s *Service) Get(ctx context.Context, a policy.Actor, id string) (l Letter, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error { l, err = one(tx, `id = $1`, id); return err })
	if err == nil && !maySee(a, &l) {
		err = errs.New(errs.NotFound, "error.letter-not-found")
	}
	if err != nil {
		return Letter{}, err
	}
	return l, nil
}

// History is what happened to a letter, oldest first.
func (s *Service) History(ctx context.Context, a policy.Actor, id string) (out []Event, err error) {
	if _, err := s.Get(ctx, a, id); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(tx *db.Tx) error { out, err = history(tx, id); return err })
	return out, err
}

// List lists letters that the actor may know of, newest first.
func (s *Service) List(ctx context.Context, a policy.Actor, f Filter) (out []Letter, err error) {
	all, own := policy.Reach(a, "letter.read")
	if !all {
		if own == "" || f.Agency != "" && f.Agency != own {
			return nil, errs.New(errs.Forbidden, "error.forbidden")
		}
		f.Agency = own
	}
	everySecret, ownSecrets := policy.Reach(a, "letter.secret")
	secret := everySecret || ownSecrets != "" && ownSecrets == f.Agency
	err = s.DB.Read(ctx, func(tx *db.Tx) error { out, err = list(tx, f, secret, a.Account); return err })
	return out, err
}

// About lists the letters that were written for something.
func (s *Service) About(tx *db.Tx, about string) ([]Letter, error) {
	return many(tx, `about = $1 ORDER BY id`, about)
}

// Read returns a letter with its content, opened for the actor; the reading is logged.
func (s *Service) Read(ctx context.Context, a policy.Actor, id string) (Letter, Content, error) {
	l, err := s.Get(ctx, a, id)
	if err != nil {
		return Letter{}, Content{}, err
	}
	plain, err := s.Processing.Read(ctx, a, processing.Request{Activity: Activity, Purpose: Purpose, Items: []vault.Sealed{l.sealed()}, Detail: "letter"})
	if err != nil {
		return Letter{}, Content{}, err
	}
	c, err := l.decode(plain[0])
	return l, c, err
}

func (l *Letter) sealed() vault.Sealed {
	return vault.Sealed{Subject: l.subjectKey, Element: processing.Content, Place: place(l.ID, "content"), Data: l.content}
}

// decode decodes the content and holds it to what was approved.
func (l *Letter) decode(plain []byte) (Content, error) {
	var c Content
	if err := json.Unmarshal(plain, &c); err != nil {
		return Content{}, err
	}
	if l.ContentHash == nil {
		return c, nil
	}
	sum, err := l.hash(&c)
	if err == nil && !bytes.Equal(sum, l.ContentHash) {
		err = errs.New(errs.Internal, "error.letter-altered")
	}
	return c, err
}
