package cases

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/mail"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/thai"
	"prasan/internal/vault"
)

// Submit receives a message: everything in one transaction, durable when it returns.
// The same nonce gives the same receipt again.
func (s *Service) Submit(ctx context.Context, sub Submission) (Receipt, error) {
	snap, err := s.snapshot()
	if err != nil {
		return Receipt{}, err
	}
	agency, ok := s.Site(sub.Site)
	if !ok {
		return Receipt{}, errs.InvalidField("site", "error.site-unknown")
	}
	if sub.By != nil && !policy.May(*sub.By, "case.receive", agency) {
		return Receipt{}, errs.New(errs.Forbidden, "error.forbidden")
	}
	if err := Validate(snap, &sub); err != nil {
		return Receipt{}, err
	}
	if err := s.checkNotice(agency, &sub); err != nil {
		return Receipt{}, err
	}
	for _, f := range sub.Attachments {
		if err := s.Files.Adopt(ctx, f.ID); err != nil {
			return Receipt{}, err
		}
	}
	in, err := s.seal(ctx, snap, agency, &sub)
	if err != nil {
		return Receipt{}, err
	}
	repeated := false
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		repeated = false
		return s.store(tx, in, &sub, &repeated)
	})
	if err == nil && repeated {
		return s.repeat(ctx, in, &sub)
	}
	if err != nil {
		return Receipt{}, err
	}
	return s.receipt(&in.fresh.Case, in.code, in.email), nil
}

// Validate checks a submission against the record and brings its values into their
// canonical form. Fields that the record does not declare are refused.
func Validate(snap *policy.Snapshot, sub *Submission) error {
	var bad []errs.Field
	add := func(name, key string, args ...any) { bad = append(bad, errs.Field{Name: name, Key: key, Args: args}) }
	if !slices.Contains(Topics, sub.Topic) {
		add("topic", "error.topic")
	}
	if !slices.Contains(Channels, sub.Channel) {
		add("channel", "error.channel")
	}
	text, err := thai.CleanText(sub.Message, MaxMessage)
	switch {
	case err != nil:
		add("message", "error.message-long", "max", MaxMessage)
	case strings.TrimSpace(text) == "":
		add("message", "error.message-empty")
	}
	sub.Message = text
	if len(sub.Attachments) > MaxAttachments {
		add("attachment", "error.attachment-many", "max", MaxAttachments)
	}
	bad = append(bad, ValidateSender(snap, sub.Sender)...)
	if len(sub.Nonce) < 16 {
		return errs.New(errs.Invalid, "error.form-old")
	}
	return errs.InvalidFields(bad)
}

// FieldOf is the name of the form field of an element of the record.
func FieldOf(element string) string {
	if element == "mobile_phone" {
		return "phone"
	}
	return element
}

// ElementOf is the element of the record behind a form field.
func ElementOf(field string) string {
	if field == "phone" {
		return "mobile_phone"
	}
	return field
}

// ValidateSender checks what the sender gave, in the order of the form, and replaces
// each value by its canonical form. Empty values are removed.
func ValidateSender(snap *policy.Snapshot, sender map[string]string) []errs.Field {
	var bad []errs.Field
	declared := map[string]bool{}
	contact, contactDeclared := false, ""
	for _, e := range snap.FormElements() {
		declared[e.Code] = true
		isContact := e.Code == "mobile_phone" || e.Code == "email"
		if isContact && contactDeclared == "" {
			contactDeclared = e.Code
		}
		value := strings.TrimSpace(sender[e.Code])
		if value == "" {
			delete(sender, e.Code)
			if e.Code == "given_name" {
				bad = append(bad, errs.Field{Name: "given_name", Key: "error.given-name-empty"})
			}
			continue
		}
		clean, key := cleanElement(e.Code, value)
		if key != "" {
			bad = append(bad, errs.Field{Name: FieldOf(e.Code), Key: key})
			continue
		}
		sender[e.Code] = clean
		contact = contact || isContact
	}
	for code := range sender {
		if !declared[code] {
			bad = append(bad, errs.Field{Name: FieldOf(code), Key: "error.field-not-collected"})
		}
	}
	if contactDeclared != "" && !contact && !slices.ContainsFunc(bad, func(f errs.Field) bool { return f.Name == "phone" || f.Name == "email" }) {
		bad = append(bad, errs.Field{Name: FieldOf(contactDeclared), Key: "error.contact-empty"})
	}
	return bad
}

