package blob

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"syscall"
	"time"

	"prasan/internal/durable"
	"prasan/internal/errs"
)

// Store keeps bytes under generated names. It sees ciphertext only; a folder is one,
// an object store may be another.
type Store interface {
	// Put stores what write writes, whole and durable, or not at all.
	Put(ctx context.Context, id string, write func(w io.Writer) error) error
	Get(ctx context.Context, id string) (io.ReadCloser, error)
	// Touch makes a file young again; it is errs.NotFound when there is none.
	Touch(ctx context.Context, id string, at time.Time) error
	Delete(ctx context.Context, id string) error
	// List calls f with the names of files older than before, page by page.
	List(ctx context.Context, before time.Time, f func(ids []string) error) error
	Ready(ctx context.Context) error
}

var validID = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// Folder is the Store in a folder of this machine.
type Folder struct {
	root string
	// Stored, if given, is told of each file that was put here, by its path.
	Stored func(path string)
}

// NewFolder makes the folder if it is not there.
func NewFolder(root string) (*Folder, error) {
	if err := os.MkdirAll(filepath.Join(root, "tmp"), 0o700); err != nil {
		return nil, errs.Wrap(err, errs.Unavailable, "error.database-dir", "path", root)
	}
	return &Folder{root: root}, nil
}

// path spreads files over 256 folders by the last digits of the name, which are random.
func (f *Folder) path(id string) (string, error) {
	if !validID.MatchString(id) {
		return "", errs.New(errs.NotFound, "error.not-found")
	}
	return filepath.Join(f.root, id[len(id)-2:], id), nil
}

// Put writes beside, syncs, renames and syncs the folder: after a power cut the file
// is there whole or not at all.
func (f *Folder) Put(_ context.Context, id string, write func(io.Writer) error) error {
	path, err := f.path(id)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Join(f.root, "tmp"), "put-*")
	if err != nil {
		return unavailable(err)
	}
	defer os.Remove(tmp.Name()) // nothing is left of it once it has been renamed
	defer tmp.Close()
	if err := write(tmp); err != nil {
		return unavailable(err)
	}
	if err := tmp.Sync(); err != nil {
		return unavailable(err)
	}
	if err := tmp.Close(); err != nil {
		return unavailable(err)
	}
	if err := f.settle(tmp.Name(), path); err != nil {
		return unavailable(err)
	}
	if f.Stored != nil {
		f.Stored(path)
	}
	return nil
}

func (f *Folder) settle(from, to string) error {
	dir := filepath.Dir(to)
	if err := os.Mkdir(dir, 0o700); err == nil {
		if err := durable.SyncDir(f.root); err != nil {
			return err
		}
	} else if !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return durable.SyncDir(dir)
}

func (f *Folder) Get(_ context.Context, id string) (io.ReadCloser, error) {
	path, err := f.path(id)
	if err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	return file, failure(err)
}

func (f *Folder) Touch(_ context.Context, id string, at time.Time) error {
	path, err := f.path(id)
	if err != nil {
		return err
	}
	return failure(os.Chtimes(path, at, at))
}

func (f *Folder) Delete(_ context.Context, id string) error {
	path, err := f.path(id)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return failure(err)
	}
	return nil
}

// page is how many names List gives at once.
const page = 500

func (f *Folder) List(ctx context.Context, before time.Time, give func([]string) error) error {
	var ids []string
	err := filepath.WalkDir(f.root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) || err == nil && !info.ModTime().Before(before) {
			return nil
		}
		if err != nil {
			return err
		}
		if !validID.MatchString(d.Name()) { // what a crash left half written
			return os.Remove(path)
		}
		if ids = append(ids, d.Name()); len(ids) == page {
			err, ids = give(ids), nil
		}
		return errors.Join(err, ctx.Err())
	})
	if err == nil && len(ids) > 0 {
		err = give(ids)
	}
	return failure(err)
}

// Ready tells whether the folder can be written to.
func (f *Folder) Ready(context.Context) error {
	const owner = 2 // W_OK
	return unavailable(syscall.Access(filepath.Join(f.root, "tmp"), owner))
}

// failure gives an error of the file system its kind; ours stay as they are.
func failure(err error) error {
	var e *errs.E
	switch {
	case err == nil || errors.As(err, &e):
		return err
	case errors.Is(err, fs.ErrNotExist):
		return errs.Wrap(err, errs.NotFound, "error.file-gone")
	}
	return unavailable(err)
}

// unavailable is the error of a disk that does not take what is written.
func unavailable(err error) error {
	var e *errs.E
	if err == nil || errors.As(err, &e) {
		return err
	}
	return errs.Wrap(err, errs.Unavailable, "error.unavailable")
}
