package db

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"slices"
	"strings"

	"prasan/internal/errs"
)

// foldAfter is how long the log grows, in frames, before it is folded into the file.
const foldAfter = 4096

// hold is a connection that reads one moment of a SQLite file. While it is open the log
// is not begun anew, so that nothing that it has is lost; or else, where all of the log
// was in the file when the hold was taken, nothing more is folded into the file, and what
// is written from then on stays in the log.
type hold struct {
	pool *sql.DB
	conn *sql.Conn
}

func (d *DB) newHold(ctx context.Context) (*hold, error) {
	pool, err := sql.Open("sqlite", sqliteDSN(d.path(), false))
	if err != nil {
		return nil, classify(err)
	}
	pool.SetMaxOpenConns(1)
	h := &hold{pool: pool}
	if h.conn, err = pool.Conn(ctx); err == nil {
		if _, err = h.conn.ExecContext(ctx, "BEGIN"); err == nil {
			var n int // a transaction begins with what it reads first
			err = h.conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM sqlite_schema").Scan(&n)
		}
	}
	if err != nil {
		h.Close()
		return nil, classify(err)
	}
	return h, nil
}

func (h *hold) Close() {
	if h == nil {
		return
	}
	if h.conn != nil {
		_, _ = h.conn.ExecContext(context.Background(), "ROLLBACK")
		h.conn.Close()
	}
	h.pool.Close()
}

func (d *DB) path() string { return strings.TrimPrefix(d.URL, "sqlite:") }

// still runs f while nothing can be committed, by this process or another: between two
// commits, as a writer that writes nothing.
func (d *DB) still(ctx context.Context, f func() error) error {
	l, done := d.lanes[0], make(chan error, 1)
	select {
	case l.alone <- func() { done <- l.still(f) }:
		return <-done
	case <-ctx.Done():
		return errs.Wrap(ctx.Err(), errs.Unavailable, "error.unavailable")
	case <-d.closing:
		return errs.New(errs.Unavailable, "error.unavailable")
	}
}

func (l *lane) still(f func() error) error {
	if err := l.begin(); err != nil {
		return classify(err)
	}
	err := f()
	if e := l.session.exec("ROLLBACK"); e != nil {
		_ = l.session.reconnect(context.Background()) // the next begin tries again and reports
	}
	return err
}

// View is a SQLite database at one moment, while others go on writing.
type View struct{ hold *hold }

// View opens the present moment. It must be closed soon: the log grows meanwhile.
func (d *DB) View(ctx context.Context) (*View, error) {
	h, err := d.newHold(ctx)
	return &View{h}, err
}

// Present opens the present moment and tells where in the log it is.
func (d *DB) Present(ctx context.Context) (v *View, at Position, err error) {
	err = d.still(ctx, func() (err error) {
		log := wal{path: d.path() + "-wal"}
		if _, err = log.read(); err == nil {
			at = log.at
			v, err = d.View(ctx)
		}
		return err
	})
	return v, at, err
}

// Close lets the moment go.
func (v *View) Close() { v.hold.Close() }

// Size is the length of the file that WriteTo writes.
func (v *View) Size(ctx context.Context) (int64, error) {
	var pages int64
	err := v.hold.conn.QueryRowContext(ctx, "PRAGMA page_count").Scan(&pages)
	return pages * PageSize, classify(err)
}

// Write writes the file as it was at that moment, page by page.
func (v *View) Write(ctx context.Context, w io.Writer) error {
	rows, err := v.hold.conn.QueryContext(ctx, "SELECT pgno, data FROM sqlite_dbpage ORDER BY pgno")
	if err != nil {
		return classify(err)
	}
	defer rows.Close()
	var number int64
	var page sql.RawBytes
	for next := int64(1); rows.Next(); next++ {
		if err := rows.Scan(&number, &page); err != nil {
			return classify(err)
		}
		if number != next || len(page) != PageSize {
			return errs.New(errs.Internal, "error.internal")
		}
		if _, err := w.Write(page); err != nil {
			return err
		}
	}
	return classify(rows.Err())
}

// Read runs fn over that moment.
func (v *View) Read(fn func(tx *Tx) error) error {
	s := &session{pool: v.hold.pool, dialect: SQLite, conn: v.hold.conn, stmts: map[string]*sql.Stmt{}}
	err := fn(&Tx{Dialect: SQLite, session: s})
	for _, st := range s.stmts {
		st.Close()
	}
	return err
}