func cleanElement(code, value string) (clean, problem string) {
	switch code {
	case "mobile_phone":
		p, err := thai.ParsePhone(value)
		if err != nil {
			return "", "error.phone"
		}
		return p.Display, ""
	case "email":
		e, err := thai.CleanEmail(value)
		if err != nil {
			return "", "error.email"
		}
		return e, ""
	default:
		n, err := thai.CleanName(value)
		if err != nil {
			return "", "error.name"
		}
		return n, ""
	}
}

// checkNotice refuses collection without the notice in force (PDPA s.23). An officer
// who takes a message down has read the current one out.
func (s *Service) checkNotice(agency string, sub *Submission) error {
	id, err := s.Notice(agency)
	if err != nil {
		return err
	}
	if sub.By != nil && sub.NoticeID == "" {
		sub.NoticeID = id
	}
	if sub.NoticeID != id {
		return errs.New(errs.Conflict, "error.notice-changed")
	}
	return nil
}

// intake is a submission with everything computed that does not need the transaction:
// the callback may run again and the writers wait for it.
type intake struct {
	fresh   fresh
	subject *vault.Subject
	code    string
	email   bool
	link    []byte // hash of the e-mail verification link; nil without e-mail
	post    *mail.Message
	event   Event
}

// subjectKind marks the keys of cases in the keyring.
const subjectKind = "case"

func (s *Service) seal(ctx context.Context, snap *policy.Snapshot, agency string, sub *Submission) (*intake, error) {
	now := s.Now().UTC().Truncate(time.Microsecond)
	// The key is durable before anything that it seals.
	subject, err := s.Vault.NewKept(ctx, subjectKind, now)
	if err != nil {
		return nil, err
	}
	in := &intake{subject: subject, code: codeOf(s.codeKey, sub.Nonce)}
	f := &in.fresh
	f.Case = Case{ID: db.NewID(), Site: sub.Site, Agency: agency, OriginAgency: agency, Topic: sub.Topic, Channel: sub.Channel, OutsideRef: sub.OutsideRef, Lang: sub.Lang,
		State: Received, WithholdName: sub.WithholdName, AboutStaff: sub.AboutStaff, RevisionID: snap.RevisionID, NoticeID: sub.NoticeID, SubjectKey: subject.ID, ReceivedAt: now, events: 1}
	f.DueAt = s.dueAt(now)
	sealed := make(map[string][]byte, len(sub.Sender))
	for code, value := range sub.Sender {
		sealed[code] = subject.Seal(place("cases", f.ID, code), []byte(value))
		f.digests = append(f.digests, s.digestsOf(code, value)...)
	}
	if f.sender, err = processing.EncodeElements(sealed); err != nil {
		return nil, err
	}
	f.message = subject.Seal(place("cases", f.ID, "message"), []byte(sub.Message))
	f.tracking = mac(s.trackKey, []byte(cleanCode(in.code)))
	f.nonce = mac(s.nonceKey, sub.Nonce)
	in.event = Event{ID: db.NewID(), Seq: 1, At: now, Kind: "receive", Actor: "sender", To: Received, Step: 3, Public: true}
	if sub.By != nil {
		in.event.Actor = sub.By.Account
	}
	err = s.sealMail(in, sub)
	s.refer(in)
	return in, err
}

