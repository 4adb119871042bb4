package mail

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/jobs"
	"prasan/internal/processing"
	"prasan/internal/vault"
)

const (
	// batch and patience keep what one claim may take well under its lease; turn is how
	// long a flush goes on claiming before it lets other jobs have their turn.
	batch    = 32
	turn     = 20 * time.Second
	patience = time.Minute
	lease    = 5 * time.Minute
	// maxAttempts with the pauses of jobs.Backoff last about three days (RFC 5321
	// section 4.5.4.1 wants four or five; a citizen should hear of it sooner).
	maxAttempts = 23
	// An address gets so many acknowledgements; the form must not mail strangers at will.
	acksAnHour, acksADay = 3, 10
)

// row is a claimed message.
type row struct {
	Message
	messageID string
	attempts  int
	created   time.Time
}

// Flush hands over what is due. Without a relay, or while the post is held back, it does
// nothing: all stays queued.
func (s *Service) Flush(ctx context.Context) error {
	if s.Config.Relay.Addr == "" {
		return nil
	}
	var paused bool
	if err := s.DB.Read(ctx, func(tx *db.Tx) (err error) { paused, err = Paused(tx); return err }); err != nil || paused {
		return err
	}
	began := time.Now()
	for time.Since(began) < turn && ctx.Err() == nil {
		rows, err := s.claim(ctx)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			break
		}
		if err := s.deliver(ctx, rows); err != nil {
			return err
		}
	}
	return s.plan(ctx)
}

// claim leases messages that are due, so that of several nodes one sends each.
func (s *Service) claim(ctx context.Context) ([]row, error) {
	var rows []row
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		rows = nil
		now := db.Micros(tx.Now())
		return tx.Each(`UPDATE outbox SET lease_until = $1, attempts = attempts + 1 WHERE id IN (SELECT id FROM outbox WHERE state = 'queued' AND run_at <= $2 AND lease_until <= $3 ORDER BY run_at LIMIT $4`+tx.SkipLocked()+`)
			RETURNING id, case_id, kind, lang, agency, subject_key, recipient, body, meta, message_id, attempts, created_at`,
			[]any{db.Micros(tx.Now().Add(lease)), now, now, batch}, func(r *sql.Rows) error {
				m, err := scan(r)
				rows = append(rows, m)
				return err
			})
	})
	return rows, err
}

func scan(r *sql.Rows) (row, error) {
	var m row
	var meta string
	var created int64
	if err := r.Scan(&m.ID, &m.CaseID, &m.Kind, &m.Lang, &m.Agency, &m.SubjectKey, &m.Recipient, &m.Body, &meta, &m.messageID, &m.attempts, &created); err != nil {
		return m, err
	}
	m.created = db.Time(created)
	err := json.Unmarshal([]byte(meta), &m.Meta)
	m.Site = m.Meta["site"]
	return m, err
}

// prepared is a message ready to be handed over, or why it is not.
type prepared struct {
	*row
	address string
	letter  []byte
	err     error
}

// deliver sends a batch over one connection. While the relay cannot be reached
// nothing is opened: a reading that serves nothing must not be in the log. What comes
// before and after the sending is done for many messages at once, because their
// transactions then share commits; each outcome is noted as soon as it is known.
func (s *Service) deliver(ctx context.Context, rows []row) error {
	deadline := time.Now().Add(patience)
	session, err := s.connect(ctx)
	if err != nil {
		return s.postpone(ctx, rows, err)
	}
	defer func() { session.close() }()
	letters := s.prepare(ctx, rows)
	notes := s.notes(ctx)
	for i, l := range letters {
		if time.Now().After(deadline) || ctx.Err() != nil {
			return errors.Join(s.release(ctx, rows[i:]), notes.wait())
		}
		if l.err == nil {
			l.err = redact(session.send(ctx, s.returnPath(l.ID), l.address, l.letter), l.address)
		}
		notes.add(l.row, l.err)
		if l.err == nil || session.usable(l.err) {
			continue
		}
		session.close()
		if session, err = s.connect(ctx); err != nil {
			session = &smtpSession{}
			return errors.Join(s.postpone(ctx, rows[i+1:], err), notes.wait())
		}
	}
	return notes.wait()
}

// prepare opens, renders and signs messages.
func (s *Service) prepare(ctx context.Context, rows []row) []prepared {
	out := make([]prepared, len(rows))
	var wg sync.WaitGroup
	for i := range rows {
		out[i].row = &rows[i]
		wg.Go(func() { out[i].address, out[i].letter, out[i].err = s.one(ctx, &rows[i]) })
	}
	wg.Wait()
	return out
}

func (s *Service) one(ctx context.Context, m *row) (address string, letter []byte, err error) {
	address, body, err := s.open(ctx, m)
	if err != nil {
		return "", nil, err
	}
	if m.Kind == "ack" {
		if err := s.withinCap(ctx, m, address); err != nil {
			return "", nil, err
		}
	}
	if letter, err = s.compose(m, address, body); err != nil {
		return "", nil, err
	}
	letter, err = s.sign(letter)
	return address, letter, err
}

// open opens recipient and body through the record: the line is durable before the
// first byte leaves.
func (s *Service) open(ctx context.Context, m *row) (address string, body Body, err error) {
	var plain [][]byte
	if m.SubjectKey == "" {
		plain, err = s.openSystem(m)
	} else {
		plain, err = s.Processing.Send(ctx, processing.Request{Activity: Activity, Purpose: kinds[m.Kind].purpose, Detail: "mail:" + m.Kind, Items: []vault.Sealed{
			{Subject: m.SubjectKey, Element: "email", Place: Place(m.ID, "recipient"), Data: m.Recipient},
			{Subject: m.SubjectKey, Element: processing.Content, Place: Place(m.ID, "body"), Data: m.Body},
		}})
	}
	if err != nil {
		return "", Body{}, err
	}
	if len(plain[1]) > 0 {
		err = json.Unmarshal(plain[1], &body)
	}
	return string(plain[0]), body, err
}

