// Package notices publishes the privacy notice (PDPA s.23), generated from the record
// in force, one for each agency that has a site. Its id is stored with every case, so
// that it can be shown years later what the person had been told.
package notices

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"sync"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
)

// Notice is a published notice.
type Notice struct {
	ID          string
	Activity    string
	Kind        string // privacy_notice | cookie_policy
	RevisionID  string
	Revision    int
	Agency      string
	SHA256      string
	PublishedAt time.Time
	Text        map[string]policy.NoticeText // by language
}

// Contact is how the controller and its DPO are reached, for an agency's notice.
type Contact = policy.Contact

// Store publishes and remembers what is in force.
type Store struct {
	db      *db.DB
	record  func(activity string) *policy.Snapshot
	contact func(agency string) Contact

	mu      sync.RWMutex
	current map[string]*Notice // by revision and agency
}

// New returns a store.
func New(d *db.DB, record func(string) *policy.Snapshot, contact func(agency string) Contact) *Store {
	return &Store{db: d, record: record, contact: contact, current: map[string]*Notice{}}
}

// Current is the notice of an agency for an activity. It is generated and published
// when it is first asked for under a revision; a record that lacks an item that the
// law demands gives no notice, and so no collection.
func (s *Store) Current(ctx context.Context, activity, agency string) (*Notice, error) {
	snap := s.record(activity)
	if snap == nil {
		return nil, errs.New(errs.Unavailable, "error.no-record")
	}
	key := snap.RevisionID + "/" + agency
	s.mu.RLock()
	n, ok := s.current[key]
	s.mu.RUnlock()
	if ok {
		return n, nil
	}
	n, err := s.publish(ctx, snap, agency)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.current[key] = n
	s.mu.Unlock()
	return n, nil
}

func (s *Store) publish(ctx context.Context, snap *policy.Snapshot, agency string) (*Notice, error) {
	n := &Notice{Activity: snap.Activity, Kind: snap.NoticeKind(), RevisionID: snap.RevisionID, Revision: snap.Revision, Agency: agency, Text: map[string]policy.NoticeText{}}
	h := sha256.New()
	for _, lang := range []string{"th", "en"} {
		text, err := policy.GenerateNotice(snap, s.contact(agency), lang)
		if err != nil {
			return nil, errs.Wrap(err, errs.Unavailable, "error.notice-incomplete")
		}
		n.Text[lang] = text
		h.Write([]byte(text.Text()))
	}
	n.SHA256 = hex.EncodeToString(h.Sum(nil))
	err := s.db.InTx(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(`INSERT INTO notices (id, activity, revision_id, agency, kind, sha256, text_th, text_en, published_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`,
			db.NewID(), n.Activity, n.RevisionID, agency, n.Kind, n.SHA256, n.Text["th"].Text(), n.Text["en"].Text(), db.Micros(tx.Now())); err != nil {
			return err
		}
		var at int64
		err := tx.QueryRow(`SELECT id, published_at FROM notices WHERE activity = $1 AND revision_id = $2 AND agency = $3 AND sha256 = $4`, []any{n.Activity, n.RevisionID, agency, n.SHA256}, &n.ID, &at)
		n.PublishedAt = db.Time(at)
		return err
	})
	return n, err
}

// Version is a notice that was published, without its text.
type Version struct {
	ID, Activity, Kind, Agency string
	Revision                   int // of the record
	SHA256                     string
	PublishedAt                time.Time
}

// Versions lists what an agency has published, newest first; of all agencies for "".
func (s *Store) Versions(ctx context.Context, agency string) ([]Version, error) {
	var out []Version
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		out = nil
		return tx.Each(`SELECT n.id, n.activity, n.kind, n.agency, r.n, n.sha256, n.published_at FROM notices n JOIN revisions r ON r.id = n.revision_id WHERE n.agency = $1 OR $2 = '' ORDER BY n.published_at DESC, n.id DESC`, []any{agency, agency}, func(rows *sql.Rows) error {
			var v Version
			var at int64
			err := rows.Scan(&v.ID, &v.Activity, &v.Kind, &v.Agency, &v.Revision, &v.SHA256, &at)
			v.PublishedAt = db.Time(at)
			out = append(out, v)
			return err
		})
	})
	return out, err
}

// Texts returns the notice of an id as it was published, by language.
func (s *Store) Texts(ctx context.Context, id string) (th, en string, at time.Time, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		var us sql.NullInt64
		err := tx.QueryRow(`SELECT text_th, text_en, published_at FROM notices WHERE id = $1`, []any{id}, &th, &en, &us)
		at = db.Time(us.Int64)
		return err
	})
	return th, en, at, err
}
