package app

import (
	"context"
	"crypto/x509"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"prasan/internal/config"
	"prasan/internal/egress"
	"prasan/internal/errs"
	"prasan/internal/inbox"
	"prasan/internal/inbox/imap"
	"prasan/internal/web/api"
)

// wireInbound takes mail in: from the mailbox of the settings, if there is one. The pen is
// there in any case: a mailbox that was read before may have filled it.
func wireInbound(_ context.Context, a *App) error {
	c := a.Config.IMAP
	trust, err := trustOf(c)
	if err != nil {
		return err
	}
	if _, ok := a.Agencies.Get(c.Agency); !ok && c.URL != "" {
		return errs.New(errs.Invalid, "error.imap-agency", "value", c.Agency)
	}
	a.Inbox = inbox.New(inbox.Deps{DB: a.DB, Vault: a.Vault, Processing: a.Processing, Audit: a.Audit, Jobs: a.Jobs, Limits: a.Limits, Mail: a.Mail, Cases: a.Cases, Referral: a.Referral, Saraban: a.Saraban, Agencies: a.Agencies, Record: a.Register.Snapshot, Now: a.Now,
		Stage: a.stage, Agency: c.Agency, Trust: trust, Node: a.Config.Node})
	a.Inbox.Register()
	a.Holders = append(a.Holders, inbox.EndOfLife{Service: a.Inbox})
	a.PersonHolders = append(a.PersonHolders, inbox.OfPerson{Service: a.Inbox})
	a.Operations = append(a.Operations, api.InboxOperations(a.Inbox)...)
	if c.URL == "" {
		return nil
	}
	reader, err := a.mailReader(c)
	if err != nil {
		return err
	}
	a.OnStart(func(ctx context.Context) error {
		ctx, stop := context.WithCancel(ctx)
		ended := make(chan struct{})
		go func() { defer close(ended); reader.Run(ctx) }()
		a.OnClose(func() error { stop(); <-ended; return nil })
		return nil
	})
	return nil
}

// trustOf says whose word on the senders of mail is believed.
func trustOf(c config.IMAP) (inbox.Trust, error) {
	t := inbox.Trust{Server: c.AuthServ, Keys: map[string]string{}}
	for _, x := range c.DKIMKey {
		name, record, ok := strings.Cut(x, "=")
		if !ok || !strings.Contains(name, "._domainkey.") || record == "" {
			return t, errs.New(errs.Invalid, "error.imap-dkim-key", "value", name)
		}
		t.Keys[strings.ToLower(name)] = record
	}
	return t, nil
}

// mailReader opens the way to the mailbox, and to nothing else.
func (a *App) mailReader(c config.IMAP) (*imap.Reader, error) {
	bad := errs.New(errs.Invalid, "error.imap-url", "value", c.URL)
	u, err := url.Parse(c.URL)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Path != "" && u.Path != "/" {
		return nil, bad
	}
	port, ok := map[string]string{"imaps": "993", "imap": "143"}[u.Scheme]
	if !ok {
		return nil, bad
	}
	if u.Port() != "" {
		port = u.Port()
	}
	addr := net.JoinHostPort(u.Hostname(), port)
	out := egress.Config{Allow: []string{addr}}
	// A server that is named by a loopback address is meant to be on this machine.
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil && ip.IsLoopback() {
		out.Networks = append(out.Networks, netip.PrefixFrom(ip, ip.BitLen()))
	}
	if c.AllowPrivate != "" {
		p, err := netip.ParsePrefix(c.AllowPrivate)
		if err != nil {
			return nil, errs.New(errs.Invalid, "error.cidr", "value", c.AllowPrivate)
		}
		out.Networks = append(out.Networks, p)
	}
	out.Open = a.gate("imap")
	way, err := egress.New(out)
	if err != nil {
		return nil, err
	}
	var roots *x509.CertPool
	if c.CAFile != "" {
		if roots, err = authoritiesIn(c.CAFile, "error.imap-ca"); err != nil {
			return nil, err
		}
	}
	box := a.Inbox.Mailbox(c.User + " " + u.Hostname() + "/" + c.Folder)
	return imap.New(imap.Config{Addr: addr, StartTLS: u.Scheme == "imap", User: c.User, Password: c.Password, Folder: c.Folder, Done: c.DoneFolder, Roots: roots, Dial: way.Dial, MaxSize: inbox.MaxSize, Renew: inbox.RenewEvery}, box), nil
}
