package backup

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"prasan/internal/backup/place"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/vault"
)

// Source is what is copied.
type Source struct {
	DB         *db.DB
	Keys       *db.DB
	Files      string // folder of attachments; "" for none
	Tombstones string // journal of what was destroyed; need not exist
	// Journal is what a store beside the database holds that is still to be counted in it;
	// nil where there is none. It is read before the moment of the database that it goes
	// with: what has left it by then is in the database, and what is in both is counted once.
	Journal    func(ctx context.Context) ([]byte, error)
	Wrapper    func() vault.KeyWrapper
	MasterFile string // where the master key lies, to be told at a restore
	Work       string // folder for what must lie on a disk before it is sealed; "" is the system's
	Schema     int
	Node       string
	Program    string
	Now        func() time.Time
	// Gentle has the copying rest as long as it works: for a program that serves meanwhile.
	Gentle bool
}

// Write copies database and attachments to a new file. The keyring must be copied
// after it (WriteKeys): then it has the keys of everything in the copy. Without a name it is
// named by the time (Report.Name).
func (s Source) Write(ctx context.Context, to Copy) (Report, error) {
	return s.whole(ctx, to, Data, s.DB, moment{})
}

// WriteKeys copies the keyring.
func (s Source) WriteKeys(ctx context.Context, to Copy) (Report, error) {
	return s.whole(ctx, to, Keys, s.Keys, moment{})
}

// head is what a file of this source says of itself.
func (s Source) head(kind string, d *db.DB) Head {
	return Head{Kind: kind, Engine: string(d.Dialect), Schema: s.Schema, Node: s.Node, Master: s.MasterFile, Made: s.Now().UTC().Truncate(time.Second), Program: s.Program}
}

// moment is what a whole copy of a SQLite file is made of.
type moment struct {
	view    *db.View
	at      db.Position // of the view in the log
	journal []byte      // as it was before the view; nil for none
}

func (s Source) present(ctx context.Context, kind string, d *db.DB) (m moment, err error) {
	if m.journal, err = s.journal(ctx, kind); err == nil {
		m.view, m.at, err = d.Present(ctx)
	}
	return m, err
}

func (s Source) journal(ctx context.Context, kind string) ([]byte, error) {
	if kind != Data || s.Journal == nil {
		return nil, nil
	}
	return s.Journal(ctx)
}

// whole makes a whole copy, of a moment if one is given. Where no name is given it is named
// by the time: the next second of which there is none, because others make copies too, and
// increments hang on the name.
func (s Source) whole(ctx context.Context, to Copy, kind string, d *db.DB, m moment) (report Report, err error) {
	if to.Name != "" {
		return s.named(ctx, to, kind, d, m)
	}
	at := s.Now()
	for range namesTried {
		to.Name = WholeName(kind, at)
		if report, err = s.named(ctx, to, kind, d, m); errs.As(err).Key != "error.backup-exists" {
			break
		}
		at = at.Add(time.Second)
	}
	return report, err
}

// namesTried is how many copies there may be of the same moment.
const namesTried = 60

func (s Source) named(ctx context.Context, to Copy, kind string, d *db.DB, m moment) (report Report, err error) {
	if err := s.absent(ctx, to); err != nil {
		return report, err
	}
	head := s.head(kind, d)
	if d.Dialect == db.SQLite && m.view == nil {
		if m, err = s.present(ctx, kind, d); err != nil {
			return report, err
		}
		defer m.view.Close()
	}
	head.At = m.at
	dump := func(a *archive) error { return s.view(ctx, a, m) }
	if d.Dialect == db.PostgreSQL {
		work, err := os.MkdirTemp(s.Work, ".backup-*")
		if err != nil {
			return report, errs.Wrap(err, errs.Unavailable, "error.backup-write", "path", s.Work)
		}
		defer os.RemoveAll(work)
		dump = func(a *archive) error { return s.dump(ctx, a, d, filepath.Join(work, databaseName)) }
	}
	err = to.Place.PutNew(ctx, to.Name, func(w io.Writer) (err error) {
		report, err = sealed(w, s.Wrapper(), head, func(a *archive) error {
			if err := dump(a); err != nil || kind != Data {
				return err
			}
			return s.beside(ctx, a)
		})
		return err
	})
	report.Name = to.Name
	return report, err
}

// absent refuses to write over a copy.
func (s Source) absent(ctx context.Context, to Copy) error {
	r, err := to.Place.Get(ctx, to.Name)
	if err == nil {
		r.Close()
		return errs.New(errs.Conflict, "error.backup-exists", "path", to.String())
	}
	if errs.KindOf(err) == errs.NotFound {
		return nil
	}
	return err
}

// view adds a SQLite file as it is at a moment, what its tables held, and the journal.
func (s Source) view(ctx context.Context, a *archive, m moment) error {
	view := m.view
	size, err := view.Size(ctx)
	if err != nil {
		return err
	}
	rest := s.rest()
	err = a.add(databaseName, size, func(w io.Writer) error {
		b := bufio.NewWriterSize(restful{w, rest}, 256<<10)
		return errors.Join(view.Write(ctx, b), b.Flush())
	})
	if err != nil {
		return err
	}
	if err := a.journal(m.journal); err != nil {
		return err
	}
	return view.Read(func(tx *db.Tx) (err error) {
		a.manifest.Tables, err = db.Sums(ctx, tx, rest)
		return err
	})
}

// journal adds the journal, also where nothing is in it: it takes the place of an older one.
func (a *archive) journal(text []byte) error {
	if text == nil {
		return nil
	}
	return a.text(journalName, text)
}

