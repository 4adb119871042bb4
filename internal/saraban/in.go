package saraban

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/policy"
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
	FileType     string // media type of its file
	Signature    string // what was found of it; "" where there is none and none is asked
	Receipt      int64  // เลขรับ
	ReceiptKind  string
	ReceivedAt   time.Time
	RegisteredAt time.Time
	ForwardedTo  string
	Reason       string
	AnsweredAt   time.Time
	About        string
	DestroyedAt  time.Time // since then the register has its line, and nobody its words
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

// Offered lists what the actor may do with a letter that came.
func Offered(a policy.Actor, i *In) []string {
	out := []string{}
	for _, s := range Steps {
		if i.DestroyedAt.IsZero() && slices.Contains(s.From, i.State) && s.By != "system" && policy.May(a, s.By, i.Agency) {
			out = append(out, s.Action)
		}
	}
	return out
}

const inColumns = `id, agency, state, from_agency, from_name, to_name, number_text, dated_at, subject, secrecy, urgency, channel, dispatch_id, process_id, subject_key, content, answer, file_hash, file_type, signature, number, number_kind, received_at, registered_at, forwarded_to, reason, answered_at, about, destroyed_at, version`

func manyIn(tx *db.Tx, where string, args ...any) ([]In, error) {
	var out []In
	err := tx.Each(`SELECT `+inColumns+` FROM letters_in WHERE `+where, args, func(rows *sql.Rows) error {
		var i In
		var dated, received, registered, answered, destroyed int64
		err := rows.Scan(&i.ID, &i.Agency, &i.State, &i.From, &i.FromName, &i.ToName, &i.Number, &dated, &i.Subject, &i.Secrecy, &i.Urgency, &i.Channel, &i.Dispatch, &i.ProcessID, &i.subjectKey, &i.content, &i.answer, &i.FileHash, &i.FileType, &i.Signature, &i.Receipt, &i.ReceiptKind, &received, &registered, &i.ForwardedTo, &i.Reason, &answered, &i.About, &destroyed, &i.Version)
		i.Dated, i.ReceivedAt, i.RegisteredAt, i.AnsweredAt, i.DestroyedAt = db.Time(dated), db.Time(received), db.Time(registered), db.Time(answered), db.Time(destroyed)
		out = append(out, i)
		return err
	})
	return out, err
}

// oneIn is one of them. Who looks for a process_id says that it is not empty: the index is
// only over those.
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
	if !i.DestroyedAt.IsZero() {
		return In{}, errs.New(errs.Conflict, "error.letter-destroyed")
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
	n, err := tx.Exec(`UPDATE letters_in SET state = $1, number = $2, number_kind = $3, registered_at = $4, forwarded_to = $5, reason = $6, answer = $7, answered_at = $8, about = $9, ended_at = $10, destroy_at = $11, version = version + 1 WHERE id = $12 AND version = $13`,
		string(i.State), i.Receipt, i.ReceiptKind, db.Micros(i.RegisteredAt), i.ForwardedTo, i.Reason, i.answer, db.Micros(i.AnsweredAt), i.About, db.Micros(tx.Now()), db.Micros(s.dueAt(tx.Now())), i.ID, i.Version)
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

// InByID returns a letter that came for what the program does by itself.
func (s *Service) InByID(tx *db.Tx, id string) (In, error) { return oneIn(tx, `id = $1`, id) }

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