// sealMail prepares the acknowledgement with the link that verifies the address. It
// carries nothing of the message and not the tracking code.
func (s *Service) sealMail(in *intake, sub *Submission) error {
	address, ok := sub.Sender["email"]
	if !ok {
		return nil
	}
	in.email = true
	token := linkToken(mac(s.linkKey, sub.Nonce))
	in.link = mac(s.linkKey, []byte(token))
	body, err := json.Marshal(mail.Body{Link: s.Config.SiteURL(sub.Site) + "/" + sub.Lang + "/verify/" + token})
	if err != nil {
		return err
	}
	id := db.NewID()
	in.post = &mail.Message{ID: id, Kind: "ack", CaseID: in.fresh.ID, Lang: sub.Lang, Agency: in.fresh.Agency, Site: sub.Site, SubjectKey: in.subject.ID,
		Recipient: in.subject.Seal(place("outbox", id, "recipient"), []byte(address)),
		Body:      in.subject.Seal(place("outbox", id, "body"), body),
		Meta:      map[string]string{"reply_by": in.fresh.DueAt.Format(time.RFC3339), "received_at": in.fresh.ReceivedAt.Format(time.RFC3339)}}
	return nil
}

// digestsOf gives the blind index entries of a value: whole for phone and e-mail,
// each word of a name.
func (s *Service) digestsOf(element, value string) [][]byte {
	switch element {
	case "mobile_phone":
		if p, err := thai.ParsePhone(value); err == nil {
			value = p.E164
		}
		return [][]byte{s.Vault.Digest("phone", value)}
	case "email":
		return [][]byte{s.Vault.Digest("email", strings.ToLower(value))}
	}
	var out [][]byte
	for _, word := range strings.Fields(strings.ToLower(value)) {
		out = append(out, s.Vault.Digest("name", word))
	}
	return out
}

// store is the transaction of an intake.
func (s *Service) store(tx *db.Tx, in *intake, sub *Submission, repeated *bool) error {
	f := in.fresh // a copy: the callback may run again
	e := in.event
	why, err := s.suspicion(tx, sub)
	if err != nil {
		return err
	}
	if why != "" {
		f.State, f.QuarantineWhy = Quarantined, why
		e.Kind, e.To = "quarantine", Quarantined
	}
	inserted, err := s.insertNew(tx, in, &f)
	if err != nil {
		return err
	}
	if !inserted {
		*repeated = true
		return nil
	}
	if err := insertEvent(tx, f.ID, &e); err != nil {
		return err
	}
	if err := s.counts(tx, "message", sub.Message); err != nil {
		return err
	}
	if err := insertAttachments(tx, f.ID, e.ID, sub.Attachments, in.subject); err != nil {
		return err
	}
	if err := s.Processing.Record(tx, processing.Line{Activity: Activity, Revision: f.RevisionID, Act: "collect", Actor: e.Actor, Ground: f.NoticeID, Purpose: "receive_and_forward", Subjects: []string{f.SubjectKey}, Elements: f.Given(), Detail: f.Channel}); err != nil {
		return err
	}
	if err := s.Audit.Append(tx, audit.Event{Actor: e.Actor, Action: "case." + e.Kind, Object: "case:" + f.Reference, Body: map[string]any{"site": f.Site, "agency": f.Agency, "notice": f.NoticeID, "revision": f.RevisionID, "row": f.row}}); err != nil {
		return err
	}
	// The link works for a quarantined message too, but nothing is mailed before a
	// person has released it: a contact form must not send mail for strangers.
	if in.link != nil {
		if err := insertLink(tx, in.link, "verify-email", f.ID, tx.Now().Add(s.Config.LinkLifetime)); err != nil {
			return err
		}
	}
	if in.post != nil && f.State == Received {
		return s.Mail.Queue(tx, *in.post)
	}
	return nil
}

// maxDraws is how many references are drawn for one message. After a million messages
// one in eighty thousand finds the first one taken.
const maxDraws = 5

