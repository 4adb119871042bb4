package cases

import (
	"context"
	"encoding/json"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/mail"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/thai"
	"prasan/internal/vault"
)

// find returns the case that an actor may see; one that he may not know of is not found.
func (s *Service) find(ctx context.Context, a policy.Actor, reference string) (Case, error) {
	ref, ok := Reference(reference)
	if !ok {
		return Case{}, errs.New(errs.NotFound, "error.case-not-found")
	}
	c, err := s.byReference(ctx, ref)
	if err != nil {
		return Case{}, err
	}
	if !s.maySee(a, &c) {
		return Case{}, errs.New(errs.NotFound, "error.case-not-found")
	}
	return c, nil
}

// act finds the case and applies a change to it.
func (s *Service) act(ctx context.Context, a policy.Actor, reference string, ch change) (Case, error) {
	c, err := s.find(ctx, a, reference)
	if err != nil {
		return Case{}, err
	}
	ch.actor = a
	return s.apply(ctx, c.ID, ch)
}

// Consider marks that the office has begun to look at a case.
func (s *Service) Consider(ctx context.Context, a policy.Actor, reference string) (Case, error) {
	return s.act(ctx, a, reference, change{action: "consider"})
}

// Verdict is the outcome of step 4.
type Verdict string

const (
	Relevant  Verdict = "relevant"  // ours
	Park      Verdict = "park"      // another agency of the ministry: step 7
	Elsewhere Verdict = "elsewhere" // outside the ministry: the sender is told where to go
)

// Triage decides whether the case is this office's (step 4): by whom and why is kept.
func (s *Service) Triage(ctx context.Context, a policy.Actor, reference string, v Verdict, reason string) (Case, error) {
	reason, err := cleanMessage("reason", reason)
	if err != nil {
		return Case{}, err
	}
	ch := change{text: reason, meta: map[string]string{"verdict": string(v)}}
	switch v {
	case Relevant:
		ch.action = "triage-relevant"
		ch.rule = func(tx *db.Tx, c *Case) error { c.Parked = false; return endorsed(tx, c) }
	case Park:
		ch.action = "triage-park"
		ch.rule = func(tx *db.Tx, c *Case) error { c.Parked = true; return endorsed(tx, c) }
	default:
		return Case{}, errs.InvalidField("verdict", "error.verdict")
	}
	return s.act(ctx, a, reference, ch)
}

// Resume takes a parked case back.
func (s *Service) Resume(ctx context.Context, a policy.Actor, reference string) (Case, error) {
	return s.act(ctx, a, reference, change{action: "resume", rule: func(tx *db.Tx, c *Case) error {
		if !c.Parked {
			return errs.New(errs.Conflict, "error.transition", "action", "resume", "state", string(c.State))
		}
		c.Parked = false
		return nil
	}})
}

// Redirect tells the sender which body outside the ministry the matter belongs to. The
// record knows no such recipient, so nothing is sent there.
func (s *Service) Redirect(ctx context.Context, a policy.Actor, reference, body, text string) (Case, error) {
	body, err := thai.CleanText(body, 200)
	if err != nil || body == "" {
		return Case{}, errs.InvalidField("body", "error.body-empty")
	}
	return s.tell(ctx, a, reference, "redirect", "email", text, map[string]string{"body": body, "result": "elsewhere"})
}

// Endorsement is a step of the chain on paper: เสนอ, เกษียน, สั่งการ, มอบหมาย.
var Endorsements = []string{"propose", "remark", "order", "delegate"}

// Endorse adds a step of the endorsement chain, addressed to a colleague or to nobody.
func (s *Service) Endorse(ctx context.Context, a policy.Actor, reference, kind, to, text string) (Case, error) {
	ok := false
	for _, k := range Endorsements {
		ok = ok || k == kind
	}
	if !ok {
		return Case{}, errs.InvalidField("kind", "error.endorsement")
	}
	text, err := cleanMessage("text", text)
	if err != nil {
		return Case{}, err
	}
	return s.act(ctx, a, reference, change{action: "endorse", text: text, meta: map[string]string{"kind": kind, "to": to}, rule: func(tx *db.Tx, c *Case) error {
		if kind == "order" {
			if err := mayOrder(tx, a, c); err != nil {
				return err
			}
		}
		if to != "" {
			if err := mayHold(tx, to, c, "to"); err != nil {
				return err
			}
		}
		if c.State == Received {
			c.State = Considering
		}
		return nil
	}})
}

