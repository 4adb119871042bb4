package saraban

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/saraban/ecms"
	"prasan/internal/thai"
	"prasan/internal/vault"
)

// Got is where a letter that came stands.
type Got string

const (
	Arrived        Got = "arrived"    // รอลงทะเบียน
	Registered     Got = "registered" // ลงทะเบียนแล้ว
	AcceptedIn     Got = "accepted"   // ส่งหนังสือแจ้งเลขรับแล้ว
	RejectedIn     Got = "rejected"
	InvalidIn      Got = "invalid"
	AnsweredLetter Got = "answered"
)

// Step is a declared change of a letter that came.
type Step struct {
	Action string
	From   []Got
	To     Got // "" keeps the state
	By     string
}

// Steps is the whole way of a letter that came; docs/letters.md prints it.
var Steps = []Step{
	{"receive", []Got{Arrived}, Registered, "letter.receive"},
	{"accept", []Got{Registered, AcceptedIn}, AcceptedIn, "letter.receive"},
	{"reject", []Got{Arrived, Registered}, RejectedIn, "letter.receive"},
	{"invalid", []Got{Arrived, Registered}, InvalidIn, "letter.receive"},
	{"forward", []Got{Registered, AcceptedIn, AnsweredLetter}, "", "letter.receive"},
	{"answer", []Got{Registered, AcceptedIn, AnsweredLetter}, AnsweredLetter, "letter.answer"},
	{"dispute", []Got{AcceptedIn, AnsweredLetter}, Registered, "system"},
}

// In is a letter that came, without its content.
type In struct {
	ID           string
	Agency       string // whose it is now
	State        Got
	From         string // code of the agency it came from; "" for a stranger
	FromName     string
	ToName       string
	Number       string // ที่, of the sender
	Dated        time.Time
	Subject      string
	Secrecy      letters.Secrecy
	Urgency      letters.Urgency
	Channel      Channel
	Dispatch     string // of this installation, where it came from here
	ProcessID    string // of the node
	FileHash     string
	Receipt      int64 // เลขรับ
	ReceiptKind  string
	ReceivedAt   time.Time
	RegisteredAt time.Time
	ForwardedTo  string
	Reason       string
	AnsweredAt   time.Time
	About        string
	Version      int64
	Attachments  []string // names of the files that came with it; filled in by ReadIn

	subjectKey            string
	content, file, answer []byte
}

// ReceiptText is the receive number as it is told to the sender.
func (i *In) ReceiptText() string {
	if i.Receipt == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", i.Receipt, letters.Year(i.RegisteredAt))
}

// NextIn lists the actions that the state of a letter that came allows.
func NextIn(i *In) []string {
	var out []string
	for _, s := range Steps {
		if slices.Contains(s.From, i.State) && s.By != "system" {
			out = append(out, s.Action)
		}
	}
	return out
}

// Arrival is a letter as it comes in from a channel.
type Arrival struct {
	Agency         string
	From, FromName string
	ToName         string
	Number         string
	Dated          time.Time
	Subject        string
	Secrecy        letters.Secrecy
	Urgency        letters.Urgency
	Channel        Channel
	Dispatch       string
	ProcessID      string
	File           []byte // the PDF
	Content        *letters.Content
	Attachments    []Attachment
}

// inside is what is sealed of a letter that came, beside its file.
type inside struct {
	Content     *letters.Content `json:"content,omitempty"`
	Attachments []Attachment     `json:"attachments,omitempty"`
}

func inPlace(id, column string) string { return "letters_in:" + id + ":" + column }

