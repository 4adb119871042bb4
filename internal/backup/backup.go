package backup

import (
	"archive/tar"
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/vault"
)

// Names inside the archive.
const (
	databaseName   = "database"
	filesPrefix    = "files/"
	tombstonesName = "tombstones"
	manifestName   = "manifest.json"
)

// Source is what is copied.
type Source struct {
	DB         *db.DB
	Keys       *db.DB
	Files      string // folder of attachments; "" for none
	Tombstones string // journal of what was destroyed; need not exist
	Wrapper    vault.KeyWrapper
	MasterFile string // where the master key lies, to be told at a restore
	Schema     int
	Node       string
	Program    string
	Now        func() time.Time
}

// Entry is one part of a backup, as the manifest lists it.
type Entry struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Manifest stands last in the archive: what must be there.
type Manifest struct {
	Entries []Entry `json:"entries"`
}

// Report says what was copied or checked.
type Report struct {
	Head    Head  `json:"head"`
	Entries int   `json:"entries"`
	Bytes   int64 `json:"bytes"`
}

// Write copies database and attachments to a new file. The keyring must be copied
// after it (WriteKeys): then it has the keys of everything in the copy.
func (s Source) Write(ctx context.Context, to string) (Report, error) {
	return s.file(ctx, to, Data, s.DB, func(a *archive) error {
		if err := a.add(tombstonesName, s.Tombstones); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return s.attachments(ctx, a)
	})
}

// WriteKeys copies the keyring.
func (s Source) WriteKeys(ctx context.Context, to string) (Report, error) {
	return s.file(ctx, to, Keys, s.Keys, func(*archive) error { return nil })
}

// file writes beside its place, syncs and renames: a backup that was cut off does not
// look like one.
func (s Source) file(ctx context.Context, to, kind string, d *db.DB, more func(*archive) error) (Report, error) {
	if _, err := os.Stat(to); err == nil {
		return Report{}, errs.New(errs.Conflict, "error.backup-exists", "path", to)
	}
	work, err := os.MkdirTemp(filepath.Dir(to), ".backup-*")
	if err != nil {
		return Report{}, errs.Wrap(err, errs.Unavailable, "error.backup-write", "path", filepath.Dir(to))
	}
	defer os.RemoveAll(work)
	snapshot := filepath.Join(work, databaseName)
	if err := d.Snapshot(ctx, snapshot); err != nil {
		return Report{}, err
	}
	out, err := os.OpenFile(filepath.Join(work, "out"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return Report{}, errs.Wrap(err, errs.Unavailable, "error.backup-write", "path", to)
	}
	defer out.Close()
	head := Head{Kind: kind, Engine: string(d.Dialect), Schema: s.Schema, Node: s.Node, Master: s.MasterFile, Made: s.Now().UTC().Truncate(time.Second), Program: s.Program}
	report, err := s.fill(out, head, snapshot, more)
	if err != nil {
		return Report{}, err
	}
	if err := errors.Join(out.Sync(), out.Close()); err != nil {
		return Report{}, errs.Wrap(err, errs.Unavailable, "error.backup-write", "path", to)
	}
	if err := os.Rename(out.Name(), to); err != nil {
		return Report{}, errs.Wrap(err, errs.Unavailable, "error.backup-write", "path", to)
	}
	return report, syncDir(filepath.Dir(to))
}

func (s Source) fill(out io.Writer, head Head, snapshot string, more func(*archive) error) (Report, error) {
	sealed, err := newSealer(out, s.Wrapper, head)
	if err != nil {
		return Report{}, err
	}
	a := &archive{tar: tar.NewWriter(sealed), made: head.Made}
	if err := a.add(databaseName, snapshot); err != nil {
		return Report{}, err
	}
	if err := more(a); err != nil {
		return Report{}, err
	}
	if err := a.close(); err != nil {
		return Report{}, err
	}
	return Report{head, len(a.manifest.Entries), a.bytes}, sealed.Close()
}

// attachments adds the files as they lie: encrypted already.
func (s Source) attachments(ctx context.Context, a *archive) error {
	if s.Files == "" {
		return nil
	}
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
		rel, err := filepath.Rel(s.Files, path)
		if err != nil {
			return err
		}
		err = a.add(filesPrefix+filepath.ToSlash(rel), path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // destroyed in the meantime
		}
		return err
	})
}

