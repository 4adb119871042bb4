package backup

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
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
	pagesName      = "pages"
	filesPrefix    = "files/"
	tombstonesName = "tombstones"
	journalName    = "journal"
	manifestName   = "manifest.json"
)

// Entry is one part of an archive, as the manifest lists it.
type Entry struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Manifest stands last in the archive: what must be there, and what the tables of the
// database held.
type Manifest struct {
	Entries []Entry       `json:"entries"`
	Tables  []db.TableSum `json:"tables,omitempty"`
}

// Report says what was copied or checked.
type Report struct {
	Name       string        `json:"-"` // of the file that was written
	Head       Head          `json:"head"`
	Entries    int           `json:"entries"`
	Bytes      int64         `json:"bytes"`
	Increments int           `json:"increments"`
	AsOf       time.Time     `json:"as_of"` // the newest change that it has
	Tables     []db.TableSum `json:"tables,omitempty"`
	At         db.Position   `json:"-"` // up to which moment of the log it goes
}

// archive writes entries and remembers them for the manifest.
type archive struct {
	tar      *tar.Writer
	made     time.Time
	manifest Manifest
	bytes    int64
}

// file adds a file. It may grow while it is copied; what it had at first is taken.
func (a *archive) file(name, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return a.add(name, info.Size(), func(w io.Writer) error {
		_, err := io.Copy(w, io.LimitReader(f, info.Size()))
		return err
	})
}

// add adds what write writes, which has size bytes.
func (a *archive) add(name string, size int64, write func(w io.Writer) error) error {
	if err := a.tar.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: size, ModTime: a.made}); err != nil {
		return err
	}
	sum := sha256.New()
	if err := write(io.MultiWriter(a.tar, sum)); err != nil {
		return err
	}
	if err := a.tar.Flush(); err != nil { // says when it was less
		return err
	}
	a.manifest.Entries = append(a.manifest.Entries, Entry{name, size, hex.EncodeToString(sum.Sum(nil))})
	a.bytes += size
	return nil
}

// text adds what is in memory.
func (a *archive) text(name string, text []byte) error {
	return a.add(name, int64(len(text)), func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
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

// sealed writes a whole file: head, entries, manifest, end.
func sealed(out io.Writer, wrapper vault.KeyWrapper, head Head, fill func(a *archive) error) (Report, error) {
	s, err := newSealer(out, wrapper, head)
	if err != nil {
		return Report{}, err
	}
	a := &archive{tar: tar.NewWriter(s), made: head.Made}
	if err := fill(a); err != nil {
		return Report{}, err
	}
	if err := a.close(); err != nil {
		return Report{}, err
	}
	return Report{Head: head, Entries: len(a.manifest.Entries), Bytes: a.bytes, AsOf: head.Made, Tables: a.manifest.Tables}, s.Close()
}

// unsealed reads a file to its end and calls f for each entry; all are checked against
// the manifest.
func unsealed(in io.Reader, wrapper vault.KeyWrapper, f func(name string, r io.Reader) error) (Report, error) {
	o, head, err := newOpener(in, wrapper)
	if err != nil {
		return Report{Head: head}, err
	}
	report, err := entries(o, f)
	report.Head, report.AsOf = head, head.Made
	return report, err
}

func entries(o *opener, f func(name string, r io.Reader) error) (Report, error) {
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
	report.Tables = want.Tables
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
	return name == databaseName || name == pagesName || name == tombstonesName || name == journalName || strings.HasPrefix(name, filesPrefix) && filepath.IsLocal(name)
}

func damage(err error) error {
	var e *errs.E
	if errors.As(err, &e) {
		return err
	}
	return errs.Wrap(err, errs.Invalid, "error.backup-damaged")
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
	return err == nil && bytes.Equal(start, []byte(magic))
}
