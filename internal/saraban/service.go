package saraban

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/jobs"
	"prasan/internal/letters"
	"prasan/internal/mail"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/saraban/ecms"
	"prasan/internal/vault"
)

// Deps are the parts a Service works with.
type Deps struct {
	DB         *db.DB
	Vault      *vault.Vault
	Processing *processing.Service
	Audit      *audit.Log
	Jobs       *jobs.Queue
	Mail       *mail.Service
	Letters    *letters.Service
	Agencies   *org.Directory
	Record     func(activity string) *policy.Snapshot
	Now        func() time.Time
	// Nodes are the e-CMS nodes of organisations, by id.
	Nodes map[string]ecms.Exchange
	// Serve makes this installation the node of the organisations that are not in Nodes.
	Serve bool
	// SignECMS has letters that go through a node signed with the seal of their agency.
	SignECMS bool
	// Pins are the certificates of organisations, by id. Letters of one that has some must
	// be signed with one of them.
	Pins map[string][]*x509.Certificate
	// MaxClass is the highest class that the own node takes; "" is none.
	MaxClass letters.Secrecy
	// PollEvery is how often the nodes are asked; 0: each minute.
	PollEvery time.Duration
}

// Service is what can be done in the exchange.
type Service struct {
	Deps
	moved    []func(tx *db.Tx, d *Dispatch) error
	answered []AnswerHook
	attached []func(ctx context.Context, l *letters.Letter) ([]Attachment, error)

	mailedBack []func(tx *db.Tx, i *In, kind string) error
}

// Attachment is a file that goes with a letter.
type Attachment struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Data []byte `json:"data"`
	Size int    `json:"size,omitempty"` // of one that is kept in pieces

	large ecms.File // where it is not in memory
}

// kept is an attachment as it lies in its letter; a large one is given to those in pieces.
func (a Attachment) kept(p parts, n int) Attachment {
	f := a.large
	if f.Pieces == nil {
		f.Data = a.Data
	}
	size := f.Length()
	if p.take(n, &f); f.Data == nil {
		return Attachment{Name: a.Name, Type: a.Type, Size: size}
	}
	return Attachment{Name: a.Name, Type: a.Type, Data: f.Data}
}

// maxAttached bounds the files of one letter together, in bytes.
const maxAttached = 20 << 20

// OnAttach has f say which files go with a letter when it is handed over.
func (s *Service) OnAttach(f func(ctx context.Context, l *letters.Letter) ([]Attachment, error)) {
	s.attached = append(s.attached, f)
}

func (s *Service) attachments(ctx context.Context, l *letters.Letter) ([]Attachment, error) {
	var out []Attachment
	size := 0
	for _, f := range s.attached {
		more, err := f(ctx, l)
		if err != nil {
			return nil, err
		}
		for _, a := range more {
			if size += len(a.Data); size > maxAttached {
				return nil, errs.New(errs.TooLarge, "error.letter-attachments", "max", maxAttached>>20)
			}
		}
		out = append(out, more...)
	}
	return out, nil
}

// extensions name files that come without a name.
var extensions = map[string]string{"application/pdf": ".pdf", "image/jpeg": ".jpg", "image/png": ".png", "image/tiff": ".tif", "text/plain": ".txt"}

// fileType is the type under which a letter's file is stored: what is not a letter's is
// only saved, never shown.
func fileType(media string) string {
	media, _, _ = strings.Cut(strings.ToLower(media), ";")
	switch media = strings.TrimSpace(media); {
	case media == "":
		return "application/pdf"
	case letters.FileTypes[media] != "":
		return media
	}
	return "application/octet-stream"
}

// plainName is a name for systems that know ASCII only.
func plainName(n int, kind string) string {
	return "attachment-" + strconv.Itoa(n+1) + extensions[kind]
}

// AnswerHook prepares, before the transaction, what is done in it with an answer to a
// letter that came from an agency of this installation.
type AnswerHook func(ctx context.Context, in *In, to, text string) (func(tx *db.Tx) error, error)

// New returns the service.
func New(d Deps) *Service {
	if d.MaxClass == "" {
		d.MaxClass = letters.NoSecrecy
	}
	if d.PollEvery <= 0 {
		d.PollEvery = time.Minute
	}
	return &Service{Deps: d}
}

// OnMove has f told, in its transaction, of every change of a dispatch.
func (s *Service) OnMove(f func(tx *db.Tx, d *Dispatch) error) { s.moved = append(s.moved, f) }

// OnAnswer has f take part in answers.
func (s *Service) OnAnswer(f AnswerHook) { s.answered = append(s.answered, f) }

// Kinds of jobs.
const (
	JobSend   = "saraban.send"
	JobNotify = "saraban.notify"
)

// Register tells the queue what this package's jobs and tasks do.
func (s *Service) Register() {
	s.Jobs.Handle(JobSend, func(ctx context.Context, j jobs.Job) error {
		var id string
		if err := json.Unmarshal(j.Payload, &id); err != nil {
			return err
		}
		if held, err := s.later(ctx, JobSend, id); held || err != nil {
			return err
		}
		return s.Deliver(ctx, id)
	})
	s.Jobs.Handle(JobNotify, func(ctx context.Context, j jobs.Job) error {
		var n notice
		if err := json.Unmarshal(j.Payload, &n); err != nil {
			return err
		}
		if held, err := s.later(ctx, JobNotify, n); held || err != nil {
			return err
		}
		return s.notify(ctx, n)
	})
	if len(s.Nodes) > 0 || s.Serve {
		s.Jobs.Every("saraban.poll", func(after time.Time) time.Time { return after.Add(s.PollEvery) }, func(ctx context.Context, _ jobs.Job) error {
			if held, err := s.paused(ctx); held || err != nil {
				return err
			}
			return s.Poll(ctx)
		})
	}
}

// exchangeOf is the node of an organisation; nil where it has none.
func (s *Service) exchangeOf(id string) ecms.Exchange {
	if id == "" {
		return nil
	}
	if x, ok := s.Nodes[id]; ok {
		return x
	}
	if s.Serve {
		return s.Node()
	}
	return nil
}

func (s *Service) revision() (string, error) {
	snap := s.Record(letters.Activity)
	if snap == nil {
		return "", errs.New(errs.Unavailable, "error.no-record")
	}
	return snap.RevisionID, nil
}

// whilePaused is how often work looks whether the post still is held back.
const whilePaused = 5 * time.Minute

func (s *Service) paused(ctx context.Context) (held bool, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		held, err = mail.Paused(tx)
		return err
	})
	return held, err
}

// later puts work off while the post is held back: what a restored installation would
// exchange may have been exchanged already by the one that was lost.
func (s *Service) later(ctx context.Context, kind string, payload any) (held bool, err error) {
	if held, err = s.paused(ctx); !held || err != nil {
		return held, err
	}
	return true, s.DB.InTx(ctx, func(tx *db.Tx) error { return s.Jobs.Enqueue(tx, kind, payload, jobs.At(tx.Now().Add(whilePaused))) })
}
