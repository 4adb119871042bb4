// Package register stores the revisions of the record, immutable and chained, and
// holds the compiled snapshot of each effective one. The rest of the program asks it
// for snapshots and gets nil when none is in force: then everything fails closed.
package register

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/ropa"
)

// Revision is a stored revision without its text.
type Revision struct {
	ID          string
	Activity    string
	N           int
	Status      string // draft, review, approved, effective, superseded
	SHA256      string
	PrevSHA256  string
	PreparedBy  string
	Approvals   []Approval
	EffectiveAt time.Time
	CreatedAt   time.Time
}

// Approval is one duty holder's signature on a revision.
type Approval struct {
	Account string    `json:"account"`
	Ground  string    `json:"ground"` // the principal or order of the record it rests on
	At      time.Time `json:"at"`
}

// Store keeps the register.
type Store struct {
	db       *db.DB
	audit    *audit.Log
	current  atomic.Pointer[map[string]*policy.Snapshot]
	mu       sync.Mutex
	checked  time.Time
	onChange []func(ctx context.Context) error
	onEnact  []func(tx *db.Tx, before, after *policy.Snapshot) error

	// Observe says what of the running program a new revision would change; nil where
	// there is nothing to look at.
	Observe func(ctx context.Context, activity string) (World, error)
}

// Open reads and compiles what is effective. A revision that no longer compiles is
// not obeyed in part: its activity has no snapshot.
func Open(ctx context.Context, d *db.DB, a *audit.Log) (*Store, error) {
	s := &Store{db: d, audit: a}
	s.current.Store(&map[string]*policy.Snapshot{})
	return s, s.Reload(ctx)
}

// OnChange has f called after a revision has become effective.
func (s *Store) OnChange(f func(ctx context.Context) error) { s.onChange = append(s.onChange, f) }

// OnEnact has f called in the transaction that puts a revision into force, for what
// must follow from it without fail; before is nil for an activity's first.
func (s *Store) OnEnact(f func(tx *db.Tx, before, after *policy.Snapshot) error) {
	s.onEnact = append(s.onEnact, f)
}

// Reload reads the effective revisions and swaps the snapshots at once.
func (s *Store) Reload(ctx context.Context) error {
	type row struct{ id, sum, body string }
	var rows []row
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		rows = nil
		return tx.Each(`SELECT id, sha256, body FROM revisions WHERE status = 'effective'`, nil, func(r *sql.Rows) error {
			var x row
			err := r.Scan(&x.id, &x.sum, &x.body)
			rows = append(rows, x)
			return err
		})
	})
	if err != nil {
		return err
	}
	next := make(map[string]*policy.Snapshot, len(rows))
	old := *s.current.Load()
	for _, r := range rows {
		if same := byID(old, r.id); same != nil {
			next[same.Activity] = same
			continue
		}
		snap, err := compile([]byte(r.body), r.sum)
		if err != nil {
			return errs.Wrap(err, errs.Unavailable, "error.record-broken", "revision", r.id)
		}
		snap.RevisionID = r.id
		next[snap.Activity] = snap
	}
	s.mu.Lock()
	s.checked = time.Now()
	s.mu.Unlock()
	s.current.Store(&next)
	return nil
}

func byID(m map[string]*policy.Snapshot, id string) *policy.Snapshot {
	for _, s := range m {
		if s.RevisionID == id {
			return s
		}
	}
	return nil
}

// compile obeys a stored text only if it is still what was approved.
func compile(body []byte, sum string) (*policy.Snapshot, error) {
	if got := digest(body); got != sum {
		return nil, fmt.Errorf("the text has the digest %s, not %s", got, sum)
	}
	rev, err := ropa.Parse(body)
	if err != nil {
		return nil, err
	}
	return policy.CompileAs(rev, sum)
}

func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// refreshEvery is how old a node's view of the register may be where other nodes may
// change it.
const refreshEvery = 5 * time.Second

// Snapshot is the effective snapshot of an activity; nil when there is none.
func (s *Store) Snapshot(activity string) *policy.Snapshot {
	if s.db.Dialect == db.PostgreSQL && s.stale() {
		if err := s.Reload(context.Background()); err != nil {
			return nil
		}
	}
	return (*s.current.Load())[activity]
}

func (s *Store) stale() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.checked) < refreshEvery {
		return false
	}
	s.checked = time.Now()
	return true
}

const columns = `id, activity, n, status, sha256, prev_sha256, prepared_by, approvals, effective_at, created_at`

func scan(scan func(...any) error, more ...any) (Revision, error) {
	var r Revision
	var approvals string
	var effective, created int64
	if err := scan(append([]any{&r.ID, &r.Activity, &r.N, &r.Status, &r.SHA256, &r.PrevSHA256, &r.PreparedBy, &approvals, &effective, &created}, more...)...); err != nil {
		return r, err
	}
	r.EffectiveAt, r.CreatedAt = db.Time(effective), db.Time(created)
	return r, json.Unmarshal([]byte(approvals), &r.Approvals)
}

// Revisions lists the revisions of an activity, newest first; of all for "".
func (s *Store) Revisions(ctx context.Context, activity string) ([]Revision, error) {
	var out []Revision
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		out, err = list(tx, activity)
		return err
	})
	return out, err
}

func list(tx *db.Tx, activity string) (out []Revision, err error) {
	return out, tx.Each(`SELECT `+columns+` FROM revisions WHERE activity = $1 OR $2 = '' ORDER BY activity, n DESC`, []any{activity, activity}, func(rows *sql.Rows) error {
		r, err := scan(rows.Scan)
		out = append(out, r)
		return err
	})
}

// Body is the canonical text of a revision.
func (s *Store) Body(ctx context.Context, activity string, n int) (body string, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT body FROM revisions WHERE activity = $1 AND n = $2`, []any{activity, n}, &body)
	})
	return body, err
}