func (s *Service) openSystem(m *row) ([][]byte, error) {
	out := make([][]byte, 2)
	var err error
	if out[0], err = s.Vault.OpenSystem(Place(m.ID, "recipient"), m.Recipient); err == nil && len(m.Body) > 0 {
		out[1], err = s.Vault.OpenSystem(Place(m.ID, "body"), m.Body)
	}
	return out, err
}

// withinCap counts an acknowledgement once, however often it is tried.
func (s *Service) withinCap(ctx context.Context, m *row, address string) error {
	if m.Meta["counted"] != "" {
		return nil
	}
	digest := hex.EncodeToString(s.Vault.Digest("email", strings.ToLower(address)))
	capped := false
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		within, err := s.Limits.Allow(tx, "ack-hour", digest, acksAnHour, time.Hour)
		if err == nil && within { // what the hour refuses does not count for the day
			within, err = s.Limits.Allow(tx, "ack-day", digest, acksADay, 24*time.Hour)
		}
		if err != nil {
			return err
		}
		capped = !within
		m.Meta["counted"] = "1"
		meta, err := json.Marshal(m.Meta)
		if err != nil {
			return err
		}
		_, err = tx.Exec(`UPDATE outbox SET meta = $1 WHERE id = $2`, string(meta), m.ID)
		return err
	})
	if err == nil && capped {
		return &permanent{reason: "capped"}
	}
	return err
}

// noting stores outcomes while the next messages are being sent.
type noting struct {
	note func(m *row, outcome error) error
	wg   sync.WaitGroup
	mu   sync.Mutex
	err  error
}

func (s *Service) notes(ctx context.Context) *noting {
	return &noting{note: func(m *row, outcome error) error { return s.note(ctx, m, outcome) }}
}

func (n *noting) add(m *row, outcome error) {
	n.wg.Go(func() {
		if err := n.note(m, outcome); err != nil {
			n.mu.Lock()
			n.err = err
			n.mu.Unlock()
		}
	})
}

func (n *noting) wait() error {
	n.wg.Wait()
	return n.err
}

// note stores the outcome of an attempt.
func (s *Service) note(ctx context.Context, m *row, outcome error) error {
	state, reason := verdict(m, outcome)
	return s.DB.InTx(context.WithoutCancel(ctx), func(tx *db.Tx) error {
		again := tx.Now()
		if state == Queued {
			again = again.Add(jobs.Backoff(m.attempts))
		}
		// A report may have come back before the hand-over is noted; it stands.
		if _, err := tx.Exec(`UPDATE outbox SET state = $1, last_error = $2, run_at = $3, lease_until = 0, changed_at = $4 WHERE id = $5 AND state = 'queued'`,
			state, reason, db.Micros(again), db.Micros(tx.Now()), m.ID); err != nil {
			return err
		}
		if state == Queued {
			return nil
		}
		return s.Audit.Append(tx, audit.Event{Actor: "system", Action: "mail." + state, Object: "mail:" + m.ID, Body: map[string]any{"kind": m.Kind, "reference": m.Meta["reference"], "attempts": m.attempts, "reason": reason}})
	})
}

// verdict turns the outcome of an attempt into a state and what is shown as the reason.
func verdict(m *row, outcome error) (state, reason string) {
	if outcome == nil {
		return HandedOver, ""
	}
	var p *permanent
	switch {
	case errors.As(outcome, &p):
		return Failed, p.reason
	case errs.KindOf(outcome) == errs.Forbidden, errs.KindOf(outcome) == errs.NotFound:
		// The record no longer declares the sending, or the data has been destroyed.
		return Failed, errs.As(outcome).Key
	case m.attempts >= maxAttempts:
		return Failed, reasonOf(outcome)
	}
	return Queued, reasonOf(outcome)
}

// reasonOf is what may be shown of an error: the relay's own words, or a key.
func reasonOf(err error) string {
	var t *temporary
	if errors.As(err, &t) {
		return t.reason
	}
	return errs.As(err).Key
}

// postpone gives back messages that the relay could not take at all.
func (s *Service) postpone(ctx context.Context, rows []row, cause error) error {
	notes := s.notes(ctx)
	for i := range rows {
		notes.add(&rows[i], cause)
	}
	return notes.wait()
}

// release gives back messages that were not tried.
func (s *Service) release(ctx context.Context, rows []row) error {
	return s.DB.InTx(context.WithoutCancel(ctx), func(tx *db.Tx) error {
		for _, m := range rows {
			if _, err := tx.Exec(`UPDATE outbox SET lease_until = 0, attempts = attempts - 1 WHERE id = $1 AND state = 'queued'`, m.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

// plan enqueues the next flush for the moment at which the next message is due.
func (s *Service) plan(ctx context.Context) error {
	var next sql.NullInt64
	const due = `SELECT MIN(CASE WHEN lease_until > run_at THEN lease_until ELSE run_at END) FROM outbox WHERE state = 'queued'`
	err := s.DB.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(due, nil, &next) })
	if err != nil || !next.Valid {
		return err
	}
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		at := db.Time(next.Int64)
		return s.Jobs.Enqueue(tx, JobFlush, nil, jobs.At(at), jobs.Unique(JobFlush+"@"+at.Truncate(time.Second).Format(time.RFC3339)))
	})
}