// prepare seals an arrival with a key of its own; what it returns stores it, once, in the
// caller's transaction.
func (s *Service) prepare(ctx context.Context, a Arrival) (put func(tx *db.Tx) error, err error) {
	revision, err := s.revision()
	if err != nil {
		return nil, err
	}
	subject, err := s.Vault.NewSubject(ctx, s.Now())
	if err != nil {
		return nil, err
	}
	id := db.NewID()
	text, err := json.Marshal(inside{a.Content, a.Attachments})
	if err != nil {
		return nil, err
	}
	content, file := subject.Seal(inPlace(id, "content"), text), subject.Seal(inPlace(id, "file"), a.File)
	sum := sha256.Sum256(a.File)
	if err := s.Vault.Keep(ctx, subject); err != nil {
		return nil, err
	}
	return func(tx *db.Tx) error {
		n, err := tx.Exec(`INSERT INTO letters_in (id, agency, state, from_agency, from_name, to_name, number_text, dated_at, subject, secrecy, urgency, channel, dispatch_id, process_id, subject_key, content, file, file_hash, received_at) VALUES ($1, $2, 'arrived', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) ON CONFLICT DO NOTHING`,
			id, a.Agency, a.From, a.FromName, a.ToName, a.Number, db.Micros(a.Dated), a.Subject, string(a.Secrecy), string(a.Urgency), string(a.Channel), a.Dispatch, a.ProcessID, subject.ID, content, file, hex.EncodeToString(sum[:]), db.Micros(tx.Now()))
		if err != nil || n == 0 {
			return err // it had come before
		}
		line := processing.Line{Activity: letters.Activity, Revision: revision, Act: "collect", Actor: "system", Ground: "letter", Purpose: letters.Purpose, Subjects: []string{subject.ID}, Elements: []string{processing.Content}, Detail: "letter:" + string(a.Channel)}
		if err := s.Processing.Record(tx, line); err != nil {
			return err
		}
		return s.note(tx, "system", "arrive", id, map[string]string{"from": a.FromName, "number": a.Number, "channel": string(a.Channel), "agency": a.Agency})
	}, nil
}

func (s *Service) note(tx *db.Tx, actor, kind, id string, body map[string]string) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`INSERT INTO letter_events (id, letter_id, at, kind, actor, body) VALUES ($1, $2, $3, $4, $5, $6)`, db.NewID(), id, db.Micros(tx.Now()), kind, actor, string(text)); err != nil {
		return err
	}
	return s.Audit.Append(tx, audit.Event{Actor: actor, Action: "incoming." + kind, Object: "letter:" + id, Body: body})
}

const inColumns = `id, agency, state, from_agency, from_name, to_name, number_text, dated_at, subject, secrecy, urgency, channel, dispatch_id, process_id, subject_key, content, answer, file_hash, number, number_kind, received_at, registered_at, forwarded_to, reason, answered_at, about, version`

func manyIn(tx *db.Tx, where string, args ...any) ([]In, error) {
	var out []In
	err := tx.Each(`SELECT `+inColumns+` FROM letters_in WHERE `+where, args, func(rows *sql.Rows) error {
		var i In
		var dated, received, registered, answered int64
		err := rows.Scan(&i.ID, &i.Agency, &i.State, &i.From, &i.FromName, &i.ToName, &i.Number, &dated, &i.Subject, &i.Secrecy, &i.Urgency, &i.Channel, &i.Dispatch, &i.ProcessID, &i.subjectKey, &i.content, &i.answer, &i.FileHash, &i.Receipt, &i.ReceiptKind, &received, &registered, &i.ForwardedTo, &i.Reason, &answered, &i.About, &i.Version)
		i.Dated, i.ReceivedAt, i.RegisteredAt, i.AnsweredAt = db.Time(dated), db.Time(received), db.Time(registered), db.Time(answered)
		out = append(out, i)
		return err
	})
	return out, err
}

func oneIn(tx *db.Tx, where string, args ...any) (In, error) {
	all, err := manyIn(tx, where, args...)
	if err == nil && len(all) == 0 {
		err = errs.New(errs.NotFound, "error.letter-not-found")
	}
	if err != nil {
		return In{}, err
	}
	return all[0], nil
}

func maySee(a policy.Actor, i *In) bool {
	if i.Secrecy != letters.NoSecrecy && !policy.May(a, "letter.secret", i.Agency) && i.ForwardedTo != a.Account {
		return false
	}
	return policy.May(a, "letter.read", i.Agency)
}

