// Package imap reads a mailbox (RFC 9051): what is new is kept by its owner before it is
// marked or moved, so that a mail is lost by nobody. It waits for news by IDLE, and looks
// each minute where the server has none.
package imap

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// Box is who keeps the mail and remembers how far the mailbox was read.
type Box interface {
	Lease(ctx context.Context) (held bool, err error)
	Release(ctx context.Context) error
	Position(ctx context.Context, validity uint32) (last uint32, fresh bool, err error)
	Keep(ctx context.Context, validity, uid uint32, raw []byte, size int64) error
	Pass(ctx context.Context, validity, uid uint32) error
	Failed(ctx context.Context, cause error) error
}

// Config says which mailbox it is and how it is reached.
type Config struct {
	Addr     string // host:port
	StartTLS bool   // TLS begins after the greeting; otherwise with the first byte
	User     string
	Password string
	Folder   string // INBOX
	Done     string // where kept mail is moved; "" leaves it, marked as seen
	Roots    *x509.CertPool
	Dial     func(ctx context.Context, network, addr string) (net.Conn, error)
	MaxSize  int64 // of a mail that is fetched whole
	// Poll is how often is looked where the server has no IDLE; 0: a minute.
	Poll time.Duration
	// Renew is how often the lease is renewed.
	Renew time.Duration
}

// Reader reads a mailbox until it is stopped.
type Reader struct {
	Config
	box Box
}

// New returns a reader.
func New(c Config, box Box) *Reader {
	if c.Folder == "" {
		c.Folder = "INBOX"
	}
	if c.Poll == 0 {
		c.Poll = time.Minute
	}
	return &Reader{c, box}
}

const (
	firstPause   = 5 * time.Second
	longestPause = 5 * time.Minute
	patience     = 2 * time.Minute // with a server that says nothing to a command
	batch        = 50
)

