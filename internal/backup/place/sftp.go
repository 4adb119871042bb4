package place

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"prasan/internal/egress"
	"prasan/internal/errs"
)

// sftpPlace is a folder of an SFTP server, whose host key is known beforehand.
type sftpPlace struct {
	addr, dir string
	config    *ssh.ClientConfig
	way       *egress.Client

	mu     sync.Mutex
	client *sftp.Client
	conn   *ssh.Client
	left   []string // files that a connection which broke has left half
}

func openSFTP(u *url.URL, o Options) (Place, error) {
	host, _, _, _, err := ssh.ParseAuthorizedKey([]byte(o.SFTPHostKey))
	if err != nil {
		return nil, errs.Wrap(err, errs.Invalid, "error.backup-host-key")
	}
	text, err := os.ReadFile(o.SFTPKeyFile)
	if err != nil {
		return nil, errs.Wrap(err, errs.Invalid, "error.backup-sftp-key", "path", o.SFTPKeyFile)
	}
	signer, err := ssh.ParsePrivateKey(text)
	if err != nil {
		return nil, errs.Wrap(err, errs.Invalid, "error.backup-sftp-key", "path", o.SFTPKeyFile)
	}
	p := &sftpPlace{addr: u.Host, dir: path.Clean("/" + u.Path)}
	if u.Port() == "" {
		p.addr = net.JoinHostPort(u.Hostname(), "22")
	}
	p.config = &ssh.ClientConfig{User: u.User.Username(), Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}, HostKeyCallback: ssh.FixedHostKey(host), HostKeyAlgorithms: []string{host.Type()}, Timeout: 10 * time.Second}
	p.way, err = egress.New(egress.Config{Allow: []string{p.addr}, Networks: slices.Clone[[]netip.Prefix](o.Networks)})
	return p, err
}

func (p *sftpPlace) String() string { return "sftp://" + p.addr + p.dir }

// call runs f over the connection, beside what others do over it: a whole copy takes long,
// and increments go on meanwhile. One that has failed is not used again.
func (p *sftpPlace) call(ctx context.Context, f func(c *sftp.Client) error) error {
	c, err := p.connected(ctx)
	if err != nil {
		return failed(err, p.String())
	}
	err = f(c)
	var status *sftp.StatusError
	if err != nil && !errors.As(err, &status) && !errors.Is(err, fs.ErrNotExist) && errs.KindOf(err) != errs.Conflict {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.client == c {
			p.drop()
		}
	}
	return err
}

func (p *sftpPlace) connected(ctx context.Context) (*sftp.Client, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.client == nil {
		if err := p.connect(ctx); err != nil {
			return nil, err
		}
	}
	return p.client, nil
}

func (p *sftpPlace) connect(ctx context.Context) error {
	raw, err := p.way.Dial(ctx, "tcp", p.addr)
	if err != nil {
		return err
	}
	conn, channels, requests, err := ssh.NewClientConn(raw, p.addr, p.config)
	if err != nil {
		raw.Close()
		return errs.Wrap(err, errs.Unavailable, "error.backup-sftp-refused", "place", p.String())
	}
	p.conn = ssh.NewClient(conn, channels, requests)
	if p.client, err = sftp.NewClient(p.conn); err != nil {
		p.drop()
	}
	return err
}

func (p *sftpPlace) drop() {
	if p.client != nil {
		p.client.Close()
	}
	if p.conn != nil {
		p.conn.Close()
	}
	p.client, p.conn = nil, nil
}

// Close ends the connection.
func (p *sftpPlace) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop()
	return nil
}

// Put writes beside, has the server sync where it can, and renames over what is there.
func (p *sftpPlace) Put(ctx context.Context, name string, write func(io.Writer) error) error {
	return p.put(ctx, name, write, (*sftp.Client).PosixRename)
}

func (p *sftpPlace) PutNew(ctx context.Context, name string, write func(io.Writer) error) error {
	return p.put(ctx, name, write, p.nameNew)
}

