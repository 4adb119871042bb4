package rights

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/limits"
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
	Record     func(activity string) *policy.Snapshot
	Data       Data
	Holders    []Holder // beside Data
	Abroad     Abroad   // nil where nothing is passed on
	// NewReference and NewCode make what the person keeps; as for cases.
	NewReference func() string
	NewCode      func() string
	CleanCode    func(string) string
	Now          func() time.Time
	TargetDays   int // what is promised for every right; never more than the law
	Limits       *limits.Limiter
	Letters      *letters.Service
	Agencies     *org.Directory
	Recipients   func(tx *db.Tx, caseID string) ([]string, error) // agencies to which a case was disclosed
	Held         func(tx *db.Tx, caseID string) (bool, error)     // by an order: nothing of it is erased
	Central      string                                           // the agency that answers what concerns several
}

// Service is what can be done with requests.
type Service struct {
	Deps
	trackKey []byte
}

// New returns the service.
func New(d Deps) *Service {
	s := &Service{Deps: d, trackKey: d.Vault.Derive("rights-tracking")}
	d.Letters.OnAction(s.onLetter)
	return s
}

// activity is the record that requests are about.
const activity = "contact-us"

// Submission is a request as a person makes it, or as an officer takes it down.
type Submission struct {
	Right         string
	Statement     string
	Channel       string
	Lang          string
	CaseReference string
	Code          string // tracking code of the case; shows identity
	ConsentNumber string // of a proof of consent to usage analysis; for an erasure
	Proof         *Proof // another check; the request is about all cases of the person then
	Addr          string
	By            *policy.Actor // the officer at the counter; nil for the person himself
}

// Receipt is what the person keeps.
type Receipt struct {
	Reference, Code string
	DueAt, LawDueAt time.Time
	Identified      bool
}

// Submit takes a request. By his tracking code the person has shown who he is; at the
// counter an officer has seen it.
func (s *Service) Submit(ctx context.Context, sub Submission) (Receipt, error) {
	law, err := s.check(&sub)
	if err != nil {
		return Receipt{}, err
	}
	r := Request{ConsentNumber: sub.ConsentNumber, ID: db.NewID(), Reference: "R-" + s.NewReference(), Activity: activity, Right: sub.Right, Channel: sub.Channel, Lang: sub.Lang, State: Identified, CaseReference: sub.CaseReference}
	if err := s.whose(ctx, &r, &sub); err != nil {
		return Receipt{}, err
	}
	if sub.By != nil && !policy.May(*sub.By, "rights.work", r.Agency) {
		return Receipt{}, errs.New(errs.Forbidden, "error.forbidden")
	}
	snap := s.Record(r.Activity)
	if snap == nil {
		return Receipt{}, errs.New(errs.Unavailable, "error.no-record")
	}
	r.RevisionID = snap.RevisionID
	return s.store(ctx, r, sub, law)
}

func (s *Service) check(sub *Submission) (Law, error) {
	law, ok := LawOf(sub.Right)
	var bad []errs.Field
	if !ok {
		bad = append(bad, errs.Field{Name: "right", Key: "error.rights-right"})
	}
	text, err := thai.CleanText(sub.Statement, 5000)
	if err != nil {
		bad = append(bad, errs.Field{Name: "statement", Key: "error.message-long", Args: []any{"max", 5000}})
	}
	sub.Statement = text
	if !slices.Contains(Channels, sub.Channel) {
		bad = append(bad, errs.Field{Name: "channel", Key: "error.channel"})
	}
	// Whether there is such a proof is not told to who asks: it is found, or not, when the
	// request is carried out.
	if sub.ConsentNumber = strings.ToLower(strings.TrimSpace(sub.ConsentNumber)); sub.Right != Erasure {
		sub.ConsentNumber = "" // nothing is done with it
	}
	if sub.ConsentNumber != "" && !numberForm.MatchString(sub.ConsentNumber) {
		bad = append(bad, errs.Field{Name: "consent_number", Key: "error.consent-number"})
	}
	if sub.CaseReference == "" && sub.Proof == nil {
		bad = append(bad, errs.Field{Name: "reference", Key: "error.required"})
	}
	return law, errs.InvalidFields(bad)
}

