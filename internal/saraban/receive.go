package saraban

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/saraban/ecms"
	"prasan/internal/thai"
)

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
	File           []byte // the PDF, or a scan
	FileType       string // its media type; "" is PDF
	Content        *letters.Content
	Attachments    []Attachment
	large          ecms.File // the PDF, where it is not in memory
	Signature      string    // what was found of it
	Certificate    string    // SHA-256 of who signed, in hex
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
	main := a.large
	if main.Pieces == nil {
		main.Data = a.File
	}
	sum := sha256.New()
	if err := main.Each(func(b []byte) error { sum.Write(b); return nil }); err != nil {
		return nil, err
	}
	kept := parts{}
	kept.take(0, &main)
	in := inside{Content: a.Content}
	for i, f := range a.Attachments {
		in.Attachments = append(in.Attachments, f.kept(kept, i+1))
	}
	text, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	content, file := subject.Seal(inPlace(id, "content"), text), subject.Seal(inPlace(id, "file"), main.Data)
	if err := s.Vault.Keep(ctx, subject); err != nil {
		return nil, err
	}
	return func(tx *db.Tx) error {
		n, err := tx.Exec(`INSERT INTO letters_in (id, agency, state, from_agency, from_name, to_name, number_text, dated_at, subject, secrecy, urgency, channel, dispatch_id, process_id, subject_key, content, file, file_hash, received_at, file_type, signature, ended_at, destroy_at) VALUES ($1, $2, 'arrived', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22) ON CONFLICT DO NOTHING`,
			id, a.Agency, a.From, a.FromName, a.ToName, a.Number, db.Micros(a.Dated), a.Subject, string(a.Secrecy), string(a.Urgency), string(a.Channel), a.Dispatch, a.ProcessID, subject.ID, content, file, hex.EncodeToString(sum.Sum(nil)), db.Micros(tx.Now()), fileType(a.FileType), a.Signature, db.Micros(tx.Now()), db.Micros(s.dueAt(tx.Now())))
		if err != nil || n == 0 {
			return err // it had come before
		}
		if err := kept.put(tx, id, inPlace(id, "part"), subject.SealInto); err != nil {
			return err
		}
		line := processing.Line{Activity: letters.Activity, Revision: revision, Act: "collect", Actor: "system", Ground: "letter", Purpose: letters.Purpose, Subjects: []string{subject.ID}, Elements: []string{processing.Content}, Detail: "letter:" + string(a.Channel)}
		if err := s.Processing.Record(tx, line); err != nil {
			return err
		}
		about := map[string]string{"from": a.FromName, "number": a.Number, "channel": string(a.Channel), "agency": a.Agency}
		if a.Signature != "" {
			about["signature"], about["certificate"] = a.Signature, a.Certificate
		}
		return s.note(tx, "system", "arrive", id, about)
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
	bare := audit.Bare(body)
	delete(bare, "from") // may be a person
	return s.Audit.Append(tx, audit.Event{Actor: actor, Action: "incoming." + kind, Object: "letter:" + id, Body: bare})
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