// nameNew names a file where none has that name. A link is made or not, whoever does the
// same; a rename is not to replace anything, which some servers do all the same.
func (p *sftpPlace) nameNew(c *sftp.Client, from, to string) error {
	if _, can := c.HasExtension("hardlink@openssh.com"); can && c.Link(from, to) == nil {
		return c.Remove(from)
	}
	err := p.free(c, to)
	if err == nil {
		if err = c.Rename(from, to); err != nil {
			err = errors.Join(p.free(c, to), err)
		}
	}
	return err
}

func (p *sftpPlace) free(c *sftp.Client, to string) error {
	_, err := c.Lstat(to)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return cmp.Or(err, exists(p.String()+"/"+path.Base(to)))
}

func (p *sftpPlace) put(ctx context.Context, name string, write func(io.Writer) error, rename func(c *sftp.Client, from, to string) error) error {
	return failed(p.call(ctx, func(c *sftp.Client) (err error) {
		to := path.Join(p.dir, name)
		part := to + "." + rand.Text() + partial // of its own: a command may write the same at once
		f, err := c.OpenFile(part, os.O_CREATE|os.O_EXCL|os.O_WRONLY)
		if err != nil {
			return err
		}
		defer func() {
			if err != nil {
				p.leave(part)
			}
			p.clear(c)
		}()
		defer f.Close()
		if err := write(f); err != nil {
			return err
		}
		if _, can := c.HasExtension("fsync@openssh.com"); can {
			if err := f.Sync(); err != nil {
				return err
			}
		}
		if err := f.Close(); err != nil {
			return err
		}
		return rename(c, part, to)
	}), p.String())
}

func (p *sftpPlace) leave(part string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left = append(p.left, part)
}

// clear removes what was left half, as soon as the server is there.
func (p *sftpPlace) clear(c *sftp.Client) {
	p.mu.Lock()
	left := p.left
	p.left = nil
	p.mu.Unlock()
	for _, part := range left {
		if err := c.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) {
			p.leave(part)
		}
	}
}

func (p *sftpPlace) sweep(ctx context.Context, before time.Time) error {
	return failed(p.call(ctx, func(c *sftp.Client) error {
		all, err := c.ReadDir(p.dir)
		for _, info := range all {
			if err == nil && !info.IsDir() && strings.HasSuffix(info.Name(), partial) && info.ModTime().Before(before) {
				err = c.Remove(path.Join(p.dir, info.Name()))
			}
		}
		return err
	}), p.String())
}

// Get reads over a connection of its own, so that what is read slowly holds up nobody.
func (p *sftpPlace) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	own := &sftpPlace{addr: p.addr, dir: p.dir, config: p.config, way: p.way}
	var f *sftp.File
	err := own.call(ctx, func(c *sftp.Client) (err error) { f, err = c.Open(path.Join(p.dir, name)); return err })
	if err != nil {
		own.Close()
		if errors.Is(err, fs.ErrNotExist) {
			return nil, errs.Wrap(err, errs.NotFound, "error.backup-missing", "path", p.String()+"/"+name)
		}
		return nil, failed(err, p.String())
	}
	return sftpFile{f, own}, nil
}

type sftpFile struct {
	*sftp.File
	own *sftpPlace
}

func (f sftpFile) Close() error { return errors.Join(f.File.Close(), f.own.Close()) }

func (p *sftpPlace) List(ctx context.Context) (out []Item, err error) {
	err = p.call(ctx, func(c *sftp.Client) error {
		all, err := c.ReadDir(p.dir)
		for _, info := range all {
			if !info.IsDir() && listed(info.Name()) {
				out = append(out, Item{info.Name(), info.Size()})
			}
		}
		return err
	})
	slices.SortFunc(out, func(a, b Item) int { return cmp.Compare(a.Name, b.Name) })
	return out, failed(err, p.String())
}

func (p *sftpPlace) Delete(ctx context.Context, name string) error {
	err := p.call(ctx, func(c *sftp.Client) error { return c.Remove(path.Join(p.dir, name)) })
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return failed(err, p.String())
}
