package db

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	_ "github.com/jackc/pgx/v5/stdlib" // the PostgreSQL driver
	_ "modernc.org/sqlite"             // the SQLite driver

	"prasan/internal/clock"
	"prasan/internal/errs"
)

// Dialect is an engine.
type Dialect string

const (
	SQLite     Dialect = "sqlite"
	PostgreSQL Dialect = "postgres"
)

// DB is an open database.
type DB struct {
	Dialect Dialect
	URL     string

	schema  string // PostgreSQL: of unqualified names; "" is the server's default
	clock   clock.Clock
	pool    *sql.DB
	readSQL *sql.DB
	lanes   []*lane
	turn    sync.RWMutex // of the lanes: beside each other, or one alone
	next    atomic.Uint32
	readers chan *session
	opened  int // readers
	closing chan struct{}
	wg      sync.WaitGroup
}

// Options tune Open. The zero value is right for serving.
type Options struct {
	Clock   clock.Clock // nil: the system's
	Lanes   int         // PostgreSQL only; 0: 4
	Readers int         // 0: 4
	Schema  string      // PostgreSQL only: the schema that unqualified names mean
}

func init() { uuid.EnableRandPool() }

// NewID returns a time-ordered identifier of 128 bits (UUID version 7, RFC 9562).
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// Micros is how a moment is stored: microseconds since 1970 in UTC; the zero time is 0.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// Time is the moment that Micros stored.
func Time(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// Open opens "sqlite:PATH" or "postgres://..." and starts its lanes.
func Open(ctx context.Context, rawURL string, o Options) (*DB, error) {
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	if o.Readers == 0 {
		o.Readers = 4
	}
	d := &DB{URL: rawURL, schema: o.Schema, clock: o.Clock, closing: make(chan struct{})}
	var err error
	switch {
	case strings.HasPrefix(rawURL, "sqlite:"):
		err = d.openSQLite(strings.TrimPrefix(rawURL, "sqlite:"), &o)
	case strings.HasPrefix(rawURL, "postgres://"), strings.HasPrefix(rawURL, "postgresql://"):
		err = d.openPostgres(ctx, rawURL, &o)
	default:
		err = errs.New(errs.Invalid, "error.database-url")
	}
	if err != nil {
		return nil, err
	}
	if err := d.start(ctx, o); err != nil {
		d.Close()
		return nil, classify(err)
	}
	return d, nil
}

// sqliteDSN keeps to what docs/reliability.md promises: WAL with a full sync at each
// commit, deleted content overwritten, space given back step by step.
func sqliteDSN(path string, write bool) string {
	q := url.Values{}
	for _, p := range []string{"busy_timeout(5000)", "foreign_keys(1)", "journal_mode(WAL)", "synchronous(FULL)", "secure_delete(1)", "temp_store(2)", "cache_size(-8000)"} {
		q.Add("_pragma", p)
	}
	if write {
		q.Set("_txlock", "immediate")
	} else {
		q.Add("_pragma", "query_only(1)")
	}
	return fileURI(path) + "?" + q.Encode()
}

func (d *DB) openSQLite(path string, o *Options) error {
	d.Dialect, o.Lanes = SQLite, 1
	if dir := filepath.Dir(path); dir != "" {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return errs.Wrap(err, errs.Unavailable, "error.database-dir", "path", dir)
		}
	}
	if _, err := os.Stat(path); os.IsNotExist(err) {
		if err := createSQLite(path); err != nil {
			return classify(err)
		}
	}
	var err error
	if d.pool, err = sql.Open("sqlite", sqliteDSN(path, true)); err != nil {
		return err
	}
	d.readSQL, err = sql.Open("sqlite", sqliteDSN(path, false))
	return err
}

// fileURI escapes what has a meaning in a URI: a folder may be called "a#b".
func fileURI(path string) string {
	return "file:" + strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)
}

// createSQLite makes the file with what must be decided before the first page is written.
func createSQLite(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	f.Close()
	first, err := sql.Open("sqlite", fileURI(path))
	if err != nil {
		return err
	}
	defer first.Close()
	first.SetMaxOpenConns(1)
	for _, p := range []string{"PRAGMA auto_vacuum=INCREMENTAL", "PRAGMA page_size=4096", "PRAGMA journal_mode=WAL", "VACUUM"} {
		if _, err := first.Exec(p); err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
	}
	return nil
}

func (d *DB) openPostgres(ctx context.Context, rawURL string, o *Options) error {
	d.Dialect = PostgreSQL
	if o.Lanes == 0 {
		o.Lanes = 4
	}
	dsn, err := url.Parse(rawURL)
	if err != nil {
		return errs.Wrap(err, errs.Invalid, "error.database-url")
	}
	q := dsn.Query()
	if o.Schema != "" {
		q.Set("search_path", o.Schema)
	}
	q.Set("timezone", "UTC")
	dsn.RawQuery = q.Encode()
	if d.pool, err = sql.Open("pgx", dsn.String()); err != nil {
		return err
	}
	d.readSQL = d.pool
	if o.Schema != "" {
		if _, err := d.pool.ExecContext(ctx, `CREATE SCHEMA IF NOT EXISTS "`+o.Schema+`"`); err != nil {
			return classify(err)
		}
	}
	return nil
}

func (d *DB) start(ctx context.Context, o Options) error {
	d.readers = make(chan *session, o.Readers)
	for range o.Readers {
		s, err := newSession(ctx, d.readSQL, d.Dialect, "")
		if err != nil {
			return err
		}
		d.readers <- s
		d.opened++
	}
	first := ""
	if d.Dialect == SQLite {
		first = noWait
	}
	for i := range o.Lanes {
		s, err := newSession(ctx, d.pool, d.Dialect, first)
		if err != nil {
			return err
		}
		l := &lane{db: d, index: i, session: s, queue: make(chan *request, 1024), alone: make(chan func()), again: make(chan struct{}, 1), ended: make(chan struct{}), memo: map[any]any{}}
		d.lanes = append(d.lanes, l)
		d.wg.Add(1)
		go l.run()
	}
	return nil
}

// Close waits for what is being committed and closes the connections.
func (d *DB) Close() error {
	select {
	case <-d.closing:
		return nil
	default:
	}
	close(d.closing)
	// Who reads is waited for, and the readers go first: the connection that SQLite
	// closes last folds the log into the file.
	for range d.opened {
		(<-d.readers).close()
	}
	d.wg.Wait()
	if d.readSQL != nil && d.readSQL != d.pool {
		d.readSQL.Close()
	}
	if d.pool != nil {
		return d.pool.Close()
	}
	return nil
}

// Lanes returns how many writers the database has; each keeps an audit chain of its own.
func (d *DB) Lanes() int { return len(d.lanes) }
