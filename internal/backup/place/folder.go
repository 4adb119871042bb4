package place

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"prasan/internal/durable"
	"prasan/internal/errs"
)

// folder is a place on this machine, or one that is mounted.
type folder string

func (f folder) String() string { return string(f) }
func (f folder) Close() error   { return nil }

// Put writes beside, syncs and renames. What it writes to has a name of its own: a command and
// the serving program may make copies in the same second.
func (f folder) Put(_ context.Context, name string, write func(io.Writer) error) error {
	return f.put(name, write, os.Rename)
}

func (f folder) PutNew(_ context.Context, name string, write func(io.Writer) error) error {
	return f.put(name, write, nameNew)
}

// nameNew names a file where none has that name.
func nameNew(from, to string) error {
	err := os.Link(from, to)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	// The disk knows no links: an empty file takes the name first.
	empty, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(empty.Close(), os.Rename(from, to)); err != nil {
		return errors.Join(err, os.Remove(to))
	}
	return nil
}

func (f folder) put(name string, write func(io.Writer) error, rename func(from, to string) error) error {
	path := filepath.Join(string(f), name)
	file, err := os.CreateTemp(string(f), name+".*"+partial)
	if err != nil {
		return errs.Wrap(err, errs.Unavailable, "error.backup-write", "path", string(f))
	}
	defer os.Remove(file.Name()) // nothing is left of it once it is renamed
	defer file.Close()
	if err := write(&steady{file: file}); err != nil {
		return failed(err, path)
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return failed(err, path)
	}
	if err := rename(file.Name(), path); errors.Is(err, fs.ErrExist) {
		return exists(path)
	} else if err != nil {
		return failed(err, path)
	}
	return failed(durable.SyncDir(string(f)), path)
}

// syncEvery is how much is written between two syncs: a disk that is given gigabytes to
// flush at the end keeps everybody else waiting, who syncs a message.
const syncEvery = 8 << 20

// steady syncs a file as it grows.
type steady struct {
	file *os.File
	n    int
}

func (s *steady) Write(b []byte) (int, error) {
	n, err := s.file.Write(b)
	if s.n += n; err == nil && s.n >= syncEvery {
		s.n, err = 0, s.file.Sync()
	}
	return n, err
}

func (f folder) sweep(_ context.Context, before time.Time) error {
	half, err := filepath.Glob(filepath.Join(string(f), "*"+partial))
	if err != nil {
		return err
	}
	for _, path := range half {
		if info, err := os.Stat(path); err == nil && info.ModTime().Before(before) {
			if err := os.Remove(path); err != nil {
				return failed(err, path)
			}
		}
	}
	return nil
}

func (f folder) Get(_ context.Context, name string) (io.ReadCloser, error) {
	file, err := os.Open(filepath.Join(string(f), name))
	if err != nil {
		return nil, errs.Wrap(err, errs.NotFound, "error.backup-missing", "path", filepath.Join(string(f), name))
	}
	return file, nil
}

func (f folder) List(context.Context) ([]Item, error) {
	entries, err := os.ReadDir(string(f))
	if err != nil {
		return nil, errs.Wrap(err, errs.NotFound, "error.backup-missing", "path", string(f))
	}
	var out []Item
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) || e.IsDir() || !listed(e.Name()) {
			continue
		}
		if err != nil {
			return nil, failed(err, string(f))
		}
		out = append(out, Item{e.Name(), info.Size()})
	}
	return out, nil
}

func (f folder) Delete(_ context.Context, name string) error {
	err := os.Remove(filepath.Join(string(f), name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return failed(err, string(f))
}