// Assign gives the case to an account of the agency; "" takes it back.
func (s *Service) Assign(ctx context.Context, a policy.Actor, reference, account string) (Case, error) {
	return s.act(ctx, a, reference, change{action: "assign", meta: map[string]string{"to": account}, rule: func(tx *db.Tx, c *Case) error {
		if account != "" {
			if err := mayHold(tx, account, c, "account"); err != nil {
				return err
			}
		}
		c.Assignee = account
		return nil
	}})
}

// mayHold: the account belongs to the agency, is active, and the case is not about its holder.
func mayHold(tx *db.Tx, account string, c *Case, field string) error {
	var n int
	err := tx.QueryRow(`SELECT COUNT(*) FROM accounts WHERE name = $1 AND agency = $2 AND disabled = FALSE`, []any{account, c.Agency}, &n)
	if err != nil {
		return err
	}
	if n == 0 || account == c.AboutAccount {
		return errs.InvalidField(field, "error.assignee")
	}
	return nil
}

// Pass hands the case to another office of the same controller; to a separate agency
// it goes by official letter only. An office that has passed a case on gets it back
// only from who works across offices: else two offices could hand it to and fro.
func (s *Service) Pass(ctx context.Context, a policy.Actor, reference, agency, reason string) (Case, error) {
	reason, err := cleanMessage("reason", reason)
	if err != nil {
		return Case{}, err
	}
	meta := map[string]string{"agency": agency}
	return s.act(ctx, a, reference, change{action: "pass", text: reason, meta: meta, rule: func(tx *db.Tx, c *Case) error {
		if agency == c.Agency || s.SameController == nil || !s.SameController(agency) {
			return errs.InvalidField("agency", "error.pass-agency")
		}
		if across, _ := policy.Reach(a, "case.route"); !across {
			if err := neverPassedBy(tx, c.ID, agency); err != nil {
				return err
			}
		}
		meta["from"] = c.Agency
		c.Agency, c.Assignee, c.Parked = agency, "", false
		return nil
	}})
}

func neverPassedBy(tx *db.Tx, caseID, agency string) error {
	all, err := events(tx, caseID, false)
	if err != nil {
		return err
	}
	for _, e := range all {
		if e.Kind == "pass" && e.Meta["from"] == agency {
			return errs.InvalidField("agency", "error.pass-loop")
		}
	}
	return nil
}

// Note keeps an internal remark; the sender does not see it.
func (s *Service) Note(ctx context.Context, a policy.Actor, reference, text string) (Case, error) {
	text, err := cleanMessage("text", text)
	if err != nil {
		return Case{}, err
	}
	return s.act(ctx, a, reference, change{action: "note", text: text})
}

// Ask asks the sender for more. The clock stops until he answers, and both are shown.
func (s *Service) Ask(ctx context.Context, a policy.Actor, reference, text string) (Case, error) {
	text, err := cleanMessage("text", text)
	if err != nil {
		return Case{}, err
	}
	post, err := s.post(ctx, a, reference, "ask", text)
	if err != nil {
		return Case{}, err
	}
	return s.act(ctx, a, reference, change{action: "ask", text: text,
		rule: func(tx *db.Tx, c *Case) error {
			c.ClockLeft = max(c.DueAt.Sub(tx.Now()), time.Minute)
			return nil
		},
		after: s.queue(post)})
}

// Hear takes down what the sender answered otherwise than on his page: by phone, at the
// counter. The clock goes on.
func (s *Service) Hear(ctx context.Context, a policy.Actor, reference, text string) (Case, error) {
	text, err := cleanMessage("text", text)
	if err != nil {
		return Case{}, err
	}
	return s.act(ctx, a, reference, change{action: "hear", text: text, rule: func(tx *db.Tx, c *Case) error {
		startClock(tx.Now(), c)
		return nil
	}})
}