// GetIn returns a letter that came, if the actor may know of it.
func (s *Service) GetIn(ctx context.Context, a policy.Actor, id string) (i In, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error { i, err = oneIn(tx, `id = $1`, id); return err })
	if err == nil && !maySee(a, &i) {
		err = errs.New(errs.NotFound, "error.letter-not-found")
	}
	if err != nil {
		return In{}, err
	}
	return i, nil
}

// FilterIn narrows the list of letters that came.
type FilterIn struct {
	Agency, State, Before string
	Limit                 int
}

// ListIn lists letters that came, newest first.
func (s *Service) ListIn(ctx context.Context, a policy.Actor, f FilterIn) (out []In, err error) {
	all, own := policy.Reach(a, "letter.read")
	if !all {
		if own == "" || f.Agency != "" && f.Agency != own {
			return nil, errs.New(errs.Forbidden, "error.forbidden")
		}
		f.Agency = own
	}
	everySecret, ownSecrets := policy.Reach(a, "letter.secret")
	where, args := []string{`id <> ''`}, []any{}
	add := func(cond string, value any) {
		args = append(args, value)
		where = append(where, fmt.Sprintf(cond, len(args)))
	}
	for _, c := range []struct{ cond, value string }{{"agency = $%d", f.Agency}, {"state = $%d", f.State}, {"id < $%d", f.Before}} {
		if c.value != "" {
			add(c.cond, c.value)
		}
	}
	if !everySecret && (ownSecrets == "" || ownSecrets != f.Agency) {
		add("(secrecy = 'none' OR forwarded_to = $%d)", a.Account)
	}
	if f.Limit <= 0 {
		f.Limit = 50
	}
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		out, err = manyIn(tx, strings.Join(where, " AND ")+fmt.Sprintf(" ORDER BY id DESC LIMIT %d", f.Limit), args...)
		return err
	})
	return out, err
}

// HistoryIn is what happened to a letter that came, oldest first.
func (s *Service) HistoryIn(ctx context.Context, a policy.Actor, id string) (out []letters.Event, err error) {
	if _, err := s.GetIn(ctx, a, id); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(tx *db.Tx) error { out, err = letters.EventsOf(tx, id); return err })
	return out, err
}

// change is the one shape of a change of a letter that came.
func (s *Service) changeIn(tx *db.Tx, a policy.Actor, id, action string, rule func(i *In) (map[string]string, error)) (In, error) {
	i, err := oneIn(tx, `id = $1`+tx.ForUpdate(), id)
	if err != nil {
		return In{}, err
	}
	if a.Account != "" && !maySee(a, &i) {
		return In{}, errs.New(errs.NotFound, "error.letter-not-found")
	}
	at := slices.IndexFunc(Steps, func(st Step) bool { return st.Action == action && slices.Contains(st.From, i.State) })
	if at < 0 {
		return In{}, errs.New(errs.Conflict, "error.letter-transition", "action", action, "state", string(i.State))
	}
	step := Steps[at]
	if step.By == "system" != (a.Account == "") || step.By != "system" && !policy.May(a, step.By, i.Agency) {
		return In{}, errs.New(errs.Forbidden, "error.forbidden")
	}
	if step.To != "" {
		i.State = step.To
	}
	body, err := rule(&i)
	if err != nil {
		return In{}, err
	}
	n, err := tx.Exec(`UPDATE letters_in SET state = $1, number = $2, number_kind = $3, registered_at = $4, forwarded_to = $5, reason = $6, answer = $7, answered_at = $8, about = $9, version = version + 1 WHERE id = $10 AND version = $11`,
		string(i.State), i.Receipt, i.ReceiptKind, db.Micros(i.RegisteredAt), i.ForwardedTo, i.Reason, i.answer, db.Micros(i.AnsweredAt), i.About, i.ID, i.Version)
	if err == nil && n == 0 {
		err = errs.New(errs.Conflict, "error.conflict")
	}
	if err != nil {
		return In{}, err
	}
	i.Version++
	actor := a.Account
	if actor == "" {
		actor = "system"
	}
	return i, s.note(tx, actor, action, id, body)
}

