package app

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"prasan/internal/egress"
	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/saraban"
	"prasan/internal/saraban/ecms"
	"prasan/internal/truth"
	"prasan/internal/web/api"
)

// wireLetters opens the official letter and its exchange.
func wireLetters(_ context.Context, a *App) error {
	c := a.Config.ECMS
	var garuda []byte
	if c.Garuda != "" {
		var err error
		if garuda, err = os.ReadFile(c.Garuda); err != nil {
			return errs.Wrap(err, errs.Invalid, "error.garuda", "path", c.Garuda)
		}
	}
	nodes, err := a.nodes()
	if err != nil {
		return err
	}
	pins, err := certificatesOf(c.Pin)
	if err != nil {
		return err
	}
	callers, err := a.ecmsCallers()
	if err != nil {
		return err
	}
	a.Letters = letters.New(letters.Deps{DB: a.DB, Vault: a.Vault, Processing: a.Processing, Audit: a.Audit, Jobs: a.Jobs, Agencies: a.Agencies, Record: a.Register.Snapshot, Now: a.Now, Garuda: garuda,
		VerifyURL: func(code string) string { return a.URL("") + "/th/letter/" + code }})
	a.Saraban = saraban.New(saraban.Deps{DB: a.DB, Vault: a.Vault, Processing: a.Processing, Audit: a.Audit, Jobs: a.Jobs, Mail: a.Mail, Letters: a.Letters, Agencies: a.Agencies, Record: a.Register.Snapshot, Now: a.Now,
		Nodes: nodes, Serve: c.Serve || a.Demo != nil, SignECMS: c.Sign, Pins: pins, MaxClass: letters.Secrecy(c.MaxClass), PollEvery: c.Poll})
	for _, h := range a.Saraban.Ends() {
		a.Holders = append(a.Holders, h)
	}
	a.Letters.Register()
	a.Saraban.Register()
	a.Operations = append(a.Operations, api.LetterOperations(a.Letters, a.Saraban)...)
	a.Operations = append(a.Operations, api.SealOperations(a.Letters, a.Saraban)...)
	if a.Saraban.Serve {
		a.Host("ecms", "exchange", exchange(&ecms.Server{Exchange: a.Saraban.Node(), Caller: callers.caller, Now: a.Now, Folder: a.Config.Data}))
	}
	return nil
}

// lettersObey are the rows that letters and referrals obey, for the truth: what may go to
// whom, the checks before it goes, the line of the log of disclosures, and the question
// afterwards.
var lettersObey = truth.Enforcement{ID: "letters", Activities: only, Rows: []string{"duty.classify", "recipients_domestic", "transfer.pre_checks", "transfer.delivery_checks", "transfer.record_rule", "transfer.after_rule"}}

// exchange serves one path of its host and nothing else.
func exchange(s http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(ecms.Path, s)
	return mux
}

// nodes are clients of the nodes of agencies that are elsewhere.
func (a *App) nodes() (map[string]ecms.Exchange, error) {
	c := a.Config.ECMS
	tokens, err := pairs(c.Token)
	if err != nil {
		return nil, err
	}
	urls, err := pairs(c.Node)
	if err != nil {
		return nil, err
	}
	secured, err := readNodeTLS(c, a.Now)
	if err == nil {
		err = secured.fits(urls)
	}
	if err != nil {
		return nil, err
	}
	var networks []netip.Prefix
	if c.AllowPrivate != "" {
		p, err := netip.ParsePrefix(c.AllowPrivate)
		if err != nil {
			return nil, errs.Wrap(err, errs.Invalid, "error.ecms-private", "value", c.AllowPrivate)
		}
		networks = append(networks, p)
	}
	out := map[string]ecms.Exchange{}
	for org, text := range urls {
		u, err := url.Parse(text)
		if err == nil && (u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "") {
			err = errors.New("no address of a node")
		}
		if err != nil {
			return nil, errs.Wrap(err, errs.Invalid, "error.ecms-node", "value", text)
		}
		if u.Path == "" || u.Path == "/" {
			u.Path = ecms.Path
		}
		allowed := networks
		// A node that is named by a loopback address is meant to be on this machine.
		if ip, err := netip.ParseAddr(u.Hostname()); err == nil && ip.IsLoopback() {
			allowed = append(allowed, netip.PrefixFrom(ip, ip.BitLen()))
		}
		secure, lacks, err := secured.of(org, u)
		if err != nil {
			return nil, err
		}
		way, err := egress.New(egress.Config{Allow: []string{net.JoinHostPort(u.Hostname(), portOf(u))}, Networks: allowed, MaxBody: 64 << 20, TLS: secure, Open: a.gate("ecms")})
		if err != nil {
			return nil, err
		}
		out[org] = &ecms.Client{URL: u.String(), Token: tokens[org], HTTP: way.HTTPClient(), Now: a.Now, Folder: a.Config.Data, Lacks: lacks}
	}
	return out, nil
}

func portOf(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

// pairs reads ORG=VALUE settings.
func pairs(list []string) (map[string]string, error) {
	out := map[string]string{}
	for _, x := range list {
		org, value, ok := strings.Cut(x, "=")
		if !ok || org == "" || value == "" {
			return nil, errs.New(errs.Invalid, "error.ecms-pair", "value", org)
		}
		out[org] = value
	}
	return out, nil
}