// numberForm is how a proof of consent is numbered.
var numberForm = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

func (s *Service) store(ctx context.Context, r Request, sub Submission, law Law) (Receipt, error) {
	subject, err := s.Vault.NewSubject(ctx, s.Now())
	if err != nil {
		return Receipt{}, err
	}
	r.subjectKey, r.statement = subject.ID, subject.Seal(place(r.ID), []byte(sub.Statement))
	code := s.NewCode()
	if err := s.Vault.Keep(ctx, subject); err != nil {
		return Receipt{}, err
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		r.ReceivedAt, r.IdentityAt, r.Version = tx.Now(), tx.Now(), 1
		if sub.Proof != nil {
			r.IdentityAt = sub.Proof.At
		}
		r.LawDueAt = tx.Now().AddDate(0, 0, law.Days)
		r.DueAt = tx.Now().AddDate(0, 0, min(law.Days, s.TargetDays))
		if err := insert(tx, &r, s.hash(code)); err != nil {
			return err
		}
		actor := "person"
		if sub.By != nil {
			actor = sub.By.Account
		}
		// What is objected to is set apart at once (s.32), before anybody decides.
		if r.Right == Objection {
			if err := restrict(tx, &r, "32"); err != nil {
				return err
			}
		}
		return s.note(tx, &r, actor, "receive", true, map[string]string{"right": r.Right, "identity": r.Identity})
	})
	return Receipt{r.Reference, code, r.DueAt, r.LawDueAt, true}, err
}

func place(id string) string { return "rights_requests:" + id + ":statement" }

func (s *Service) hash(code string) []byte {
	m := hmac.New(sha256.New, s.trackKey)
	m.Write([]byte(s.CleanCode(code)))
	return m.Sum(nil)
}

func (s *Service) note(tx *db.Tx, r *Request, actor, kind string, public bool, body map[string]string) error {
	if err := insertEvent(tx, r.ID, Event{tx.Now(), kind, actor, public, body}); err != nil {
		return err
	}
	return s.Audit.Append(tx, audit.Event{Actor: actor, Action: "rights." + kind, Object: "rights:" + r.Reference, Body: audit.Bare(body)})
}

// change applies a transition by somebody of the office.
func (s *Service) change(ctx context.Context, a policy.Actor, reference, action string, body map[string]string, rule func(tx *db.Tx, r *Request) error) (Request, error) {
	var done Request
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		r, err := one(tx, `reference = $1`+tx.ForUpdate(), reference)
		if err != nil {
			return err
		}
		if !policy.May(a, "rights.read", r.Agency) {
			return errs.New(errs.NotFound, "error.not-found")
		}
		t, err := transition(&r, action)
		if err != nil {
			return err
		}
		if t.By == "person" || !policy.May(a, t.By, r.Agency) {
			return errs.New(errs.Forbidden, "error.forbidden")
		}
		r.State = t.To
		if err := rule(tx, &r); err != nil {
			return err
		}
		if err := update(tx, &r); err != nil {
			return err
		}
		done = r
		return s.note(tx, &r, a.Account, action, t.Public, body)
	})
	return done, err
}

// Decision is what is decided, with its ground.
type Decision struct {
	Outcome string
	Ground  string // the section; needed for a refusal
	Reasons string
}