// Receive registers a letter: it gets its receive number (ลงทะเบียนรับ, form 13), and the
// sender learns that it has come.
func (s *Service) Receive(ctx context.Context, a policy.Actor, id string) (done In, err error) {
	err = s.DB.InTx(ctx, func(tx *db.Tx) error { done, err = s.receive(tx, a, id); return err })
	return done, err
}

func (s *Service) receive(tx *db.Tx, a policy.Actor, id string) (In, error) {
	i, err := s.changeIn(tx, a, id, "receive", func(i *In) (map[string]string, error) {
		i.ReceiptKind = "ordinary"
		if i.Secrecy != letters.NoSecrecy {
			i.ReceiptKind = "secret"
		}
		n, err := letters.Take(tx, i.Agency, letters.In, i.ReceiptKind, i.ID, a.Account)
		i.Receipt, i.RegisteredAt = n, tx.Now()
		return map[string]string{"number": i.ReceiptText()}, err
	})
	if err != nil {
		return In{}, err
	}
	return i, s.back(tx, &i, ecms.Receive)
}

// Accept tells the sender the receive number; a letter that is not registered yet is first.
func (s *Service) Accept(ctx context.Context, a policy.Actor, id string) (done In, err error) {
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		i, err := oneIn(tx, `id = $1`+tx.ForUpdate(), id)
		if err != nil {
			return err
		}
		if i.State == Arrived {
			if _, err := s.receive(tx, a, id); err != nil {
				return err
			}
		}
		if done, err = s.changeIn(tx, a, id, "accept", func(i *In) (map[string]string, error) {
			return map[string]string{"number": i.ReceiptText()}, nil
		}); err != nil {
			return err
		}
		return s.back(tx, &done, ecms.Accept)
	})
	return done, err
}

// Refuse sends a letter back: rejected (reject), or because it is not right (invalid).
func (s *Service) Refuse(ctx context.Context, a policy.Actor, id, action, reason string) (done In, err error) {
	reason, err = thai.CleanText(reason, 500)
	if err != nil || reason == "" {
		return In{}, errs.InvalidField("reason", "error.required")
	}
	kind := map[string]string{"reject": ecms.Reject, "invalid": ecms.Invalid}[action]
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		if done, err = s.changeIn(tx, a, id, action, func(i *In) (map[string]string, error) {
			i.Reason = reason
			return map[string]string{"reason": reason}, nil
		}); err != nil {
			return err
		}
		return s.back(tx, &done, kind)
	})
	return done, err
}

// Forward gives a registered letter to somebody of the agency, with an endorsement (เกษียน).
func (s *Service) Forward(ctx context.Context, a policy.Actor, id, account, text string) (done In, err error) {
	text, err = thai.CleanText(text, 500)
	if err != nil {
		return In{}, errs.InvalidField("text", "error.message-long", "max", 500)
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		done, err = s.changeIn(tx, a, id, "forward", func(i *In) (map[string]string, error) {
			var n int
			if err := tx.QueryRow(`SELECT COUNT(*) FROM accounts WHERE name = $1 AND agency = $2 AND disabled = FALSE`, []any{account, i.Agency}, &n); err != nil {
				return nil, err
			}
			if n == 0 {
				return nil, errs.InvalidField("account", "error.assignee")
			}
			i.ForwardedTo = account
			return map[string]string{"to": account, "text": text}, nil
		})
		return err
	})
	return done, err
}

