package cases

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/thai"
	"prasan/internal/vault"
)

// OfPerson is what requests of people do with cases.
type OfPerson struct{ *Service }

// Find counts what there is of the person of a case, by store.
func (OfPerson) Find(tx *db.Tx, caseID string) (map[string]int, error) {
	var events, files, mails, index, readings int
	var subject string
	if err := tx.QueryRow(`SELECT subject_key FROM cases WHERE id = $1`, []any{caseID}, &subject); err != nil {
		return nil, err
	}
	err := tx.QueryRow(`SELECT (SELECT COUNT(*) FROM case_events WHERE case_id = $1), (SELECT COUNT(*) FROM attachments WHERE case_id = $2), (SELECT COUNT(*) FROM outbox WHERE case_id = $3), (SELECT COUNT(*) FROM case_index WHERE case_id = $4), (SELECT COUNT(*) FROM processing_log WHERE subject = $5)`,
		[]any{caseID, caseID, caseID, caseID, subject}, &events, &files, &mails, &index, &readings)
	return map[string]int{"cases": 1, "case events": events, "attachments": files, "mails": mails, "blind index": index, "log of processing": readings}, err
}

// Copy is what a person gets of a case of his (s.30).
type Copy struct {
	Reference  string            `json:"reference"`
	Site       string            `json:"site"`
	Topic      string            `json:"topic"`
	State      State             `json:"state"`
	ReceivedAt time.Time         `json:"received_at"`
	Notice     string            `json:"notice"`
	Revision   string            `json:"revision"`
	Sender     map[string]string `json:"sender"`
	Message    string            `json:"message"`
	Events     []CopyEvent       `json:"events"`
	Files      []string          `json:"attachments"`
	Processing []CopyReading     `json:"processing"` // who did what with it, and why
}

// CopyEvent is an event that concerns the person.
type CopyEvent struct {
	At   time.Time `json:"at"`
	Kind string    `json:"kind"`
	Text string    `json:"text,omitempty"`
}

// CopyReading is a line of the log; the person who read is told by the ground that the
// record gave him, not by name.
type CopyReading struct {
	At       time.Time `json:"at"`
	Act      string    `json:"act"`
	Purpose  string    `json:"purpose"`
	Ground   string    `json:"ground"`
	Elements []string  `json:"elements"`
}

// Export returns the copy of a case for its owner. What officers wrote to each other is
// not his data and stays out.
func (e OfPerson) Export(ctx context.Context, caseID string) (any, error) {
	c, evs, files, err := e.whole(ctx, caseID, true)
	if err != nil {
		return nil, err
	}
	items, given := e.sealedOf(&c, evs)
	for i := range files {
		items = append(items, files[i].sealedName(&c))
	}
	plain, err := e.Processing.Owner(ctx, items)
	if err != nil {
		return nil, err
	}
	out := Copy{Reference: c.Reference, Site: c.Site, Topic: c.Topic, State: publicState(&c), ReceivedAt: c.ReceivedAt, Notice: c.NoticeID, Revision: c.RevisionID, Sender: map[string]string{}, Message: string(plain[0])}
	for i, ev := range evs {
		out.Events = append(out.Events, CopyEvent{ev.At, ev.Kind, string(plain[1+i])})
	}
	for i, element := range given {
		out.Sender[element] = string(plain[1+len(evs)+i])
	}
	for i := range files {
		out.Files = append(out.Files, string(plain[1+len(evs)+len(given)+i]))
	}
	return out, e.DB.Read(ctx, func(tx *db.Tx) error {
		log, err := processing.Of(tx, c.SubjectKey, 1000)
		for _, l := range log {
			out.Processing = append(out.Processing, CopyReading{db.Time(l.At), l.Act, l.Purpose, l.Ground, l.Elements})
		}
		return err
	})
}

// whole reads a case with its events and files.
func (s *Service) whole(ctx context.Context, caseID string, publicOnly bool) (c Case, evs []Event, files []stored, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		if c, err = queryCase(tx, `id = $1`, caseID); err != nil {
			return err
		}
		if evs, err = events(tx, caseID, publicOnly); err != nil {
			return err
		}
		files, err = attachments(tx, caseID)
		return err
	})
	return c, evs, files, err
}

// sealedOf lists message, texts of events, and what the sender gave, in this order.
func (s *Service) sealedOf(c *Case, evs []Event) (items []vault.Sealed, given []string) {
	items = []vault.Sealed{c.sealedMessage()}
	for i := range evs {
		items = append(items, evs[i].sealedText(c))
	}
	given = c.Given()
	for _, element := range given {
		sealed, _ := c.sealedSender(element)
		items = append(items, sealed)
	}
	return items, given
}

// ByCode finds a case by its reference and tracking code.
func (e OfPerson) ByCode(ctx context.Context, reference, code, addr string) (caseID, agency, subject string, err error) {
	id, err := e.Service.Find(ctx, reference, code, addr)
	if err != nil {
		return "", "", "", err
	}
	c, err := e.byID(ctx, id)
	return c.ID, c.Agency, c.SubjectKey, err
}