// Since opens a view of the present moment, and tells which pages were changed after
// another one. ok is false where the log does not reach back to it.
func (d *DB) Since(ctx context.Context, from Position) (v *View, changed map[uint32]bool, ok bool, err error) {
	changed = map[uint32]bool{}
	err = d.still(ctx, func() error {
		log := wal{path: d.path() + "-wal", stop: from}
		if _, err := log.read(); err != nil {
			return err
		}
		if ok = log.at == from; !ok {
			return nil
		}
		log.stop = Position{}
		frames, err := log.read()
		if err != nil {
			return err
		}
		for _, f := range frames {
			changed[f.page] = true
		}
		v, err = d.View(ctx)
		return err
	})
	return v, changed, ok, err
}

// Tail follows the commits of a SQLite database through its log. It loses none, also
// where other processes write, and folds the log into the file when it has grown long.
type Tail struct {
	db     *DB
	log    wal
	hold   *hold
	cycle  map[uint32]int64 // the newest place of each page of the present log
	folded int              // frames at the last fold
}

// Tail begins to follow at the present moment.
func (d *DB) Tail(ctx context.Context) (*Tail, error) {
	t := &Tail{db: d, log: wal{path: d.path() + "-wal"}, cycle: map[uint32]int64{}}
	return t, d.still(ctx, func() error {
		if _, err := t.log.read(); err != nil {
			return err
		}
		return t.retake(ctx)
	})
}

// TailFrom goes on following where another process stopped; ok tells whether all that was
// committed since is in the log still. What has come meanwhile is given by Next.
func (d *DB) TailFrom(ctx context.Context, from Position) (t *Tail, ok bool, err error) {
	t = &Tail{db: d, log: wal{path: d.path() + "-wal", stop: from}, cycle: map[uint32]int64{}}
	err = d.still(ctx, func() error {
		frames, err := t.log.read()
		if ok = err == nil && t.log.at == from; !ok {
			return err
		}
		for _, f := range frames {
			t.cycle[f.page] = f.offset
		}
		t.log.stop = Position{}
		return t.retake(ctx)
	})
	return t, ok, err
}

// retake holds the present moment; only while nothing is committed and all is read.
func (t *Tail) retake(ctx context.Context) (err error) {
	t.hold.Close()
	t.hold, err = t.db.newHold(ctx)
	return err
}

// Close ends the following.
func (t *Tail) Close() { t.hold.Close() }

// Leave ends it at the end of the process: the hold is left open on purpose, so that the
// log is not folded and thrown away when the database is closed, and TailFrom finds it.
func (t *Tail) Leave() { t.hold = nil }

// At is the moment up to which has been read.
func (t *Tail) At() Position { return t.log.at }

// Here opens a view of the present moment. What came before it and was not given yet is
// given with it; what Next gives afterwards is what came after it.
func (t *Tail) Here(ctx context.Context) (v *View, rest []*Part, err error) {
	err = t.db.still(ctx, func() (err error) {
		if rest, err = t.more(rest); err != nil {
			return err
		}
		v, err = t.db.View(ctx)
		return err
	})
	return v, rest, err
}

// more adds what came since to parts.
func (t *Tail) more(parts []*Part) ([]*Part, error) {
	p, err := t.Next()
	if p != nil {
		parts = append(parts, p)
	}
	return parts, err
}

// Part is what some commits changed: the pages as they are after the last of them.
type Part struct {
	From, To Position
	Pages    uint32 // length of the database in pages
	frames   []walFrame
	path     string
	text     []byte // read already; nil while it is in the log
}

// Next is what was committed since the last call; nil when nothing was. It is to be
// written before Fold is called, which lets the log begin anew.
func (t *Tail) Next() (*Part, error) {
	from := t.log.at
	frames, err := t.log.read()
	if err != nil || len(frames) == 0 {
		return nil, err
	}
	if t.log.at.Salt != from.Salt {
		clear(t.cycle)
		t.folded, from = 0, Position{Salt: t.log.at.Salt}
	}
	for _, f := range frames {
		t.cycle[f.page] = f.offset
	}
	return &Part{From: from, To: t.log.at, Pages: t.log.pages, frames: newest(frames, t.log.pages), path: t.log.path}, nil
}

// newest keeps the last frame of each page, in the order of pages.
func newest(frames []walFrame, pages uint32) []walFrame {
	at := make(map[uint32]int64, len(frames))
	for _, f := range frames {
		at[f.page] = f.offset
	}
	return inOrder(at, pages)
}

func inOrder(at map[uint32]int64, pages uint32) []walFrame {
	out := make([]walFrame, 0, len(at))
	for page, offset := range at {
		if page <= pages {
			out = append(out, walFrame{page, offset})
		}
	}
	slices.SortFunc(out, func(a, b walFrame) int { return cmp.Compare(a.page, b.page) })
	return out
}