// Decide decides a request. The manifest of what was found is kept with it. A refusal
// needs its section and reasons: with them it is in the log of s.39(7).
func (s *Service) Decide(ctx context.Context, a policy.Actor, reference string, d Decision) (Request, error) {
	reasons, err := thai.CleanText(d.Reasons, 5000)
	var bad []errs.Field
	if d.Outcome != Granted && d.Outcome != Partly && d.Outcome != Refused {
		bad = append(bad, errs.Field{Name: "outcome", Key: "error.rights-outcome"})
	}
	if err != nil || reasons == "" {
		bad = append(bad, errs.Field{Name: "reasons", Key: "error.required"})
	}
	if d.Outcome != Granted && d.Ground == "" {
		bad = append(bad, errs.Field{Name: "ground", Key: "error.rights-ground"})
	}
	if err := errs.InvalidFields(bad); err != nil {
		return Request{}, err
	}
	return s.change(ctx, a, reference, "decide", map[string]string{"outcome": d.Outcome, "ground": d.Ground, "reasons": reasons}, func(tx *db.Tx, r *Request) error {
		manifest, err := s.manifest(tx, r)
		if err != nil {
			return err
		}
		r.Outcome, r.Ground, r.Reasons, r.Manifest, r.DecidedBy, r.DecidedAt = d.Outcome, d.Ground, reasons, manifest, a.Account, tx.Now()
		// An objection that fails lets the data be used again.
		if r.Right == Objection && d.Outcome == Refused {
			return release(tx, r)
		}
		return nil
	})
}

// manifest counts what there is of the person, over every store and each of his cases,
// and the requests that he has made about them.
func (s *Service) manifest(tx *db.Tx, r *Request) ([]Found, error) {
	sum := map[string]int{}
	for _, c := range r.Cases {
		for _, h := range append([]Holder{s.Data}, s.Holders...) {
			counts, err := h.Find(tx, c.id)
			if errs.KindOf(err) == errs.NotFound { // it has been destroyed meanwhile
				continue
			}
			if err != nil {
				return nil, err
			}
			for store, n := range counts {
				sum[store] += n
			}
		}
		var asked, restricted int
		if err := tx.QueryRow(`SELECT (SELECT COUNT(*) FROM rights_cases WHERE case_id = $1), (SELECT COUNT(*) FROM restrictions WHERE subject = $2)`, []any{c.id, c.subject}, &asked, &restricted); err != nil {
			return nil, err
		}
		sum["rights requests"] += asked
		sum["restrictions"] += restricted
	}
	if r.ConsentNumber != "" && s.Abroad != nil {
		n, err := s.Abroad.PassedOn(tx, r.ConsentNumber)
		if err != nil {
			return nil, err
		}
		sum["google analytics"] = n
	}
	var out []Found
	for store, n := range sum {
		out = append(out, Found{store, n})
	}
	slices.SortFunc(out, func(a, b Found) int { return compare(a.Store, b.Store) })
	return out, nil
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Order says what is to be carried out beside the right itself.
type Order struct {
	Element string // of a rectification
	Value   string
}

// Execute carries a decision out: restriction really stops use, what is beyond the
// record is erased, a datum is put right.
func (s *Service) Execute(ctx context.Context, a policy.Actor, reference string, o Order) (Request, error) {
	r, err := s.Get(ctx, a, reference)
	if err != nil {
		return r, err
	}
	if _, err := transition(&r, "execute"); err != nil {
		return r, err
	}
	if !policy.May(a, "rights.work", r.Agency) {
		return r, errs.New(errs.Forbidden, "error.forbidden")
	}
	if err := s.notHeld(ctx, &r); err != nil {
		return r, err
	}
	body := map[string]string{}
	if r.Outcome != Refused || r.Right == Erasure {
		if err := s.carryOut(ctx, a, &r, o, body); err != nil {
			return r, err
		}
	}
	changed := r.Right == Rectification || r.Right == Restriction || r.Right == Erasure && body["erased"] != "0"
	var inform []func(tx *db.Tx) (letters.Letter, error)
	if changed && (r.Outcome != Refused || r.Right == Erasure) {
		if inform, err = s.inform(ctx, a, &r); err != nil {
			return r, err
		}
	}
	return s.change(ctx, a, reference, "execute", body, func(tx *db.Tx, r *Request) error {
		r.ExecutedAt = tx.Now()
		for _, put := range inform { // what was done and who is to be told of it, in one
			if _, err := put(tx); err != nil {
				return err
			}
		}
		if r.Right == Restriction && r.Outcome != Refused {
			return restrict(tx, r, "34")
		}
		return s.forgetAbroad(tx, a, r, body)
	})
}

// forgetAbroad has a provider abroad asked to delete what it has of a visitor who consented
// to it. That rests on his consent alone: no section keeps it, whatever was decided of the
// rest.
func (s *Service) forgetAbroad(tx *db.Tx, a policy.Actor, r *Request, body map[string]string) error {
	if r.Right != Erasure || r.ConsentNumber == "" || s.Abroad == nil {
		return nil
	}
	n, err := s.Abroad.ForgetAbroad(tx, r.ConsentNumber, a.Account, r.Reference)
	body["abroad"] = strconv.Itoa(n)
	return err
}

// begun notes, before anything is erased, how much there is: who goes on after a process
// that died in the midst says the same number.
func (s *Service) begun(ctx context.Context, a policy.Actor, r *Request) (string, error) {
	var before []Event
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) { before, err = events(tx, r.ID, false); return err })
	if err != nil {
		return "", err
	}
	for _, e := range before {
		if e.Kind == "erase" {
			return e.Body["n"], nil
		}
	}
	all := 0
	for _, c := range r.Cases {
		excess, err := s.Data.Excess(ctx, a.Account, c.id)
		if err != nil && errs.KindOf(err) != errs.NotFound { // a case may have come to its end
			return "", err
		}
		all += len(excess)
	}
	n := strconv.Itoa(all)
	return n, s.DB.InTx(ctx, func(tx *db.Tx) error { return s.note(tx, r, a.Account, "erase", false, map[string]string{"n": n}) })
}