// ByReference finds a case for an officer who may see it.
func (e OfPerson) ByReference(ctx context.Context, a policy.Actor, reference string) (caseID, agency, subject string, err error) {
	c, err := e.find(ctx, a, reference)
	return c.ID, c.Agency, c.SubjectKey, err
}

// Rectify puts one element right (s.36); index and row hash follow.
func (e OfPerson) Rectify(ctx context.Context, actor, caseID, element, value, reason string) error {
	snap, err := e.snapshot()
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(snap.FormElements(), func(x policy.Element) bool { return x.Code == element }) {
		return errs.InvalidField("element", "error.rectify-element")
	}
	clean, key := cleanElement(element, value)
	if key != "" || clean == "" {
		return errs.InvalidField("value", "error.rectify-element")
	}
	return e.rewrite(ctx, actor, caseID, "rectify", map[string]string{"element": element, "reason": reason}, func(p *paper) bool { p.sender[element] = clean; return true })
}

// Excess tells what lies in a case beyond what the record declares: elements that it no
// longer has, and numbers that nobody asked for.
func (e OfPerson) Excess(ctx context.Context, _, caseID string) ([]string, error) {
	p, err := e.openPaper(ctx, caseID)
	if err != nil {
		return nil, err
	}
	snap, err := e.snapshot()
	if err != nil {
		return nil, err
	}
	return p.excess(snap), nil
}

// EraseExcess removes it, and returns how much.
func (e OfPerson) EraseExcess(ctx context.Context, actor, caseID string) (int, error) {
	snap, err := e.snapshot()
	if err != nil {
		return 0, err
	}
	n := 0
	err = e.rewrite(ctx, actor, caseID, "erase-excess", nil, func(p *paper) bool { n = p.trim(snap); return n > 0 })
	return n, err
}

// paper is a case's sealed parts, open, for being rewritten.
type paper struct {
	c       Case
	evs     []Event
	message string
	texts   []string // of evs
	sender  map[string]string
}

func (s *Service) openPaper(ctx context.Context, caseID string) (*paper, error) {
	c, evs, _, err := s.whole(ctx, caseID, false)
	if err != nil {
		return nil, err
	}
	items, given := s.sealedOf(&c, evs)
	plain, err := s.Processing.Owner(ctx, items)
	if err != nil {
		return nil, err
	}
	p := &paper{c: c, evs: evs, message: string(plain[0]), sender: map[string]string{}}
	for i := range evs {
		p.texts = append(p.texts, string(plain[1+i]))
	}
	for i, element := range given {
		p.sender[element] = string(plain[1+len(evs)+i])
	}
	return p, nil
}

// undeclared are the elements of the sender that the record does not have.
func (p *paper) undeclared(snap *policy.Snapshot) []string {
	var out []string
	for element := range p.sender {
		if !slices.ContainsFunc(snap.FormElements(), func(x policy.Element) bool { return x.Code == element }) {
			out = append(out, element)
		}
	}
	slices.Sort(out)
	return out
}

func (p *paper) excess(snap *policy.Snapshot) []string {
	out := p.undeclared(snap)
	for _, s := range thai.Sensitive(p.message) {
		out = append(out, "message: "+s.Kind)
	}
	for i, text := range p.texts {
		for _, s := range thai.Sensitive(text) {
			out = append(out, fmt.Sprintf("event %d: %s", p.evs[i].Seq, s.Kind))
		}
	}
	return out
}

const erasedMark = "[ลบตามคำร้องของเจ้าของข้อมูล]"

// trim removes what is in excess and counts it.
func (p *paper) trim(snap *policy.Snapshot) int {
	n := 0
	for _, element := range p.undeclared(snap) {
		delete(p.sender, element)
		n++
	}
	cut := func(text string) string {
		spans := thai.Sensitive(text)
		n += len(spans)
		return thai.Redact(text, spans, erasedMark)
	}
	p.message = cut(p.message)
	for i := range p.texts {
		p.texts[i] = cut(p.texts[i])
	}
	return n
}