// Run reads until ctx ends. A server that is down, slow or refuses is tried again with
// growing pauses; while another node has the mailbox, this one waits.
func (r *Reader) Run(ctx context.Context) {
	pause := firstPause
	for ctx.Err() == nil {
		held, err := r.box.Lease(ctx)
		switch {
		case err == nil && !held:
			pause = firstPause
			wait(ctx, r.Renew)
			continue
		case err == nil:
			began := time.Now()
			if err = r.session(ctx); time.Since(began) > longestPause {
				pause = firstPause // it had worked
			}
		}
		if ctx.Err() != nil {
			break
		}
		slog.Warn("mailbox", "addr", r.Addr, "err", err, "again", pause)
		if err := r.box.Failed(ctx, err); err != nil {
			slog.Warn("mailbox", "err", err)
		}
		wait(ctx, pause)
		pause = min(2*pause, longestPause)
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := r.box.Release(end); err != nil {
		slog.Warn("mailbox", "err", err)
	}
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

var errLeaseLost = errors.New("another node reads the mailbox")

// session reads over one connection until it breaks.
func (r *Reader) session(ctx context.Context) error {
	news := make(chan struct{}, 1)
	c, err := r.connect(ctx, news)
	if err != nil {
		return err
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	box, err := answer(c, func() (*imap.SelectData, error) { return c.Select(r.Folder, nil).Wait() })
	if err != nil {
		return err
	}
	for {
		if err := r.fetch(ctx, c, box); err != nil {
			return err
		}
		if err := r.await(ctx, c, news); err != nil {
			return err
		}
		held, err := r.box.Lease(ctx)
		if err == nil && !held {
			err = errLeaseLost
		}
		if err != nil {
			return err
		}
	}
}

// answer waits for the answer to a command, but not for ever.
func answer[T any](c *imapclient.Client, f func() (T, error)) (T, error) {
	t := time.AfterFunc(patience, func() { c.Close() })
	defer t.Stop()
	return f()
}

func done(c *imapclient.Client, f func() error) error {
	_, err := answer(c, func() (struct{}, error) { return struct{}{}, f() })
	return err
}

func (r *Reader) connect(ctx context.Context, news chan struct{}) (*imapclient.Client, error) {
	host, _, err := net.SplitHostPort(r.Addr)
	if err != nil {
		return nil, err
	}
	within, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := r.Dial(within, "tcp", r.Addr)
	if err != nil {
		return nil, err
	}
	_ = conn.SetDeadline(time.Now().Add(patience)) // until somebody is signed in
	settings := &tls.Config{ServerName: host, RootCAs: r.Roots, MinVersion: tls.VersionTLS12, NextProtos: []string{"imap"}}
	options := &imapclient.Options{TLSConfig: settings, UnilateralDataHandler: &imapclient.UnilateralDataHandler{Mailbox: func(*imapclient.UnilateralDataMailbox) {
		select {
		case news <- struct{}{}:
		default:
		}
	}}}
	var c *imapclient.Client
	if r.StartTLS {
		if c, err = imapclient.NewStartTLS(conn, options); err != nil {
			conn.Close()
			return nil, err
		}
	} else {
		secure := tls.Client(conn, settings)
		if err := secure.HandshakeContext(within); err != nil {
			conn.Close()
			return nil, err
		}
		c = imapclient.New(secure, options)
	}
	err = done(c, c.WaitGreeting)
	if err == nil {
		err = done(c, func() error { return c.Login(r.User, r.Password).Wait() })
	}
	if err != nil {
		c.Close()
		return nil, hide(err, r.Password)
	}
	return c, conn.SetDeadline(time.Time{})
}

// hide keeps a password out of errors, should a server repeat what it was told.
func hide(err error, secret string) error {
	if secret != "" && strings.Contains(err.Error(), secret) {
		return errors.New("sign-in refused")
	}
	return err
}

// fetch keeps what is new. A mailbox that is read for the first time begins with what
// nobody has seen: what lies there for years is not the office's business any more.
func (r *Reader) fetch(ctx context.Context, c *imapclient.Client, box *imap.SelectData) error {
	last, fresh, err := r.box.Position(ctx, box.UIDValidity)
	if err != nil {
		return err
	}
	criteria := &imap.SearchCriteria{}
	if fresh {
		criteria.NotFlag = []imap.Flag{imap.FlagSeen}
	} else {
		set := imap.UIDSet{}
		set.AddRange(imap.UID(last+1), 0)
		criteria.UID = []imap.UIDSet{set}
	}
	found, err := answer(c, func() (*imap.SearchData, error) { return c.UIDSearch(criteria, nil).Wait() })
	if err != nil {
		return err
	}
	// While the mailbox is read for the first time no position is noted: what is kept
	// twice is kept once, and a break begins again.
	validity := box.UIDValidity
	if fresh {
		validity = 0
	}
	reached := last
	var kept []imap.UID
	for _, uid := range found.AllUIDs() {
		if !fresh && uint32(uid) <= last { // "n:*" always names the last one (RFC 9051 section 9)
			continue
		}
		if err := r.keep(ctx, c, validity, uid); err != nil {
			return err
		}
		reached = max(reached, uint32(uid))
		if kept = append(kept, uid); len(kept) == batch {
			if err := r.mark(c, kept); err != nil {
				return err
			}
			kept = nil
		}
	}
	if fresh {
		reached = uint32(box.UIDNext) - 1
	}
	// It is noted also where nothing was new: when the mailbox was read, and that all is well.
	if !fresh || box.UIDNext > 0 {
		if err := r.box.Pass(ctx, box.UIDValidity, reached); err != nil {
			return err
		}
	}
	return r.mark(c, kept)
}

// keep fetches one mail and has it kept; of one that is too large, its header.
func (r *Reader) keep(ctx context.Context, c *imapclient.Client, validity uint32, uid imap.UID) error {
	set := imap.UIDSetNum(uid)
	sizes, err := answer(c, func() ([]*imapclient.FetchMessageBuffer, error) {
		return c.Fetch(set, &imap.FetchOptions{UID: true, RFC822Size: true}).Collect()
	})
	if err != nil {
		return err
	}
	if len(sizes) == 0 { // somebody was faster
		return r.box.Pass(ctx, validity, uint32(uid))
	}
	section := &imap.FetchItemBodySection{Peek: true}
	if sizes[0].RFC822Size > r.MaxSize {
		section.Specifier = imap.PartSpecifierHeader
	}
	mails, err := answer(c, func() ([]*imapclient.FetchMessageBuffer, error) {
		return c.Fetch(set, &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{section}}).Collect()
	})
	if err != nil {
		return err
	}
	if len(mails) == 0 {
		return r.box.Pass(ctx, validity, uint32(uid))
	}
	return r.box.Keep(ctx, validity, uint32(uid), mails[0].FindBodySection(section), sizes[0].RFC822Size)
}

// mark tells those who look into the mailbox what has been taken.
func (r *Reader) mark(c *imapclient.Client, kept []imap.UID) error {
	if len(kept) == 0 {
		return nil
	}
	set := imap.UIDSetNum(kept...)
	if err := done(c, func() error {
		return c.Store(set, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagSeen}}, nil).Close()
	}); err != nil {
		return err
	}
	if r.Done == "" {
		return nil
	}
	_, err := answer(c, func() (*imapclient.MoveData, error) { return c.Move(set, r.Done).Wait() })
	return err
}

// await returns when there may be news, or when it is time to renew the lease.
func (r *Reader) await(ctx context.Context, c *imapclient.Client, news <-chan struct{}) error {
	if !c.Caps().Has(imap.CapIdle) {
		wait(ctx, min(r.Poll, r.Renew))
		return ctx.Err()
	}
	idle, err := answer(c, c.Idle)
	if err != nil {
		return err
	}
	t := time.NewTimer(r.Renew)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-c.Closed():
	case <-news:
	case <-t.C:
	}
	if err := idle.Close(); err != nil {
		return err
	}
	return done(c, idle.Wait)
}