// notHeld: what an order holds is evidence; nothing of it is erased until it is released.
func (s *Service) notHeld(ctx context.Context, r *Request) error {
	if r.Right != Erasure {
		return nil
	}
	return s.DB.Read(ctx, func(tx *db.Tx) error {
		for _, c := range r.Cases {
			held, err := s.Held(tx, c.id)
			if err == nil && held {
				err = errs.New(errs.Conflict, "error.rights-held", "reference", c.Reference)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Service) carryOut(ctx context.Context, a policy.Actor, r *Request, o Order, body map[string]string) error {
	if r.Right == Erasure {
		n, err := s.begun(ctx, a, r)
		if err != nil {
			return err
		}
		body["erased"] = n
	}
	for _, c := range r.Cases {
		switch r.Right {
		case Rectification:
			body["element"] = o.Element
			if err := s.Data.Rectify(ctx, a.Account, c.id, o.Element, o.Value, r.Reasons); err != nil {
				return err
			}
		case Erasure:
			// s.33 keeps what a public task needs; what lies beyond the record goes.
			_, err := s.Data.EraseExcess(ctx, a.Account, c.id)
			if err != nil && errs.KindOf(err) != errs.NotFound { // a case may have come to its end
				return err
			}
		}
	}
	return nil
}

// Close ends a request. A restriction lasts until it is lifted.
func (s *Service) Close(ctx context.Context, a policy.Actor, reference string) (Request, error) {
	return s.change(ctx, a, reference, "close", nil, func(tx *db.Tx, r *Request) error {
		r.ClosedAt = tx.Now()
		return nil
	})
}

// Lift ends a restriction.
func (s *Service) Lift(ctx context.Context, a policy.Actor, reference, reason string) error {
	reason, err := thai.CleanText(reason, 1000)
	if err != nil || reason == "" {
		return errs.InvalidField("reason", "error.required")
	}
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		r, err := one(tx, `reference = $1`+tx.ForUpdate(), reference)
		if err != nil {
			return err
		}
		if !policy.May(a, "rights.decide", r.Agency) {
			return errs.New(errs.Forbidden, "error.forbidden")
		}
		if err := release(tx, &r); err != nil {
			return err
		}
		return s.note(tx, &r, a.Account, "lift", true, map[string]string{"reason": reason})
	})
}

// Get returns a request for somebody of the office.
func (s *Service) Get(ctx context.Context, a policy.Actor, reference string) (Request, error) {
	var r Request
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) { r, err = one(tx, `reference = $1`, reference); return err })
	if err == nil && !policy.May(a, "rights.read", r.Agency) {
		return Request{}, errs.New(errs.NotFound, "error.not-found")
	}
	return r, err
}

