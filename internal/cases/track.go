package cases

import (
	"context"
	"crypto/hmac"
	"slices"
	"strconv"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/thai"
	"prasan/internal/vault"
)

// Find checks a reference and its tracking code and returns the case's id. An unknown
// reference and a wrong code give the same error after the same work.
func (s *Service) Find(ctx context.Context, reference, code, addr string) (caseID string, err error) {
	allowed := true
	err = s.DB.InTx(ctx, func(tx *db.Tx) (err error) {
		allowed, err = s.Limits.Allow(tx, "track", addr, 30, 15*time.Minute)
		if err == nil && allowed {
			allowed, err = s.Limits.Allow(tx, "track-ref", clean(reference), 20, time.Hour)
		}
		return err
	})
	if err != nil {
		return "", err
	}
	if !allowed {
		return "", errs.New(errs.TooMany, "error.too-many")
	}
	ref, _ := Reference(reference) // one that cannot be is looked up all the same
	want := make([]byte, 32)
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT id, tracking_hash FROM cases WHERE reference = $1`, []any{ref}, &caseID, &want)
	})
	if err != nil && errs.KindOf(err) != errs.NotFound {
		return "", err
	}
	if !hmac.Equal(want, mac(s.trackKey, []byte(cleanCode(code)))) {
		return "", errs.New(errs.NotFound, "error.case-not-found")
	}
	return caseID, nil
}

// ViewPublic is a case as its sender sees it. The caller has checked the code.
func (s *Service) ViewPublic(ctx context.Context, caseID string) (View, error) {
	var c Case
	var evs []Event
	var files []stored
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		if c, err = queryCase(tx, `id = $1`, caseID); err != nil {
			return err
		}
		if evs, err = events(tx, caseID, true); err != nil {
			return err
		}
		files, err = attachments(tx, caseID)
		return err
	})
	if err != nil {
		return View{}, err
	}
	items := []vault.Sealed{c.sealedMessage()}
	for i := range evs {
		items = append(items, evs[i].sealedText(&c))
	}
	for i := range files {
		items = append(items, files[i].sealedName(&c))
	}
	plain, err := s.Processing.Owner(ctx, items)
	if err != nil {
		return View{}, err
	}
	return s.view(&c, evs, files, plain), nil
}

// told are the events whose text is meant for the sender, or is his own. A reason that
// one officer gives another stays in the office, though the step itself is shown.
var told = []string{"ask", "inform", "answer", "redirect", "close", "reply", "hear", "write", "reopen", "refer-result"}

// IsTold tells whether the sender reads the event's text.
func (e Event) IsTold() bool { return slices.Contains(told, e.Kind) }

func (s *Service) view(c *Case, evs []Event, files []stored, plain [][]byte) View {
	name, _, _ := s.Agency(c.Agency)
	if at := holderOf(c, evs); at != "" {
		name, _, _ = s.Agency(at)
	}
	v := View{CaseID: c.ID, Reference: c.Reference, State: publicState(c), Topic: c.Topic, Lang: c.Lang, Agency: c.Agency, Holder: name, ReceivedAt: c.ReceivedAt, ReplyBy: c.DueAt, ClockLeft: c.ClockLeft, AnsweredAt: c.AnsweredAt,
		Message: string(plain[0]), WithholdName: c.WithholdName, HasEmail: hasElement(c, "email"), EmailVerified: !c.EmailVerified.IsZero(), Rating: c.Rating}
	byEvent := map[string][]Attachment{}
	for i := range files {
		a := files[i].Attachment
		a.Name = string(plain[1+len(evs)+i])
		byEvent[files[i].eventID] = append(byEvent[files[i].eventID], a)
	}
	for i, e := range evs {
		if e.Kind == "quarantine" {
			e.Kind, e.To = "receive", Received
		}
		text := ""
		if e.IsTold() {
			text = string(plain[1+i])
		}
		v.Events = append(v.Events, PublicEvent{At: e.At, Kind: e.Kind, Stage: e.To, Text: text, ByOffice: e.Actor != "sender" && e.Kind != "receive", Meta: publicMeta(e.Meta), Attachments: byEvent[e.ID]})
		if e.Kind == "receive" {
			v.Attachments = byEvent[e.ID]
		}
	}
	v.CanWrite = c.Open()
	v.CanAccept = c.State == Answered
	v.CanReopen = s.mayReopen(c)
	v.CanRate = (c.State == Answered || c.State == Closed) && c.Rating == 0 && !c.AnsweredAt.IsZero()
	return v
}

// publicState shows a quarantined message as received: who sends unwanted mail learns
// nothing, and who was quarantined by mistake loses nothing.
func publicState(c *Case) State {
	switch {
	case c.State == Quarantined:
		return Received
	case c.State == Referred && c.Parked: // its letter has not left yet
		return Considering
	}
	return c.State
}

// publicMeta keeps what the sender may see of an event.
func publicMeta(m map[string]string) map[string]string {
	out := map[string]string{}
	for _, k := range []string{"via", "agency", "result", "body"} {
		if m[k] != "" {
			out[k] = m[k]
		}
	}
	return out
}

func (s *Service) mayReopen(c *Case) bool {
	since := c.AnsweredAt
	if c.ClosedAt.After(since) {
		since = c.ClosedAt
	}
	return (c.State == Answered || c.State == Closed) && c.QuarantineWhy == "" && s.Now().Before(since.Add(s.Config.ReopenWithin))
}

// Write adds what the sender writes; where he had been asked, it answers the question
// and the clock goes on.
func (s *Service) Write(ctx context.Context, caseID, text string, files []Staged) error {
	return s.write(ctx, caseID, text, files, nil, func(*db.Tx) error { return nil })
}

func (s *Service) write(ctx context.Context, caseID, text string, files []Staged, meta map[string]string, also func(tx *db.Tx) error) error {
	text, err := cleanMessage("message", text)
	if err != nil {
		return err
	}
	if len(files) > MaxAttachments {
		return errs.InvalidField("attachment", "error.attachment-many", "max", MaxAttachments)
	}
	for _, f := range files {
		if err := s.Files.Adopt(ctx, f.ID); err != nil {
			return err
		}
	}
	c, err := s.byID(ctx, caseID)
	if err != nil {
		return err
	}
	action := "write"
	if c.State == AwaitingSender {
		action = "reply"
	}
	_, err = s.apply(ctx, caseID, change{action: action, text: text, files: files, meta: meta, after: func(tx *db.Tx, _ *Case, _ *Event) error { return also(tx) }, rule: func(tx *db.Tx, c *Case) error {
		within, err := s.Limits.Allow(tx, "write", caseID, 20, time.Hour)
		if err != nil {
			return err
		}
		if !within {
			return errs.New(errs.TooMany, "error.too-many")
		}
		startClock(tx.Now(), c)
		return nil
	}})
	return err
}

// startClock lets the clock that was stopped to ask the sender go on.
func startClock(now time.Time, c *Case) {
	if c.ClockLeft > 0 {
		c.DueAt, c.ClockLeft = now.Add(c.ClockLeft), 0
	}
}

// Accept is the sender's word that the matter is done.
func (s *Service) Accept(ctx context.Context, caseID string) error {
	_, err := s.apply(ctx, caseID, change{action: "accept", meta: map[string]string{"result": "accepted"}, rule: func(tx *db.Tx, c *Case) error {
		c.Result = "accepted"
		return s.end(tx, c)
	}})
	return err
}

// end closes a case and sets its due date from the record: retention begins at the
// anchor that the record names.
func (s *Service) end(tx *db.Tx, c *Case) error {
	snap, err := s.snapshot()
	if err != nil {
		return err
	}
	c.ClosedAt = tx.Now()
	c.DestroyAt = snap.DueAt(c.ClosedAt)
	c.ClockLeft, c.Parked = 0, false
	return nil
}

// Reopen takes the case up again because the answer did not settle it.
func (s *Service) Reopen(ctx context.Context, caseID, text string) error {
	text, err := cleanMessage("message", text)
	if err != nil {
		return err
	}
	_, err = s.apply(ctx, caseID, change{action: "reopen", text: text, rule: func(tx *db.Tx, c *Case) error {
		before := *c
		before.State = Answered
		if !s.mayReopen(&before) {
			return errs.New(errs.Conflict, "error.reopen-late")
		}
		s.again(tx, c)
		return nil
	}})
	return err
}

// again makes a case that was at its end one that is worked on.
func (s *Service) again(tx *db.Tx, c *Case) {
	c.ClosedAt, c.DestroyAt, c.Result = time.Time{}, time.Time{}, ""
	c.DueAt = s.dueAt(tx.Now())
}

// Rate keeps the sender's opinion, 1 to 5.
func (s *Service) Rate(ctx context.Context, caseID string, stars int, text string) error {
	if stars < 1 || stars > 5 {
		return errs.InvalidField("rating", "error.rating")
	}
	clean, err := thai.CleanText(text, 1000)
	if err != nil {
		return errs.InvalidField("rating_text", "error.message-long", "max", 1000)
	}
	_, err = s.apply(ctx, caseID, change{action: "rate", text: clean, meta: map[string]string{"stars": strconv.Itoa(stars)}, rule: func(tx *db.Tx, c *Case) error {
		if c.Rating != 0 {
			return errs.New(errs.Conflict, "error.rated")
		}
		c.Rating = stars
		return nil
	}})
	return err
}

func cleanMessage(field, text string) (string, error) {
	clean, err := thai.CleanText(text, MaxMessage)
	if err != nil {
		return "", errs.InvalidField(field, "error.message-long", "max", MaxMessage)
	}
	if clean == "" {
		return "", errs.InvalidField(field, "error.message-empty")
	}
	return clean, nil
}

// HolderName is the name of the agency that holds a case.
func (s *Service) HolderName(agency string) policy.Text {
	name, _, _ := s.Agency(agency)
	return name
}