// TakeUp takes a case up again that was answered, closed or discarded by mistake.
func (s *Service) TakeUp(ctx context.Context, a policy.Actor, reference, reason string) (Case, error) {
	reason, err := cleanMessage("reason", reason)
	if err != nil {
		return Case{}, err
	}
	return s.act(ctx, a, reference, change{action: "take-up", text: reason, rule: func(tx *db.Tx, c *Case) error {
		s.again(tx, c)
		c.QuarantineWhy = ""
		return nil
	}})
}

// Inform tells the sender how the matter stands; the state does not change.
func (s *Service) Inform(ctx context.Context, a policy.Actor, reference, text string) (Case, error) {
	return s.InformOf(ctx, a, reference, text, func(*db.Tx) error { return nil })
}

// InformOf is Inform with what else is to be stored in its transaction.
func (s *Service) InformOf(ctx context.Context, a policy.Actor, reference, text string, also func(tx *db.Tx) error) (Case, error) {
	text, err := cleanMessage("text", text)
	if err != nil {
		return Case{}, err
	}
	post, err := s.post(ctx, a, reference, "notice", text)
	if err != nil {
		return Case{}, err
	}
	return s.act(ctx, a, reference, change{action: "inform", text: text, after: func(tx *db.Tx, c *Case, e *Event) error {
		if err := s.queue(post)(tx, c, e); err != nil {
			return err
		}
		return also(tx)
	}})
}

// Answer tells the result (step 6): by e-mail, or as the record of a phone call.
func (s *Service) Answer(ctx context.Context, a policy.Actor, reference, via, text string) (Case, error) {
	if via != "email" && via != "phone" {
		return Case{}, errs.InvalidField("via", "error.via")
	}
	return s.tell(ctx, a, reference, "answer", via, text, nil)
}

func (s *Service) tell(ctx context.Context, a policy.Actor, reference, action, via, text string, meta map[string]string) (Case, error) {
	text, err := cleanMessage("text", text)
	if err != nil {
		return Case{}, err
	}
	var post *mail.Message
	if via == "email" {
		if post, err = s.post(ctx, a, reference, "answer", text); err != nil {
			return Case{}, err
		}
		if post == nil && action == "answer" {
			return Case{}, errs.InvalidField("via", "error.no-email")
		}
	}
	if meta == nil {
		meta = map[string]string{}
	}
	meta["via"] = via
	return s.act(ctx, a, reference, change{action: action, text: text, meta: meta, rule: func(tx *db.Tx, c *Case) error {
		if action == "redirect" {
			if err := endorsed(tx, c); err != nil {
				return err
			}
		}
		c.AnsweredAt, c.Parked, c.ClockLeft = tx.Now(), false, 0
		return nil
	}, after: s.queue(post)})
}

func (s *Service) queue(post *mail.Message) func(*db.Tx, *Case, *Event) error {
	return func(tx *db.Tx, _ *Case, _ *Event) error {
		if post == nil {
			return nil
		}
		return s.Mail.Queue(tx, *post)
	}
}

// post prepares a mail to the sender; nil when he gave no address, or gave it under a
// revision of the record whose successor no longer uses it. The address is opened for the purpose "communicate" only to be sealed again for the outbox, and
// that is logged like any reading.
func (s *Service) post(ctx context.Context, a policy.Actor, reference, kind, text string) (*mail.Message, error) {
	c, err := s.find(ctx, a, reference)
	if err != nil {
		return nil, err
	}
	snap, err := s.snapshot()
	if err != nil {
		return nil, err
	}
	sealed, ok := c.sealedSender("email")
	if !ok || !snap.Declares("communicate", "email") {
		return nil, nil
	}
	plain, err := s.Processing.Read(ctx, a, processing.Request{Activity: Activity, Purpose: "communicate", Items: []vault.Sealed{sealed}, Detail: kind})
	if err != nil {
		return nil, err
	}
	subject, err := s.Vault.Subject(ctx, c.SubjectKey)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(mail.Body{Text: text, Link: s.Config.SiteURL(c.Site) + "/" + c.Lang + "/track"})
	if err != nil {
		return nil, err
	}
	m := s.letter(&c, subject, kind, string(plain[0]), body)
	return &m, nil
}

// Results are the ways in which a case ends.
var Results = []string{"done", "explained", "duplicate", "no-reply", "withdrawn", "elsewhere"}

