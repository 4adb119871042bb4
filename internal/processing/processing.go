// Package processing is the act on personal data: it asks the record whether the act
// is declared, writes the processing line and the audit event, and only then opens
// what was sealed. One call, one sequence; there is no other way to plain text.
package processing

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/vault"
)

// Content is the element name of what a person wrote: message, attachments, replies.
// It is opened to those the record admits for receiving and forwarding.
const Content = "content"

// Service decides, records and opens.
type Service struct {
	db     *db.DB
	vault  *vault.Vault
	minter *vault.Minter
	audit  *audit.Log
	record func(activity string) *policy.Snapshot
}

// New wires the service. record gives the effective snapshot of an activity, or nil:
// then everything is refused.
func New(d *db.DB, v *vault.Vault, m *vault.Minter, a *audit.Log, record func(string) *policy.Snapshot) *Service {
	return &Service{d, v, m, a, record}
}

// Line is an act on personal data, as it is logged. Revision is the one under which
// the act is done.
type Line struct {
	Activity string
	Revision string
	Act      string // collect, read, send, export, erase
	Actor    string
	Ground   string
	Purpose  string
	Subjects []string
	Elements []string
	Detail   string
}

// Record writes a line in the caller's transaction: one row for each subject.
func (s *Service) Record(tx *db.Tx, l Line) error {
	elements := strings.Join(l.Elements, ",")
	for _, subject := range l.Subjects {
		if _, err := tx.Exec(`INSERT INTO processing_log (id, at, activity, revision_id, act, actor, ground, purpose, subject, elements, detail) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
			db.NewID(), db.Micros(tx.Now()), l.Activity, l.Revision, l.Act, l.Actor, l.Ground, l.Purpose, subject, elements, l.Detail); err != nil {
			return err
		}
	}
	return nil
}

// Request asks for sealed values to be opened for one purpose.
type Request struct {
	Activity string
	Purpose  string
	Items    []vault.Sealed
	Detail   string // where the reading happens: "case", "inbox", "api"
}

// Read opens values for a person, if the record declares the purpose and admits him.
// The reading is durable before anything is opened.
func (s *Service) Read(ctx context.Context, actor policy.Actor, r Request) ([][]byte, error) {
	snapshot := s.record(r.Activity)
	if snapshot == nil {
		return nil, errs.New(errs.Unavailable, "error.no-record")
	}
	decision := snapshot.MayRead(actor, r.Purpose)
	subjects, elements := scope(r.Items)
	if decision.Allowed {
		for _, e := range elements {
			if e != Content && !slices.Contains(decision.Elements, e) {
				decision = policy.Decision{Reason: "error.element-not-declared"}
				break
			}
		}
	}
	if !decision.Allowed {
		return nil, s.refuse(ctx, actor, r, decision, subjects)
	}
	if len(r.Items) == 0 {
		return nil, nil
	}
	line := Line{Activity: r.Activity, Revision: snapshot.RevisionID, Act: "read", Actor: actor.Account, Ground: decision.Ground, Purpose: r.Purpose, Subjects: subjects, Elements: elements, Detail: r.Detail}
	var items []vault.Sealed
	err := s.db.InTx(ctx, func(tx *db.Tx) (err error) {
		if items, err = unrestricted(tx, subjects, r.Items); err != nil {
			return err
		}
		return s.log(tx, "data.read", line)
	})
	if err != nil {
		return nil, err
	}
	return s.vault.Open(ctx, s.minter.Permit(r.Purpose, subjects, elements), items)
}

// Owner opens what a person gave to that same person, who has shown his tracking code
// (PDPA s.30): no purpose is needed to show someone his own words.
func (s *Service) Owner(ctx context.Context, items []vault.Sealed) ([][]byte, error) {
	subjects, elements := scope(items)
	return s.vault.Open(ctx, s.minter.Permit("owner", subjects, elements), items)
}

// Send opens values that the program itself sends, for a declared purpose. The line is
// durable before the first byte leaves.
func (s *Service) Send(ctx context.Context, r Request) ([][]byte, error) {
	return s.byItself(ctx, r, "data.send", "send", "outbox")
}

// Handle opens values that the program itself works on and shows to nobody, such as mail
// that is sorted; ground says for what. The line is durable before anything is opened.
func (s *Service) Handle(ctx context.Context, r Request, ground string) ([][]byte, error) {
	return s.byItself(ctx, r, "data.handle", "read", ground)
}

// byItself opens what the program needs for an act of its own: the record must declare
// the purpose, and each element for it.
func (s *Service) byItself(ctx context.Context, r Request, action, act, ground string) ([][]byte, error) {
	snapshot := s.record(r.Activity)
	if snapshot == nil {
		return nil, errs.New(errs.Unavailable, "error.no-record")
	}
	if !snapshot.HasPurpose(r.Purpose) {
		return nil, errs.New(errs.Forbidden, "error.purpose-not-declared")
	}
	subjects, elements := scope(r.Items)
	for _, e := range elements {
		if e != Content && !snapshot.Declares(r.Purpose, e) {
			return nil, errs.New(errs.Forbidden, "error.element-not-declared")
		}
	}
	line := Line{Activity: r.Activity, Revision: snapshot.RevisionID, Act: act, Actor: "system", Ground: ground, Purpose: r.Purpose, Subjects: subjects, Elements: elements, Detail: r.Detail}
	if err := s.commit(ctx, action, line); err != nil {
		return nil, err
	}
	return s.vault.Open(ctx, s.minter.Permit(r.Purpose, subjects, elements), r.Items)
}

func (s *Service) commit(ctx context.Context, action string, l Line) error {
	return s.db.InTx(ctx, func(tx *db.Tx) error { return s.log(tx, action, l) })
}

// event is what the audit says of an act.
type event struct {
	Activity string   `json:"activity"`
	Detail   string   `json:"detail"`
	Elements []string `json:"elements"`
	Ground   string   `json:"ground"`
	Purpose  string   `json:"purpose"`
	Revision string   `json:"revision"`
	Subjects int      `json:"subjects"`
}

func (s *Service) log(tx *db.Tx, action string, l Line) error {
	if err := s.Record(tx, l); err != nil {
		return err
	}
	return s.audit.Append(tx, audit.Event{Actor: l.Actor, Action: action, Object: object(l.Subjects),
		Body: event{l.Activity, l.Detail, l.Elements, l.Ground, l.Purpose, l.Revision, len(l.Subjects)}})
}

// refuse logs the attempt: readings out of pattern are what inspectors look for.
func (s *Service) refuse(ctx context.Context, actor policy.Actor, r Request, d policy.Decision, subjects []string) error {
	err := s.db.InTx(ctx, func(tx *db.Tx) error {
		return s.audit.Append(tx, audit.Event{Actor: actor.Account, Action: "data.refused", Object: object(subjects), Body: map[string]any{"purpose": r.Purpose, "reason": d.Reason, "detail": r.Detail}})
	})
	if err != nil {
		return err
	}
	key := d.Reason
	if key == "" {
		key = "error.forbidden"
	}
	return errs.New(errs.Forbidden, key)
}

func object(subjects []string) string {
	if len(subjects) == 1 {
		return "subject:" + subjects[0]
	}
	return "subjects"
}

func scope(items []vault.Sealed) (subjects, elements []string) {
	for _, i := range items {
		if !slices.Contains(subjects, i.Subject) {
			subjects = append(subjects, i.Subject)
		}
		if !slices.Contains(elements, i.Element) {
			elements = append(elements, i.Element)
		}
	}
	return subjects, elements
}

// Reading is a logged act, for showing.
type Reading struct {
	At       int64
	Act      string
	Actor    string
	Purpose  string
	Ground   string
	Elements []string
	Revision string
	Detail   string
}

// Of returns what was done with a subject's data, newest first.
func Of(tx *db.Tx, subject string, limit int) ([]Reading, error) {
	rows, err := tx.Query(`SELECT at, act, actor, purpose, ground, elements, revision_id, detail FROM processing_log WHERE subject = $1 ORDER BY id DESC LIMIT $2`, subject, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Reading
	for rows.Next() {
		var r Reading
		var elements string
		if err := rows.Scan(&r.At, &r.Act, &r.Actor, &r.Purpose, &r.Ground, &elements, &r.Revision, &r.Detail); err != nil {
			return nil, err
		}
		r.Elements = strings.Split(elements, ",")
		out = append(out, r)
	}
	return out, rows.Err()
}

// EncodeElements is how sealed elements are stored beside each other in one column.
func EncodeElements(sealed map[string][]byte) (string, error) {
	b, err := json.Marshal(sealed)
	return string(b), err
}

// DecodeElements reverses EncodeElements.
func DecodeElements(text string) (map[string][]byte, error) {
	m := map[string][]byte{}
	return m, json.Unmarshal([]byte(text), &m)
}
