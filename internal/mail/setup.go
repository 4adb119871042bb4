package mail

import (
	"net/netip"

	"prasan/internal/config"
	"prasan/internal/egress"
	"prasan/internal/errs"
)

// Setup turns the settings of an installation into the way out and the signature. The
// relay is the only address that the way leads to.
func Setup(c config.Mail) (Relay, DKIM, error) {
	r, d := Relay{Addr: c.Relay, User: c.User, Password: c.Password, TLS: c.TLS}, DKIM{Selector: c.DKIMSelector}
	var err error
	if c.DKIMKeyFile != "" {
		if d.Key, err = ReadDKIM(c.DKIMKeyFile, false); err != nil {
			return r, d, err
		}
	}
	if c.Relay == "" {
		return r, d, nil
	}
	out := egress.Config{Allow: []string{c.Relay}}
	if c.AllowPrivate != "" {
		network, err := netip.ParsePrefix(c.AllowPrivate)
		if err != nil {
			return r, d, errs.New(errs.Invalid, "error.cidr", "value", c.AllowPrivate)
		}
		out.Networks = []netip.Prefix{network}
	}
	way, err := egress.New(out)
	if err != nil {
		return r, d, err
	}
	r.Dial = way.Dial
	return r, d, nil
}
