package main

import (
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"

	"prasan/internal/accounts"
	"prasan/internal/app"
	"prasan/internal/config"
)

type serveCmd struct {
	config.Server
}

func (serveCmd) Help() string {
	return example(
		"prasan serve --data /var/lib/prasan --base-domain industry.example.go.th --public-url 'https://*'",
		"PRASAN_DATABASE_FILE=/run/secrets/database prasan serve --listen 0.0.0.0:8080 --trusted-proxy 10.0.0.0/8",
	) + "\n\nA new data folder is filled with the agencies, the sites and the first revisions of the record. The first account is made with 'prasan account add'."
}

func (c serveCmd) Run(p *program) error {
	return p.serve(c.Server, app.Options{Mode: app.Create, Version: version()}, func(a *app.App) error {
		fmt.Fprintf(p.std.out, "url.ministry: %s\nurl.office: %s\n", a.URL(""), a.URL("office"))
		return p.firstAccount(a)
	})
}

// firstAccount tells who has just installed the program how to get in.
func (p *program) firstAccount(a *app.App) error {
	list, err := a.Accounts.List(p.ctx, accounts.Console, "", "", 1)
	if err != nil || len(list) > 0 {
		return err
	}
	fmt.Fprintf(p.std.out, "There is no account yet. Make the first one with:\n  prasan account add --data %s --name NAME --display 'ชื่อ นามสกุล' --agency ops --role admin\n", a.Config.Data)
	return nil
}

// serve runs the program until it is told to end. begin runs before the first request
// is answered.
func (p *program) serve(c config.Server, o app.Options, begin func(a *app.App) error) error {
	if err := c.Resolve(); err != nil {
		return err
	}
	listeners, err := app.Listen(&c)
	if err != nil {
		return err
	}
	defer listeners.Close()
	roomy := sparing(o)
	a, err := app.New(p.ctx, c, o)
	if err != nil {
		return err
	}
	defer func() {
		if err := a.Close(); err != nil {
			slog.Error("closing", "err", err)
		}
	}()
	if err := begin(a); err != nil {
		return err
	}
	return a.Serve(p.ctx, listeners, func() {
		roomy()
		fmt.Fprintln(p.std.out, "ready: "+c.Listen)
	})
}

// sparing has the start, which makes much that is soon of no use, collect it early, so
// that little memory is taken and none is left in pieces; the demo, which fills itself,
// takes the time instead. An operator's GOGC stands.
func sparing(o app.Options) (roomy func()) {
	if o.Demo != nil || os.Getenv("GOGC") != "" {
		return func() {}
	}
	usual := debug.SetGCPercent(25)
	return func() { debug.SetGCPercent(usual) }
}