// Whole is all that the present log has, each page once: it stands for the parts that
// were given of it since from.
func (t *Tail) Whole(from Position) *Part {
	return &Part{From: from, To: t.log.at, Pages: t.log.pages, frames: inOrder(t.cycle, t.log.pages), path: t.log.path}
}

// Long tells whether the log should be folded into the file.
func (t *Tail) Long() bool { return t.log.at.Frame-t.folded >= foldAfter }

// Fold folds the log into the file, so that it can begin anew. Most of it is done while
// others write. What was committed meanwhile is given as by Next.
func (t *Tail) Fold(ctx context.Context) (rest []*Part, err error) {
	ahead, err := t.db.newHold(ctx)
	if err != nil {
		return nil, err
	}
	// What was committed before the new hold is read while the old one still keeps it.
	if rest, err = t.loaded(nil); err != nil {
		ahead.Close()
		return nil, err
	}
	t.hold.Close()
	t.hold = ahead
	if err := t.checkpoint(ctx); err != nil {
		return rest, err
	}
	err = t.db.still(ctx, func() (err error) {
		if rest, err = t.loaded(rest); err != nil {
			return err
		}
		t.hold.Close()
		t.hold = nil
		if err := t.checkpoint(ctx); err != nil {
			return err
		}
		return t.retake(ctx)
	})
	t.folded = t.log.at.Frame
	return rest, err
}

// loaded is more where the log may begin anew before the part is written.
func (t *Tail) loaded(parts []*Part) ([]*Part, error) {
	p, err := t.Next()
	if err == nil && p != nil {
		parts, err = append(parts, p), p.load()
	}
	return parts, err
}

func (t *Tail) checkpoint(ctx context.Context) error {
	pool, err := sql.Open("sqlite", sqliteDSN(t.db.path(), false))
	if err != nil {
		return classify(err)
	}
	defer pool.Close()
	_, err = pool.ExecContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)")
	return classify(err)
}

// Size is the length of what Write writes.
func (p *Part) Size() int64 { return 4 + int64(len(p.frames))*(4+PageSize) }

// load reads the pages now.
func (p *Part) load() error {
	if p == nil || p.text != nil {
		return nil
	}
	var b bytes.Buffer
	b.Grow(int(p.Size()))
	if err := p.Write(&b); err != nil {
		return err
	}
	p.text = b.Bytes()
	return nil
}

// Write writes the length of the database in pages, and each page after its number.
func (p *Part) Write(w io.Writer) error {
	if p.text != nil {
		_, err := w.Write(p.text)
		return err
	}
	f, err := os.Open(p.path)
	if err != nil {
		return classify(err)
	}
	defer f.Close()
	b := make([]byte, 4+PageSize)
	binary.BigEndian.PutUint32(b, p.Pages)
	if _, err := w.Write(b[:4]); err != nil {
		return err
	}
	for _, x := range p.frames {
		binary.BigEndian.PutUint32(b, x.page)
		if _, err := f.ReadAt(b[4:], x.offset); err != nil {
			return classify(err)
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// Apply puts what a Part has written into a file that View.Write wrote.
func Apply(path string, r io.Reader) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0o600)
	if err != nil {
		return classify(err)
	}
	defer f.Close()
	pages, err := ReadPart(r, func(page uint32, text []byte) error {
		_, err := f.WriteAt(text, int64(page-1)*PageSize)
		return classify(err)
	})
	if err != nil {
		return err
	}
	if err := f.Truncate(int64(pages) * PageSize); err != nil {
		return classify(err)
	}
	return classify(f.Sync())
}

// ReadPart reads what a Part has written, and calls f for each page, numbered from 1; it
// returns the length of the database in pages.
func ReadPart(r io.Reader, f func(page uint32, text []byte) error) (pages uint32, err error) {
	b := make([]byte, 4+PageSize)
	if _, err := io.ReadFull(r, b[:4]); err != nil {
		return 0, err
	}
	pages = binary.BigEndian.Uint32(b)
	for {
		_, err := io.ReadFull(r, b)
		if errors.Is(err, io.EOF) {
			return pages, nil
		}
		if err != nil {
			return pages, err
		}
		page := binary.BigEndian.Uint32(b)
		if page == 0 || page > pages {
			return pages, errs.New(errs.Invalid, "error.backup-damaged")
		}
		if err := f(page, b[4:]); err != nil {
			return pages, err
		}
	}
}
