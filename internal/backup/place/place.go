// Package place is where copies go and come from: a folder, an SFTP server, or a store
// that speaks S3. What is put there is there whole or not at all.
package place

import (
	"context"
	"io"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"

	"prasan/internal/errs"
)

// Item is one file of a place.
type Item struct {
	Name string
	Size int64
}

// Place keeps files under plain names.
type Place interface {
	// Put keeps what write writes; a file of that name is replaced.
	Put(ctx context.Context, name string, write func(w io.Writer) error) error
	// PutNew keeps it where there is no file of that name, and refuses (error.backup-exists)
	// where there is one by then, also where two do so at once.
	PutNew(ctx context.Context, name string, write func(w io.Writer) error) error
	Get(ctx context.Context, name string) (io.ReadCloser, error)
	List(ctx context.Context) ([]Item, error) // by name
	Delete(ctx context.Context, name string) error
	Close() error
	String() string // for people: without secrets
}

// Options are what remote places need beside their address.
type Options struct {
	SFTPKeyFile string // private key of the client (OpenSSH's form)
	SFTPHostKey string // public key of the server, as in known_hosts without its first word
	S3Region    string
	S3Key       string
	S3Secret    string
	Networks    []netip.Prefix // private networks in which the place may be
}

// Open opens a folder, "sftp://USER@HOST[:PORT]/FOLDER", "s3://HOST[:PORT]/BUCKET[/PREFIX]",
// or "s3+http://..." for one without TLS.
func Open(address string, o Options) (Place, error) {
	if !strings.Contains(address, "://") {
		return folder(address), nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil, errs.New(errs.Invalid, "error.backup-place", "value", address)
	}
	switch u.Scheme {
	case "sftp":
		return openSFTP(u, o)
	case "s3", "s3+http":
		return openS3(u, o)
	}
	return nil, errs.New(errs.Invalid, "error.backup-place", "value", u.Redacted())
}

// Remote tells whether an address is not on this machine.
func Remote(address string) bool { return strings.Contains(address, "://") }

// names keeps what is listed to what Put may have put.
var names = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,200}$`)

// partial marks a file that is being written.
const partial = ".part"

func listed(name string) bool { return names.MatchString(name) && !strings.HasSuffix(name, partial) }

// sweeper is a place in which a writer that was killed leaves what it had begun.
type sweeper interface {
	sweep(ctx context.Context, before time.Time) error
}

// partLife is how long nothing was written to a file before it is known that nobody writes
// it any more.
const partLife = 24 * time.Hour

// Sweep removes what writers that were killed have left at a place.
func Sweep(ctx context.Context, p Place) error {
	if s, ok := p.(sweeper); ok {
		return s.sweep(ctx, time.Now().Add(-partLife))
	}
	return nil
}

func exists(where string) error {
	return errs.New(errs.Conflict, "error.backup-exists", "path", where)
}

func failed(err error, where string) error {
	if err == nil {
		return nil
	}
	if e := errs.As(err); e.Key != "error.internal" {
		return err
	}
	return errs.Wrap(err, errs.Unavailable, "error.backup-write", "path", where)
}