// rewrite opens a case, lets f change it, and, where f says that it did, seals it again:
// one transaction, with the index and the row hash.
func (s *Service) rewrite(ctx context.Context, actor, caseID, act string, meta map[string]string, f func(*paper) bool) error {
	p, err := s.openPaper(ctx, caseID)
	if err != nil {
		return err
	}
	before := slices.Clone(p.texts)
	if !f(p) {
		return nil
	}
	subject, err := s.Vault.Subject(ctx, p.c.SubjectKey)
	if err != nil {
		return err
	}
	sealed := make(map[string][]byte, len(p.sender))
	var digests [][]byte
	for code, value := range p.sender {
		sealed[code] = subject.Seal(place("cases", p.c.ID, code), []byte(value))
		digests = append(digests, s.digestsOf(code, value)...)
	}
	sender, err := processing.EncodeElements(sealed)
	if err != nil {
		return err
	}
	message := subject.Seal(place("cases", p.c.ID, "message"), []byte(p.message))
	row := caseHash(p.c.ID, p.c.Reference, p.c.RevisionID, p.c.NoticeID, sender, message)
	events := map[string][]byte{}
	for i, text := range p.texts {
		if text != before[i] {
			events[p.evs[i].ID] = subject.Seal(place("case_events", p.evs[i].ID, "body"), []byte(text))
		}
	}
	// Copies from before are brought up to it when they are restored.
	kept, err := s.redo(ctx, &p.c, redone{sender, message, row, events, digests})
	if err != nil {
		return err
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(`UPDATE cases SET sender = $1, message = $2, row_hash = $3, version = version + 1 WHERE id = $4 AND version = $5`, sender, message, row, p.c.ID, p.c.Version)
		if err == nil && n == 0 {
			return errs.New(errs.Conflict, "error.conflict")
		}
		if err != nil {
			return err
		}
		for id, body := range events {
			if _, err := tx.Exec(`UPDATE case_events SET body = $1 WHERE id = $2`, body, id); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(`DELETE FROM case_index WHERE case_id = $1`, p.c.ID); err != nil {
			return err
		}
		if err := insertDigests(tx, p.c.ID, digests); err != nil {
			return err
		}
		if err := s.Processing.Record(tx, processing.Line{Activity: Activity, Revision: p.c.RevisionID, Act: "erase", Actor: actor, Ground: act, Purpose: "rights", Subjects: []string{p.c.SubjectKey}, Elements: []string{"*"}, Detail: act}); err != nil {
			return err
		}
		return s.Audit.Append(tx, audit.Event{Actor: actor, Action: "case." + act, Object: "case:" + p.c.Reference, Body: audit.Bare(meta)})
	})
	if err != nil {
		return errors.Join(err, s.Vault.Unredo(context.WithoutCancel(ctx), kept))
	}
	return nil
}

// NewReference and NewCode make what a person keeps; requests use the same forms.
func NewReference() string { return newReference(rand.Reader) }

// NewCode returns a random code.
func NewCode() string { return newCode() }

// CleanCode brings a typed code into its form without groups.
func CleanCode(typed string) string { return cleanCode(typed) }

// ByDigest finds the cases in which an address stands, by its keyed digest, newest first.
func (e OfPerson) ByDigest(ctx context.Context, digest []byte, each func(caseID, reference, agency, subject string)) error {
	type found struct{ id, reference, agency, subject string }
	var list []found
	err := e.DB.Read(ctx, func(tx *db.Tx) error {
		list = nil
		return tx.Each(`SELECT c.id, c.reference, c.agency, c.subject_key FROM case_index i JOIN cases c ON c.id = i.case_id WHERE i.digest = $1 ORDER BY c.id DESC LIMIT 500`, []any{digest}, func(rows *sql.Rows) error {
			var f found
			err := rows.Scan(&f.id, &f.reference, &f.agency, &f.subject)
			list = append(list, f)
			return err
		})
	})
	for _, f := range list {
		each(f.id, f.reference, f.agency, f.subject)
	}
	return err
}

// Digest is the keyed digest by which an address of a person is found: e-mail or phone.
func (s *Service) Digest(way, value string) []byte {
	element := map[string]string{"email": "email", "phone": "mobile_phone"}[way]
	return s.digestsOf(element, strings.TrimSpace(value))[0]
}

// Salute opens how the person of a case is addressed in a letter; the reading is logged.
func (e OfPerson) Salute(ctx context.Context, a policy.Actor, caseID string) (string, error) {
	c, err := e.byID(ctx, caseID)
	if err != nil {
		return "", err
	}
	var items []vault.Sealed
	for _, element := range []string{"given_name", "family_name"} {
		if sealed, ok := c.sealedSender(element); ok {
			items = append(items, sealed)
		}
	}
	if len(items) == 0 {
		return "ผู้ยื่นคำร้อง", nil
	}
	plain, err := e.Processing.Read(ctx, a, processing.Request{Activity: Activity, Purpose: "communicate", Items: items, Detail: "rights letter"})
	if err != nil {
		return "", err
	}
	parts := make([]string, len(plain))
	for i, p := range plain {
		parts[i] = string(p)
	}
	return "คุณ" + strings.Join(parts, " "), nil
}

// Files opens the attachments of a case that its owner may see, one after the other.
func (e OfPerson) Files(ctx context.Context, caseID string, each func(name string, body io.Reader) error) error {
	c, evs, files, err := e.whole(ctx, caseID, true)
	if err != nil {
		return err
	}
	for _, a := range files {
		if !slices.ContainsFunc(evs, func(e Event) bool { return e.ID == a.eventID }) {
			continue // of the office
		}
		plain, err := e.Processing.Owner(ctx, []vault.Sealed{a.sealedName(&c), a.sealedKey(&c)})
		if err != nil {
			return err
		}
		body, err := e.Service.Files.Open(ctx, a.blob, plain[1])
		if errs.KindOf(err) == errs.NotFound {
			continue
		}
		if err != nil {
			return err
		}
		err = each(string(plain[0]), body)
		if closing := body.Close(); err == nil {
			err = closing
		}
		if err != nil {
			return err
		}
	}
	return nil
}