// dump adds what PostgreSQL's own program makes of the database, and what its tables
// held at the same moment.
func (s Source) dump(ctx context.Context, a *archive, d *db.DB, path string) error {
	err := d.Dump(ctx, path, func(tx *db.Tx) (err error) {
		a.manifest.Tables, err = db.Sums(ctx, tx, s.rest())
		return err
	})
	if err != nil {
		return err
	}
	return a.file(databaseName, path)
}

// beside adds what is kept beside the database: the journal of what was destroyed, and
// the attachments as they lie, encrypted already.
func (s Source) beside(ctx context.Context, a *archive) error {
	if err := a.file(tombstonesName, s.Tombstones); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if s.Files == "" {
		return nil
	}
	rest := s.rest()
	return filepath.WalkDir(s.Files, func(path string, d fs.DirEntry, err error) error {
		if err != nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		if d.IsDir() {
			if d.Name() == "tmp" {
				return fs.SkipDir
			}
			return nil
		}
		rest()
		return s.attachment(a, path)
	})
}

func (s Source) attachment(a *archive, path string) error {
	rel, err := filepath.Rel(s.Files, path)
	if err != nil {
		return err
	}
	err = a.file(filesPrefix+filepath.ToSlash(rel), path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // destroyed in the meantime
	}
	return err
}

// stint is how long a gentle copy works before it rests.
const stint = 4 * time.Millisecond

// rest returns what a copy calls every so often while it works.
func (s Source) rest() func() {
	if !s.Gentle {
		return func() {}
	}
	since := time.Now()
	return func() {
		if worked := time.Since(since); worked > stint {
			time.Sleep(worked)
			since = time.Now()
		}
	}
}

type restful struct {
	w    io.Writer
	rest func()
}

func (r restful) Write(b []byte) (int, error) {
	n, err := r.w.Write(b)
	r.rest()
	return n, err
}

// HeadOf is what a copy says of itself; it is not checked without the key.
func HeadOf(ctx context.Context, c Copy) (Head, error) {
	r, err := c.Place.Get(ctx, c.Name)
	if err != nil {
		return Head{}, err
	}
	defer r.Close()
	h, _, err := readHead(bufio.NewReader(r))
	return h, err
}

// walk reads one file of a place.
func walk(ctx context.Context, p place.Place, name string, wrapper vault.KeyWrapper, f func(name string, r io.Reader) error) (Report, error) {
	r, err := p.Get(ctx, name)
	if err != nil {
		return Report{}, err
	}
	defer r.Close()
	return unsealed(r, wrapper, f)
}

// Verify reads a copy and its increments to the last bit.
func Verify(ctx context.Context, c Copy, wrapper vault.KeyWrapper) (Report, error) {
	nothing := func(string, io.Reader) error { return nil }
	return follow(ctx, c, wrapper, "", time.Time{}, func(string) func(string, io.Reader) error { return nothing }, nil)
}

// follow reads a whole copy and each increment that leads on from it. visit gives what is
// called for the entries of a file; after, if given, is called when the whole copy has
// been read. kind is what the copy must be; "" takes either.
func follow(ctx context.Context, c Copy, wrapper vault.KeyWrapper, kind string, until time.Time, visit func(file string) func(string, io.Reader) error, after func(Report) error) (Report, error) {
	report, err := walk(ctx, c.Place, c.Name, wrapper, visit(c.Name))
	switch {
	case err != nil:
		return report, err
	case kind != "" && report.Head.Kind != kind:
		return report, errs.New(errs.Invalid, "error.backup-kind", "path", c.String(), "kind", kind)
	case report.Head.Part != nil:
		return report, errs.New(errs.Invalid, "error.backup-increment", "path", c.String(), "base", report.Head.Part.Base)
	}
	if after != nil {
		if err := after(report); err != nil {
			return report, err
		}
	}
	items, err := c.Place.List(ctx)
	if err != nil {
		return report, err
	}
	pages, files := incrementsOf(items, c.Name, report.Head.Kind)
	way, gap := chain(pages, report.Head.At.Frame, until)
	if gap {
		last := report.AsOf
		if len(way) > 0 {
			last = way[len(way)-1].at
		}
		return report, errs.New(errs.Invalid, "error.backup-gap", "path", c.String(), "until", last.Format(time.RFC3339))
	}
	report.At = report.Head.At
	log, frame := 0, report.Head.At.Frame
	for _, i := range append(files, way...) {
		if !until.IsZero() && i.at.After(until) {
			continue
		}
		r, err := walk(ctx, c.Place, i.name, wrapper, visit(i.name))
		if err != nil {
			return report, err
		}
		if err := belongs(i, r.Head, report.Head, log, frame); err != nil {
			return report, err
		}
		if i.Files == 0 {
			log, frame, report.At = i.Log, i.To, r.Head.At
		}
		report.Entries, report.Bytes, report.Increments = report.Entries+r.Entries, report.Bytes+r.Bytes, report.Increments+1
		if r.AsOf.After(report.AsOf) {
			report.AsOf = r.AsOf
		}
	}
	return report, nil
}

// belongs holds the sealed head of an increment against its name, which is not sealed,
// and against what came before it.
func belongs(i increment, h, base Head, log, frame int) error {
	damaged := errs.New(errs.Invalid, "error.backup-damaged")
	if h.Part == nil || h.Kind != base.Kind || h.Part.Base != i.Base {
		return damaged
	}
	p := *h.Part
	if p.Log != i.Log || p.From != i.From || p.To != i.To || p.Files != i.Files || p.Log > log && p.Ended != frame {
		return damaged
	}
	return nil
}