// Close ends a case with a result and starts its retention.
func (s *Service) Close(ctx context.Context, a policy.Actor, reference, result, text string) (Case, error) {
	ok := false
	for _, r := range Results {
		ok = ok || r == result
	}
	if !ok {
		return Case{}, errs.InvalidField("result", "error.result")
	}
	text, err := thai.CleanText(text, MaxMessage)
	if err != nil {
		return Case{}, errs.InvalidField("text", "error.message-long", "max", MaxMessage)
	}
	return s.act(ctx, a, reference, change{action: "close", text: text, meta: map[string]string{"result": result}, rule: func(tx *db.Tx, c *Case) error {
		c.Result = result
		return s.end(tx, c)
	}})
}

// Release lets a quarantined message in; its acknowledgement goes out now.
func (s *Service) Release(ctx context.Context, a policy.Actor, reference string) (Case, error) {
	c, err := s.find(ctx, a, reference)
	if err != nil {
		return Case{}, err
	}
	token := linkToken(mac(s.linkKey, []byte("release:"+db.NewID())))
	post, err := s.acknowledgement(ctx, &c, token)
	if err != nil {
		return Case{}, err
	}
	return s.act(ctx, a, reference, change{action: "release", meta: map[string]string{"why": c.QuarantineWhy}, rule: func(tx *db.Tx, c *Case) error {
		c.QuarantineWhy = ""
		return nil
	}, after: func(tx *db.Tx, c *Case, _ *Event) error {
		if post == nil {
			return nil
		}
		if err := insertLink(tx, mac(s.linkKey, []byte(token)), "verify-email", c.ID, tx.Now().Add(s.Config.LinkLifetime)); err != nil {
			return err
		}
		return s.Mail.Queue(tx, *post)
	}})
}

// acknowledgement opens the address as the program itself, which is what sends it.
func (s *Service) acknowledgement(ctx context.Context, c *Case, token string) (*mail.Message, error) {
	snap, err := s.snapshot()
	if err != nil {
		return nil, err
	}
	sealed, ok := c.sealedSender("email")
	if !ok || !snap.Declares("communicate", "email") {
		return nil, nil
	}
	plain, err := s.Processing.Send(ctx, processing.Request{Activity: Activity, Purpose: "communicate", Items: []vault.Sealed{sealed}, Detail: "ack"})
	if err != nil {
		return nil, err
	}
	subject, err := s.Vault.Subject(ctx, c.SubjectKey)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(mail.Body{Link: s.Config.SiteURL(c.Site) + "/" + c.Lang + "/verify/" + token})
	if err != nil {
		return nil, err
	}
	m := s.letter(c, subject, "ack", string(plain[0]), body)
	return &m, nil
}

// Discard ends a quarantined message as unwanted.
func (s *Service) Discard(ctx context.Context, a policy.Actor, reference string) (Case, error) {
	return s.act(ctx, a, reference, change{action: "discard", meta: map[string]string{"result": "unwanted"}, rule: func(tx *db.Tx, c *Case) error {
		c.Result = "unwanted"
		return s.end(tx, c)
	}})
}

// Reissue gives a new tracking code at the counter, to a person whom the officer has
// identified (purpose verify_identity). The code is shown once.
func (s *Service) Reissue(ctx context.Context, a policy.Actor, reference string) (code string, err error) {
	snap, err := s.snapshot()
	if err != nil {
		return "", err
	}
	if d := snap.MayRead(a, "verify_identity"); !d.Allowed {
		return "", errs.New(errs.Forbidden, "error.purpose-not-declared")
	}
	code = newCode()
	_, err = s.act(ctx, a, reference, change{action: "reissue", rule: s.replaceCode(code)})
	return code, err
}

// Shield says that the case is about staff of the office, or about one account: it
// then goes round them.
func (s *Service) Shield(ctx context.Context, a policy.Actor, reference, account string) (Case, error) {
	return s.act(ctx, a, reference, change{action: "shield", meta: map[string]string{"about": account}, rule: func(tx *db.Tx, c *Case) error {
		c.AboutStaff, c.AboutAccount = true, account
		if c.Assignee == account {
			c.Assignee = ""
		}
		return nil
	}})
}