// Statement opens what was asked; the reading is logged.
func (s *Service) Statement(ctx context.Context, a policy.Actor, reference string) (string, error) {
	r, err := s.Get(ctx, a, reference)
	if err == nil && len(r.statement) == 0 { // after a round
		err = errs.New(errs.NotFound, "error.key-destroyed")
	}
	if err != nil {
		return "", err
	}
	plain, err := s.Processing.Read(ctx, a, processing.Request{Activity: r.Activity, Purpose: "receive_and_forward", Items: []vault.Sealed{{Subject: r.subjectKey, Element: processing.Content, Place: place(r.ID), Data: r.statement}}, Detail: "rights"})
	if err != nil {
		return "", err
	}
	return string(plain[0]), nil
}

// Assessment works a request's right out, with what lies beyond the record.
func (s *Service) Assessment(ctx context.Context, a policy.Actor, reference string) (findings []Finding, manifest []Found, excess []string, err error) {
	r, err := s.Get(ctx, a, reference)
	if err != nil {
		return nil, nil, nil, err
	}
	snap := s.Record(r.Activity)
	if snap == nil {
		return nil, nil, nil, errs.New(errs.Unavailable, "error.no-record")
	}
	if err := s.DB.Read(ctx, func(tx *db.Tx) (err error) { manifest, err = s.manifest(tx, &r); return err }); err != nil {
		return nil, nil, nil, err
	}
	for _, c := range r.Cases {
		more, err := s.Data.Excess(ctx, a.Account, c.id)
		if err != nil && errs.KindOf(err) != errs.NotFound {
			return nil, nil, nil, err
		}
		for _, x := range more {
			if len(r.Cases) > 1 {
				x = c.Reference + " " + x
			}
			excess = append(excess, x)
		}
	}
	return Assess(snap, r.Right), manifest, excess, nil
}

// List returns the requests that the actor may know of, those due first.
func (s *Service) List(ctx context.Context, a policy.Actor) ([]Request, error) {
	return s.list(ctx, a, `1 = 1 ORDER BY CASE WHEN state IN ('closed','withdrawn') THEN 1 ELSE 0 END, due_at, id`)
}

// Refusals is the log of s.39(7): what was refused, by which section.
func (s *Service) Refusals(ctx context.Context, a policy.Actor) ([]Request, error) {
	return s.list(ctx, a, `outcome IN ('refused','partly') ORDER BY decided_at DESC, id DESC`)
}

func (s *Service) list(ctx context.Context, a policy.Actor, where string) ([]Request, error) {
	var out []Request
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		all, err := query(tx, where)
		out = nil
		for _, r := range all {
			if policy.May(a, "rights.read", r.Agency) {
				out = append(out, r)
			}
		}
		return err
	})
	return out, err
}

// History returns the events of a request, oldest first.
func (s *Service) History(ctx context.Context, a policy.Actor, reference string) ([]Event, error) {
	r, err := s.Get(ctx, a, reference)
	if err != nil {
		return nil, err
	}
	var list []Event
	err = s.DB.Read(ctx, func(tx *db.Tx) (err error) { list, err = events(tx, r.ID, false); return err })
	return list, err
}
