package letters

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"strings"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/thai"
	"prasan/internal/vault"
)

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

// PrepareDrawn is Prepare for a letter that the program draws up: anybody of the office who
// may sign may sign it.
func (s *Service) PrepareDrawn(ctx context.Context, w Writing) (put func(tx *db.Tx) (Letter, error), err error) {
	return s.prepare(ctx, policy.Actor{}, w)
}

// Prepare seals a new letter; what it returns stores it in the caller's transaction.
func (s *Service) Prepare(ctx context.Context, a policy.Actor, w Writing) (put func(tx *db.Tx) (Letter, error), err error) {
	if w.Agency == "" {
		w.Agency = a.Agency
	}
	if !policy.May(a, "letter.draft", w.Agency) {
		return nil, errs.New(errs.Forbidden, "error.forbidden")
	}
	return s.prepare(ctx, a, w)
}

func (s *Service) prepare(ctx context.Context, a policy.Actor, w Writing) (put func(tx *db.Tx) (Letter, error), err error) {
	if err := s.complete(&w); err != nil {
		return nil, err
	}
	l := Letter{ID: db.NewID(), Agency: w.Agency, Kind: w.Kind, State: Draft, Series: w.Series, Secrecy: NoSecrecy, Urgency: w.Urgency, To: w.To, ToName: w.ToName, Subject: w.Subject, About: w.About, DraftedBy: orSystem(a.Account), VerifyCode: rand.Text()}
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
		l.destroyAt = s.dueAt(tx.Now())
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
	other(&c.Addressee, w.ToName) // who is in no directory is addressed as he was named
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