// Detail is a case as the office sees it: what was written, opened for the purpose of
// receiving and forwarding; who wrote it stays masked.
type Detail struct {
	Case
	Message  string
	Events   []Event // newest first
	Files    []Attachment
	FilesOf  map[string][]Attachment // by event
	Readings []processing.Reading
	Post     []mail.State
	Next     []string // actions open to this actor now
	MayRead  map[string]bool
	Masked   bool   // the record admits the actor to nothing of the content
	Reason   string // why, an i18n key
}

// Get returns a case for an actor. Its content is opened where the record admits him,
// and the reading is logged; else everything stays masked.
func (s *Service) Get(ctx context.Context, a policy.Actor, reference string) (Detail, error) {
	c, err := s.find(ctx, a, reference)
	if err != nil {
		return Detail{}, err
	}
	d := Detail{Case: c, FilesOf: map[string][]Attachment{}, MayRead: map[string]bool{}}
	var files []stored
	err = s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		if d.Events, err = events(tx, c.ID, false); err != nil {
			return err
		}
		if files, err = attachments(tx, c.ID); err != nil {
			return err
		}
		if d.Readings, err = processing.Of(tx, c.SubjectKey, 50); err != nil {
			return err
		}
		d.Post, err = s.Mail.List(tx, c.ID)
		return err
	})
	if err != nil {
		return Detail{}, err
	}
	if err := s.open(ctx, a, &d, files); err != nil {
		return Detail{}, err
	}
	for _, next := range Next(&c) {
		if s.offers(a, next, &c) {
			d.Next = append(d.Next, next)
		}
	}
	if snap := s.Record(Activity); snap != nil {
		for _, p := range snap.Purposes {
			d.MayRead[p.Code] = snap.MayRead(a, p.Code).Allowed
		}
	}
	return d, nil
}

func (s *Service) offers(a policy.Actor, action string, c *Case) bool {
	for _, t := range Transitions {
		if t.Action == action {
			return t.By != "sender" && t.By != "system" && s.mayAct(a, t.By, c)
		}
	}
	return false
}

func (s *Service) open(ctx context.Context, a policy.Actor, d *Detail, files []stored) error {
	items := []vault.Sealed{d.sealedMessage()}
	for i := range d.Events {
		items = append(items, d.Events[i].sealedText(&d.Case))
	}
	for i := range files {
		items = append(items, files[i].sealedName(&d.Case))
	}
	plain, err := s.Processing.Read(ctx, a, processing.Request{Activity: Activity, Purpose: "receive_and_forward", Items: items, Detail: "case"})
	if errs.KindOf(err) == errs.Forbidden {
		d.Masked, d.Reason = true, errs.As(err).Key
		return nil
	}
	if err != nil {
		return err
	}
	d.Message = string(plain[0])
	for i := range d.Events {
		d.Events[i].Text = string(plain[1+i])
	}
	for i := range files {
		f := files[i].Attachment
		f.Name = string(plain[1+len(d.Events)+i])
		d.Files = append(d.Files, f)
		d.FilesOf[files[i].eventID] = append(d.FilesOf[files[i].eventID], f)
	}
	return nil
}

// Sender opens what the sender gave, for a purpose that the record declares for the
// actor; the reading is logged.
func (s *Service) Sender(ctx context.Context, a policy.Actor, reference, purpose string) (map[string]string, error) {
	c, err := s.find(ctx, a, reference)
	if err != nil {
		return nil, err
	}
	snap, err := s.snapshot()
	if err != nil {
		return nil, err
	}
	decision := snap.MayRead(a, purpose)
	var codes []string
	var items []vault.Sealed
	for _, code := range c.Given() {
		// The purpose opens the elements it is declared for and leaves the others masked.
		if decision.Allowed && !contains(decision.Elements, code) {
			continue
		}
		item, _ := c.sealedSender(code)
		codes, items = append(codes, code), append(items, item)
	}
	plain, err := s.Processing.Read(ctx, a, processing.Request{Activity: Activity, Purpose: purpose, Items: items, Detail: "sender"})
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for i, code := range codes {
		out[code] = string(plain[i])
	}
	return out, nil
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