// insertNew stores the case, under another reference where the one that was drawn is
// another case's; inserted is false when the message had been received before.
func (s *Service) insertNew(tx *db.Tx, in *intake, f *fresh) (inserted bool, err error) {
	for range maxDraws {
		if inserted, err = insertCase(tx, f); err != nil || inserted {
			return inserted, err
		}
		var n int
		if err := tx.QueryRow(`SELECT COUNT(*) FROM cases WHERE nonce_hash = $1`, []any{f.nonce}, &n); err != nil || n > 0 {
			return false, err
		}
		s.refer(in)
		f.Reference, f.row = in.fresh.Reference, in.fresh.row
	}
	return false, errs.New(errs.Unavailable, "error.unavailable")
}

// refer draws a reference, and writes it where it is said.
func (s *Service) refer(in *intake) {
	f := &in.fresh
	f.Reference = newReference(s.References)
	f.row = caseHash(f.ID, f.Reference, f.RevisionID, f.NoticeID, f.sender, f.message)
	if in.post != nil {
		in.post.Meta["reference"] = f.Reference
	}
}

// sameTexts is how often the same text may come in a day before it is looked at first.
const sameTexts = 5

// suspicion tells why a message should be looked at by a person first; "" for none.
func (s *Service) suspicion(tx *db.Tx, sub *Submission) (string, error) {
	if sub.By != nil {
		return "", nil
	}
	within, err := s.Limits.Allow(tx, "submit", sub.Addr, s.Config.PerHour, time.Hour)
	if err != nil {
		return "", err
	}
	fresh, err := s.Limits.Allow(tx, "text", sub.Message, sameTexts, 24*time.Hour)
	switch {
	case err != nil:
		return "", err
	case sub.Decoy:
		return "decoy", nil
	case sub.FormAge < s.Config.MinFormAge:
		return "fast", nil
	case !within:
		return "many", nil
	case !fresh:
		return "same", nil
	}
	return suspiciousText(sub.Message), nil
}

// suspiciousText looks for what unwanted advertising has and messages to a ministry
// have not.
func suspiciousText(text string) string {
	lower := strings.ToLower(text)
	if strings.Count(lower, "http://")+strings.Count(lower, "https://")+strings.Count(lower, "www.") > 4 {
		return "links"
	}
	for _, phrase := range []string{"[url=", "<a href=", "บาคาร่า", "สล็อตเว็บตรง", "คาสิโนออนไลน์", "แทงบอลออนไลน์", "เงินกู้นอกระบบ", "viagra", "casino bonus", "seo service", "crypto investment"} {
		if strings.Contains(lower, phrase) {
			return "phrase"
		}
	}
	return ""
}

// repeat gives the receipt of a message that had been received before.
func (s *Service) repeat(ctx context.Context, in *intake, sub *Submission) (Receipt, error) {
	if err := s.Vault.Shred(ctx, in.subject.ID); err != nil {
		slog.Warn("key of a repeated message is left for the sweep", "err", err)
	}
	var c Case
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		c, err = queryCase(tx, `nonce_hash = $1`, in.fresh.nonce)
		return err
	})
	if err != nil {
		return Receipt{}, err
	}
	r := s.receipt(&c, in.code, slices.Contains(c.Given(), "email"))
	r.Repeated = true
	return r, nil
}

// Again returns the receipt for a nonce whose message has been received.
func (s *Service) Again(ctx context.Context, nonce []byte) (Receipt, error) {
	in := &intake{subject: &vault.Subject{}, code: codeOf(s.codeKey, nonce)}
	var c Case
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		c, err = queryCase(tx, `nonce_hash = $1`, mac(s.nonceKey, nonce))
		return err
	})
	if err != nil {
		return Receipt{}, err
	}
	return s.receipt(&c, in.code, slices.Contains(c.Given(), "email")), nil
}

func (s *Service) receipt(c *Case, code string, email bool) Receipt {
	name, _, _ := s.Agency(c.Agency)
	return Receipt{CaseID: c.ID, Reference: c.Reference, Code: code, ReceivedAt: c.ReceivedAt, ReplyBy: c.DueAt, Agency: c.Agency, Holder: name, EmailGiven: email}
}