// archive writes entries and remembers them for the manifest.
type archive struct {
	tar      *tar.Writer
	made     time.Time
	manifest Manifest
	bytes    int64
}

func (a *archive) add(name, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := a.tar.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: info.Size(), ModTime: a.made}); err != nil {
		return err
	}
	sum := sha256.New()
	// A journal may grow while it is copied; what it had at first is what is taken.
	n, err := io.Copy(io.MultiWriter(a.tar, sum), io.LimitReader(f, info.Size()))
	if err != nil {
		return err
	}
	a.manifest.Entries = append(a.manifest.Entries, Entry{name, n, hex.EncodeToString(sum.Sum(nil))})
	a.bytes += n
	return nil
}

func (a *archive) close() error {
	text, err := json.Marshal(a.manifest)
	if err != nil {
		return err
	}
	if err := a.tar.WriteHeader(&tar.Header{Name: manifestName, Mode: 0o600, Size: int64(len(text)), ModTime: a.made}); err != nil {
		return err
	}
	if _, err := a.tar.Write(text); err != nil {
		return err
	}
	return a.tar.Close()
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// IsBackup tells whether a file begins as one.
func IsBackup(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	start := make([]byte, len(magic))
	_, err = io.ReadFull(f, start)
	return err == nil && string(start) == magic
}

// HeadOf is what a backup says of itself; it is not checked without the key.
func HeadOf(path string) (Head, error) {
	f, err := os.Open(path)
	if err != nil {
		return Head{}, errs.Wrap(err, errs.NotFound, "error.backup-missing", "path", path)
	}
	defer f.Close()
	h, _, err := readHead(bufio.NewReader(f))
	return h, err
}

// walk reads a backup to its end and calls f for each part; the parts are checked
// against the manifest.
func walk(path string, wrapper vault.KeyWrapper, f func(name string, r io.Reader) error) (Report, error) {
	file, err := os.Open(path)
	if err != nil {
		return Report{}, errs.Wrap(err, errs.NotFound, "error.backup-missing", "path", path)
	}
	defer file.Close()
	o, head, err := newOpener(file, wrapper)
	if err != nil {
		return Report{Head: head}, err
	}
	report, err := walkArchive(o, f)
	report.Head = head
	return report, err
}

func walkArchive(o *opener, f func(name string, r io.Reader) error) (Report, error) {
	var report Report
	var seen, want Manifest
	in := tar.NewReader(o)
	for {
		h, err := in.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return report, damage(err)
		}
		if h.Name == manifestName {
			if err := json.NewDecoder(in).Decode(&want); err != nil {
				return report, damage(err)
			}
			continue
		}
		if !safe(h.Name) {
			return report, errs.New(errs.Invalid, "error.backup-damaged")
		}
		sum := sha256.New()
		body := io.TeeReader(in, sum)
		if err := f(h.Name, body); err != nil {
			return report, damage(err)
		}
		if _, err := io.Copy(io.Discard, body); err != nil {
			return report, damage(err)
		}
		seen.Entries = append(seen.Entries, Entry{h.Name, h.Size, hex.EncodeToString(sum.Sum(nil))})
		report.Entries, report.Bytes = report.Entries+1, report.Bytes+h.Size
	}
	// What follows the archive's end must be the end of the file.
	if _, err := io.Copy(io.Discard, o); err != nil {
		return report, damage(err)
	}
	return report, same(seen, want)
}

func same(seen, want Manifest) error {
	if len(seen.Entries) != len(want.Entries) {
		return errs.New(errs.Invalid, "error.backup-damaged")
	}
	for i := range seen.Entries {
		if seen.Entries[i] != want.Entries[i] {
			return errs.New(errs.Invalid, "error.backup-damaged")
		}
	}
	return nil
}

// safe keeps names inside the folder to which they are restored.
func safe(name string) bool {
	return name == databaseName || name == tombstonesName || strings.HasPrefix(name, filesPrefix) && filepath.IsLocal(name)
}

func damage(err error) error {
	var e *errs.E
	if errors.As(err, &e) {
		return err
	}
	return errs.Wrap(err, errs.Invalid, "error.backup-damaged")
}

// Verify reads a backup to its last bit.
func Verify(path string, wrapper vault.KeyWrapper) (Report, error) {
	return walk(path, wrapper, func(string, io.Reader) error { return nil })
}
