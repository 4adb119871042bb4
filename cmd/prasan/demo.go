package main

import (
	"fmt"
	"log/slog"
	"slices"
	"time"

	"prasan/internal/app"
	"prasan/internal/config"
	"prasan/internal/errs"
)

type demoCmd struct {
	config.Server
	Now   string `help:"What the demo's clock shows at the start (RFC 3339). A demo that is started again goes on where it was." env:"PRASAN_NOW" placeholder:"TIME"`
	Empty bool   `help:"The agencies, sites and records alone: no people and no messages." env:"PRASAN_EMPTY"`
}

func (demoCmd) Help() string {
	return example("prasan demo", "prasan demo --data .demo --now 2026-11-24T10:00:00+07:00", `curl -X POST -H "Authorization: Bearer $TOKEN" -d '{"advance": "PT70H"}' http://office.industry.localhost:8080/api/v1/demo/clock`)
}

func (c demoCmd) Run(p *program) error {
	o := app.DemoOptions{Empty: c.Empty}
	if c.Now != "" {
		var err error
		if o.Now, err = time.Parse(time.RFC3339, c.Now); err != nil {
			return errs.New(errs.Invalid, "error.now", "value", c.Now)
		}
	}
	if !config.IsLoopback(c.Listen) {
		slog.Warn("the demo's passwords and tokens are known to everyone: it is meant for this machine only", "listen", c.Listen)
	}
	return p.serve(c.Server, app.Options{Mode: app.Upgrade, Version: version(), Demo: &o}, func(a *app.App) error {
		printed, err := a.Scenario(p.ctx, p.progress())
		if err != nil {
			return err
		}
		p.printDemo(a, printed)
		return nil
	})
}

// printDemo prints what is needed to look around, a line each.
func (p *program) printDemo(a *app.App, s app.Scenario) {
	for _, name := range []string{"demo", "ministry", "ops", "rayong", "office", "files", "mail"} {
		host := name
		if name == "ministry" {
			host = ""
		}
		fmt.Fprintf(p.std.out, "url.%s: %s/\n", name, a.URL(host))
	}
	for _, x := range s.Accounts {
		fmt.Fprintf(p.std.out, "account.%s: password=%s totp=%s role=%s agency=%s\n", x.Name, x.Password, x.TOTP, x.Role, x.Agency)
	}
	names := make([]string, 0, len(s.Tokens))
	for name := range s.Tokens {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		label := "token." + name
		if name == app.AdminToken {
			label = "token"
		}
		fmt.Fprintf(p.std.out, "%s: %s\n", label, s.Tokens[name])
	}
}
