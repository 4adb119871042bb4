package mail

import (
	"context"
	"crypto"
	"crypto/x509"
	"database/sql"
	"net"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/jobs"
	"prasan/internal/limits"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/thai"
	"prasan/internal/vault"
)

// Relay is the SMTP server that takes outgoing mail.
type Relay struct {
	Addr     string // host:port; "" for none: everything stays queued
	User     string
	Password string
	TLS      string         // required, offered, none; port 465 speaks TLS from the first byte
	Roots    *x509.CertPool // nil: the system's
	// Dial is the way out; egress.Client.Dial.
	Dial    func(ctx context.Context, network, addr string) (net.Conn, error)
	Timeout time.Duration // of one message; 0: a minute (of the greeting at most a quarter of one)
}

// Sender is in whose name a message is sent.
type Sender struct {
	Name  policy.Text
	Email string // where replies go
}

// DKIM signs what leaves; a nil Key signs nothing.
type DKIM struct {
	Selector string
	Key      crypto.Signer
}

// Config says how mail leaves and what it says of the body that sends it.
type Config struct {
	Domain    string // of sender addresses, of the return path, of the DKIM signature
	Mailbox   string // address whose mail is read for answers; "" for none
	Relay     Relay
	DKIM      DKIM
	Sender    func(agency, site string) Sender
	SiteURL   func(host string) string // how visitors reach a site
	OfficeURL string                   // address of the office's sign-in, for mail to staff
	LinkHours int                      // how long links in mails work, as the texts say it
}

// Deps are the parts a Service works with.
type Deps struct {
	DB         *db.DB
	Vault      *vault.Vault
	Processing *processing.Service
	Audit      *audit.Log
	Jobs       *jobs.Queue
	Limits     *limits.Limiter
	Now        func() time.Time
	Config     Config
}

// Service is the post office.
type Service struct {
	Deps
	bounceKey []byte
	replyKey  []byte
	hello     string // the name with which it greets the relay
}

// New returns the service.
func New(d Deps) *Service {
	if d.Config.Relay.Timeout == 0 {
		d.Config.Relay.Timeout = time.Minute
	}
	return &Service{Deps: d, bounceKey: d.Vault.Derive("mail-bounce"), replyKey: d.Vault.Derive("mail-reply"), hello: d.Config.Domain}
}

// Register tells the queue what this package's jobs and tasks do.
func (s *Service) Register() {
	s.Jobs.Handle(JobFlush, func(ctx context.Context, _ jobs.Job) error { return s.Flush(ctx) })
	s.Jobs.Every("mail.sweep", jobs.Daily(thai.Bangkok, 2, 55), func(ctx context.Context, _ jobs.Job) error { return s.DB.InTx(ctx, s.sweep) })
}

// Resume has what is queued sent; called at each start, since a relay may have been
// configured while nothing ran.
func (s *Service) Resume(ctx context.Context) error {
	var n int
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM outbox WHERE state = 'queued'`, nil, &n)
	})
	if err != nil || n == 0 {
		return err
	}
	return s.DB.InTx(ctx, s.wake)
}

// keepStaff is how long mail to staff, which has no case to be destroyed with, is kept.
const keepStaff = 30 * 24 * time.Hour

func (s *Service) sweep(tx *db.Tx) error {
	_, err := tx.Exec(`DELETE FROM outbox WHERE case_id = '' AND state <> 'queued' AND changed_at < $1`, db.Micros(tx.Now().Add(-keepStaff)))
	return err
}

// Problems lists messages that failed or bounced, newest first, for those who look
// after the installation.
func (s *Service) Problems(tx *db.Tx, limit int) ([]State, error) {
	return states(tx, `state IN ('failed','bounced') ORDER BY changed_at DESC LIMIT $1`, limit)
}

// states reads messages; where is a clause of this package, never of a caller.
func states(tx *db.Tx, where string, args ...any) ([]State, error) {
	out := []State{}
	err := tx.Each(`SELECT id, case_id, kind, state, attempts, last_error, created_at, changed_at, run_at FROM outbox WHERE `+where, args, func(rows *sql.Rows) error {
		var st State
		var created, changed, next int64
		if err := rows.Scan(&st.ID, &st.CaseID, &st.Kind, &st.State, &st.Attempts, &st.LastError, &created, &changed, &next); err != nil {
			return err
		}
		st.CreatedAt, st.ChangedAt = db.Time(created), db.Time(changed)
		if st.State == Queued {
			st.NextAt = db.Time(next)
		}
		out = append(out, st)
		return nil
	})
	return out, err
}

// Retry queues a message again that failed or bounced. caseID is the case it must
// belong to, which the caller has checked that the actor may work on.
func (s *Service) Retry(ctx context.Context, actor, caseID, id string) error {
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(`UPDATE outbox SET state = 'queued', attempts = 0, lease_until = 0, last_error = '', run_at = $1, changed_at = $2 WHERE id = $3 AND case_id = $4 AND state IN ('failed','bounced')`,
			db.Micros(tx.Now()), db.Micros(tx.Now()), id, caseID)
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.New(errs.Conflict, "error.mail-retry")
		}
		if err := s.Audit.Append(tx, audit.Event{Actor: actor, Action: "mail.retry", Object: "mail:" + id}); err != nil {
			return err
		}
		return s.wake(tx)
	})
}
