package app

import (
	"context"
	"log/slog"
	"net/netip"
	"path/filepath"
	"strconv"
	"time"

	"prasan/internal/clock"
	"prasan/internal/config"
	"prasan/internal/egress"
	"prasan/internal/mail"
	"prasan/internal/mail/sink"
	"prasan/internal/web/guide"
)

// DemoOptions say how the demo is to be.
type DemoOptions struct {
	Now   time.Time // what its clock shows at the start; zero: the machine's time
	Empty bool      // the body alone: no people, no cases
}

// Demo is what only the demo has: a clock that can be moved, and a mail server that
// keeps everything on the machine.
type Demo struct {
	Clock *clock.Shifted
	Sink  *sink.Sink

	app     *App
	options DemoOptions
}

func newDemo(a *App, o DemoOptions) *Demo {
	start := o.Now
	if start.IsZero() {
		start = time.Now()
	}
	return &Demo{Clock: clock.NewShifted(start), app: a, options: o}
}

// ahead is the note of how far the demo's clock was ahead of the machine's, in
// microseconds, so that a demo that is started again goes on where it was.
const ahead = "demo.ahead"

// wireDemo puts the clock where it was and serves the sink.
func wireDemo(ctx context.Context, a *App) error {
	if a.Demo == nil {
		return nil
	}
	text, err := a.Setting(ctx, ahead)
	if err != nil {
		return err
	}
	if us, err := strconv.ParseInt(text, 10, 64); err == nil {
		a.Demo.Clock.Advance(time.Duration(us)*time.Microsecond - a.Demo.Clock.Offset())
	}
	a.Host("mail", "demo", a.Demo.Sink.Handler())
	a.Host("demo", "demo", a.Demo.guide().Handler())
	return a.Demo.remember(ctx)
}

// guide is the page on which one begins.
func (d *Demo) guide() guide.Guide {
	g := guide.Guide{Now: d.Clock.Now, People: d.people}
	for _, x := range []struct{ host, name string }{
		{"", "กระทรวงอุตสาหกรรม"}, {"ops", "สำนักงานปลัดกระทรวงอุตสาหกรรม"}, {"rayong", "สำนักงานอุตสาหกรรมจังหวัดระยอง"},
		{"office", "ระบบงานเจ้าหน้าที่ (Back office)"}, {"mail", "ตู้รับอีเมล (Mail sink)"},
	} {
		g.Places = append(g.Places, guide.Place{Name: x.name, URL: d.app.URL(x.host) + "/"})
	}
	return g
}

func (d *Demo) people() []guide.Person {
	s, err := d.app.remembered()
	if err != nil {
		slog.Warn("the demo's people are not remembered", "err", err)
	}
	var out []guide.Person
	for _, x := range s.Accounts {
		out = append(out, guide.Person{Name: x.Name, Password: x.Password, Secret: x.TOTP, Role: x.Role, Agency: x.Agency})
	}
	return out
}

// Advance moves the clock forward and has the queue look for what became due.
func (d *Demo) Advance(ctx context.Context, by time.Duration) time.Time {
	d.Clock.Advance(by)
	if err := d.remember(ctx); err != nil {
		slog.Warn("the demo's clock is not remembered", "err", err)
	}
	d.app.Jobs.Wake()
	return d.Clock.Now()
}

func (d *Demo) remember(ctx context.Context) error {
	return d.app.SetSetting(ctx, ahead, strconv.FormatInt(d.Clock.Offset().Microseconds(), 10))
}

// mail opens the sink and makes it the relay, with a DKIM key of the demo's own.
func (d *Demo) mail(c config.Mail) (r mail.Relay, k mail.DKIM, err error) {
	a := d.app
	k.Selector = c.DKIMSelector
	if k.Key, err = mail.ReadDKIM(filepath.Join(a.Config.Data, "dkim.pem"), true); err != nil {
		return r, k, err
	}
	record, err := mail.DKIMRecord(k.Key)
	if err != nil {
		return r, k, err
	}
	name := c.DKIMSelector + "._domainkey." + c.Domain
	if d.Sink, err = sink.Open(sink.Config{Dir: filepath.Join(a.Config.Data, "mail"), Keys: map[string]string{name: record}, Now: a.Now}); err != nil {
		return r, k, err
	}
	a.OnClose(d.Sink.Close)
	loopback := netip.MustParsePrefix("127.0.0.0/8")
	way, err := egress.New(egress.Config{Allow: []string{d.Sink.Addr()}, Networks: []netip.Prefix{loopback}})
	if err != nil {
		return r, k, err
	}
	return mail.Relay{Addr: d.Sink.Addr(), TLS: "none", Dial: way.Dial}, k, nil
}