// Answer tells the result of a letter: to the office that sent it, or, having told the
// citizen itself, that it did. Both are recorded with both.
func (s *Service) Answer(ctx context.Context, a policy.Actor, id, to, text string) (done In, err error) {
	text, err = thai.CleanText(text, 5000)
	if err != nil || text == "" {
		return In{}, errs.InvalidField("text", "error.required")
	}
	if to == "" {
		to = "sender"
	}
	if to != "sender" && to != "citizen" {
		return In{}, errs.InvalidField("to", "error.answer-to")
	}
	i, err := s.GetIn(ctx, a, id)
	if err != nil {
		return In{}, err
	}
	subject, err := s.Vault.Subject(ctx, i.subjectKey)
	if err != nil {
		return In{}, err
	}
	var steps []func(tx *db.Tx) error
	for _, hook := range s.answered {
		step, err := hook(ctx, &i, to, text)
		if err != nil {
			return In{}, err
		}
		if step != nil {
			steps = append(steps, step)
		}
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		if done, err = s.changeIn(tx, a, id, "answer", func(i *In) (map[string]string, error) {
			i.answer, i.AnsweredAt = subject.Seal(inPlace(id, "answer"), []byte(text)), tx.Now()
			return map[string]string{"to": to}, nil
		}); err != nil {
			return err
		}
		if done.Dispatch != "" {
			d, err := oneDispatch(tx, `id = $1`+tx.ForUpdate(), done.Dispatch)
			if err != nil {
				return err
			}
			d.State = Answered
			if err := s.move(tx, &d); err != nil {
				return err
			}
		}
		for _, step := range steps {
			if err := step(tx); err != nil {
				return err
			}
		}
		return nil
	})
	return done, err
}

// ReadIn returns a letter that came with what it says, opened for the actor; the reading
// is logged.
func (s *Service) ReadIn(ctx context.Context, a policy.Actor, id string) (In, letters.Content, string, error) {
	i, err := s.GetIn(ctx, a, id)
	if err != nil {
		return In{}, letters.Content{}, "", err
	}
	items := []vault.Sealed{{Subject: i.subjectKey, Element: processing.Content, Place: inPlace(id, "content"), Data: i.content}}
	if i.answer != nil {
		items = append(items, vault.Sealed{Subject: i.subjectKey, Element: processing.Content, Place: inPlace(id, "answer"), Data: i.answer})
	}
	plain, err := s.Processing.Read(ctx, a, processing.Request{Activity: letters.Activity, Purpose: letters.Purpose, Items: items, Detail: "letter"})
	if err != nil {
		return In{}, letters.Content{}, "", err
	}
	var in inside
	if err := json.Unmarshal(plain[0], &in); err != nil {
		return In{}, letters.Content{}, "", err
	}
	answer := ""
	if len(plain) > 1 {
		answer = string(plain[1])
	}
	if in.Content == nil {
		in.Content = &letters.Content{}
	}
	for _, a := range in.Attachments {
		i.Attachments = append(i.Attachments, a.Name)
	}
	return i, *in.Content, answer, nil
}

// AttachmentIn returns a file that came with a letter, counted from 0; the reading is logged.
func (s *Service) AttachmentIn(ctx context.Context, a policy.Actor, id string, n int) (Attachment, error) {
	i, err := s.GetIn(ctx, a, id)
	if err != nil {
		return Attachment{}, err
	}
	plain, err := s.Processing.Read(ctx, a, processing.Request{Activity: letters.Activity, Purpose: letters.Purpose, Items: []vault.Sealed{{Subject: i.subjectKey, Element: processing.Content, Place: inPlace(id, "content"), Data: i.content}}, Detail: "letter.attachment"})
	if err != nil {
		return Attachment{}, err
	}
	var in inside
	if err := json.Unmarshal(plain[0], &in); err != nil {
		return Attachment{}, err
	}
	if n < 0 || n >= len(in.Attachments) {
		return Attachment{}, errs.New(errs.NotFound, "error.not-found")
	}
	return in.Attachments[n], nil
}

