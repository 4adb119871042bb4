// Package register stores the revisions of the record, immutable and chained, and
// holds the compiled snapshot of each effective one. The rest of the program asks it
// for snapshots and gets nil when none is in force: then everything fails closed.
package register

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
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

// Reload reads the effective revisions and swaps the snapshots at once.
func (s *Store) Reload(ctx context.Context) error {
	type row struct{ id, body string }
	var rows []row
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		rows = nil
		return tx.Each(`SELECT id, body FROM revisions WHERE status = 'effective'`, nil, func(r *sql.Rows) error {
			var x row
			err := r.Scan(&x.id, &x.body)
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
		snap, err := compile([]byte(r.body))
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

func compile(body []byte) (*policy.Snapshot, error) {
	rev, err := ropa.Parse(body)
	if err != nil {
		return nil, err
	}
	return policy.Compile(rev)
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

// Apply stores a revision and puts it into force. The approvers are two different
// people whom the revision in force names for its review (row 31), or, for a first
// revision, whom the new one names.
func (s *Store) Apply(ctx context.Context, body []byte, preparedBy string, approvers []policy.Actor) (Revision, error) {
	parsed, err := ropa.Parse(body)
	if err != nil {
		return Revision{}, err
	}
	next, err := policy.Compile(parsed)
	if err != nil {
		return Revision{}, err
	}
	judge := s.Snapshot(next.Activity)
	if judge == nil {
		judge = next
	}
	approvals, err := sign(judge, approvers)
	if err != nil {
		return Revision{}, err
	}
	canonical, err := ropa.Marshal(parsed)
	if err != nil {
		return Revision{}, err
	}
	return s.insert(ctx, next, string(canonical), preparedBy, approvals)
}

// sign checks four eyes: two different accounts, each a duty holder.
func sign(judge *policy.Snapshot, approvers []policy.Actor) ([]Approval, error) {
	var out []Approval
	for _, a := range approvers {
		d := judge.MayDo(a, policy.DutyReview)
		if !d.Allowed {
			return nil, errs.New(errs.Forbidden, "error.not-approver", "account", a.Account)
		}
		if slices.ContainsFunc(out, func(x Approval) bool { return x.Account == a.Account }) {
			continue
		}
		out = append(out, Approval{Account: a.Account, Ground: d.Ground})
	}
	if len(out) < 2 {
		return nil, errs.New(errs.Forbidden, "error.four-eyes")
	}
	return out, nil
}

func (s *Store) insert(ctx context.Context, next *policy.Snapshot, body, preparedBy string, approvals []Approval) (Revision, error) {
	var rev Revision
	err := s.db.InTx(ctx, func(tx *db.Tx) (err error) {
		rev, err = s.put(tx, next, body, preparedBy, approvals)
		return err
	})
	if err != nil {
		return Revision{}, err
	}
	if err := s.Reload(ctx); err != nil {
		return rev, err
	}
	for _, f := range s.onChange {
		if err := f(ctx); err != nil {
			return rev, err
		}
	}
	return rev, nil
}

func (s *Store) put(tx *db.Tx, next *policy.Snapshot, body, preparedBy string, approvals []Approval) (Revision, error) {
	var n sql.NullInt64
	var prev sql.NullString
	err := tx.QueryRow(`SELECT MAX(n), (SELECT r.sha256 FROM revisions r WHERE r.activity = $1 ORDER BY r.n DESC LIMIT 1) FROM revisions WHERE activity = $2`, []any{next.Activity, next.Activity}, &n, &prev)
	if err != nil {
		return Revision{}, err
	}
	rev := Revision{ID: db.NewID(), Activity: next.Activity, N: int(n.Int64) + 1, Status: "effective", SHA256: next.SHA256, PrevSHA256: prev.String, PreparedBy: preparedBy, EffectiveAt: tx.Now(), CreatedAt: tx.Now()}
	for _, a := range approvals {
		a.At = tx.Now()
		rev.Approvals = append(rev.Approvals, a)
	}
	text, err := json.Marshal(rev.Approvals)
	if err != nil {
		return Revision{}, err
	}
	if _, err := tx.Exec(`UPDATE revisions SET status = 'superseded' WHERE activity = $1 AND status = 'effective'`, rev.Activity); err != nil {
		return Revision{}, err
	}
	if _, err := tx.Exec(`INSERT INTO revisions (id, activity, n, status, body, sha256, prev_sha256, prepared_by, approvals, effective_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		rev.ID, rev.Activity, rev.N, rev.Status, body, rev.SHA256, rev.PrevSHA256, rev.PreparedBy, string(text), db.Micros(rev.EffectiveAt), db.Micros(rev.CreatedAt)); err != nil {
		return Revision{}, err
	}
	return rev, s.audit.Append(tx, audit.Event{Actor: preparedBy, Action: "record.effective", Object: "record:" + rev.Activity, Body: map[string]any{"n": rev.N, "sha256": rev.SHA256, "approvals": rev.Approvals}})
}

// Begin puts the first revisions of an installation into force, where the register has
// none of their activity: there is nobody yet whom a record names. It is done once,
// audited as the installation's act.
func (s *Store) Begin(ctx context.Context, bodies [][]byte) error {
	for _, body := range bodies {
		parsed, err := ropa.Parse(body)
		if err != nil {
			return err
		}
		next, err := policy.Compile(parsed)
		if err != nil {
			return err
		}
		known, err := s.Revisions(ctx, next.Activity)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(known, func(r Revision) bool { return r.SHA256 == next.SHA256 }) || len(known) >= parsedNumber(next) {
			continue
		}
		canonical, err := ropa.Marshal(parsed)
		if err != nil {
			return err
		}
		if _, err := s.insert(ctx, next, string(canonical), "installation", nil); err != nil {
			return err
		}
	}
	return nil
}

// parsedNumber is which revision a file says it is; at least 1.
func parsedNumber(s *policy.Snapshot) int { return max(s.Revision, 1) }

// Revisions lists the revisions of an activity, newest first; of all for "".
func (s *Store) Revisions(ctx context.Context, activity string) ([]Revision, error) {
	var out []Revision
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		out = nil
		return tx.Each(`SELECT id, activity, n, status, sha256, prev_sha256, prepared_by, approvals, effective_at, created_at FROM revisions WHERE activity = $1 OR $2 = '' ORDER BY activity, n DESC`, []any{activity, activity}, func(rows *sql.Rows) error {
			var r Revision
			var approvals string
			var effective, created int64
			if err := rows.Scan(&r.ID, &r.Activity, &r.N, &r.Status, &r.SHA256, &r.PrevSHA256, &r.PreparedBy, &approvals, &effective, &created); err != nil {
				return err
			}
			r.EffectiveAt, r.CreatedAt = db.Time(effective), db.Time(created)
			out = append(out, r)
			return json.Unmarshal([]byte(approvals), &out[len(out)-1].Approvals)
		})
	})
	return out, err
}

// Body is the canonical text of a revision.
func (s *Store) Body(ctx context.Context, activity string, n int) (body string, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT body FROM revisions WHERE activity = $1 AND n = $2`, []any{activity, n}, &body)
	})
	return body, err
}