// FileIn returns the file of a letter that came, as it came.
func (s *Service) FileIn(ctx context.Context, a policy.Actor, id string) ([]byte, error) {
	i, err := s.GetIn(ctx, a, id)
	if err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT file FROM letters_in WHERE id = $1`, []any{id}, &i.file)
	})
	if err != nil {
		return nil, err
	}
	plain, err := s.Processing.Read(ctx, a, processing.Request{Activity: letters.Activity, Purpose: letters.Purpose, Items: []vault.Sealed{{Subject: i.subjectKey, Element: processing.Content, Place: inPlace(id, "file"), Data: i.file}}, Detail: "letter.pdf"})
	if err != nil {
		return nil, err
	}
	return plain[0], nil
}

// back tells the sender what became of its letter, over the channel it came by.
func (s *Service) back(tx *db.Tx, i *In, kind string) error {
	switch {
	case i.Dispatch != "":
		d, err := oneDispatch(tx, `id = $1`+tx.ForUpdate(), i.Dispatch)
		if err != nil {
			return err
		}
		return s.heard(tx, &d, kind, i.ReceiptText(), i.Reason)
	case i.Channel == ECMS && kind != ecms.Receive: // that it came was told when it came
		return s.Jobs.Enqueue(tx, JobNotify, notice{Kind: kind, In: i.ID, Accept: i.ReceiptText()})
	}
	return nil
}

// heard brings what the receiver says onto the sending.
func (s *Service) heard(tx *db.Tx, d *Dispatch, kind, number, reason string) error {
	now := tx.Now()
	if d.DeliveredAt.IsZero() {
		d.DeliveredAt = now
	}
	switch kind {
	case ecms.Receive:
		if d.State == Queued || d.State == OnItsWay {
			d.State = Delivered
		}
	case ecms.Accept:
		if d.State != Answered {
			d.State = Accepted
		}
		d.AcceptNumber, d.AcceptedAt = number, now
	case ecms.Reject:
		d.State, d.Note = Rejected, reason
	case ecms.Invalid:
		d.State, d.Note = Invalid, reason
	}
	return s.move(tx, d)
}

// numberDisputed puts a letter back to be given its number again.
func (s *Service) numberDisputed(tx *db.Tx, where string, args ...any) error {
	i, err := oneIn(tx, where, args...)
	if err != nil {
		return err
	}
	_, err = s.changeIn(tx, policy.Actor{}, i.ID, "dispute", func(i *In) (map[string]string, error) {
		return map[string]string{"number": i.ReceiptText()}, nil
	})
	return err
}

// EntryIn is a line of the register of letters in (form 13).
type EntryIn struct {
	Number int64
	At     time.Time
	Letter In
}

// RegisterIn lists the register of letters in of a year, last number first.
func (s *Service) RegisterIn(ctx context.Context, a policy.Actor, agency, kind string, year int, before int64, limit int) ([]EntryIn, error) {
	need := "letter.read"
	if kind == "secret" {
		need = "letter.secret"
	}
	if !policy.May(a, need, agency) {
		return nil, errs.New(errs.Forbidden, "error.forbidden")
	}
	if before <= 0 {
		before = 1 << 60
	}
	var out []EntryIn
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		out = nil
		var ids []string
		if err := tx.Each(fmt.Sprintf(`SELECT number, letter_id, at FROM letter_numbers WHERE agency = $1 AND direction = 'in' AND kind = $2 AND year = $3 AND number < $4 ORDER BY number DESC LIMIT %d`, limit), []any{agency, kind, year, before}, func(rows *sql.Rows) error {
			var e EntryIn
			var id string
			var at int64
			err := rows.Scan(&e.Number, &id, &at)
			e.At = db.Time(at)
			out, ids = append(out, e), append(ids, id)
			return err
		}); err != nil {
			return err
		}
		for k, id := range ids {
			i, err := oneIn(tx, `id = $1`, id)
			if err != nil {
				return err
			}
			out[k].Letter = i
		}
		return nil
	})
	return out, err
}

// Link ties a letter that came to what it is about, such as the referral that it answers.
func (s *Service) Link(tx *db.Tx, a policy.Actor, id, about string) error {
	i, err := oneIn(tx, `id = $1`+tx.ForUpdate(), id)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE letters_in SET about = $1, version = version + 1 WHERE id = $2`, about, i.ID); err != nil {
		return err
	}
	return s.note(tx, a.Account, "link", id, map[string]string{"about": about})
}
