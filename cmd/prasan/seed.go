package main

import (
	"fmt"
	"os"

	"prasan/internal/app"
	"prasan/internal/config"
)

type seedCmd struct {
	config.Store
	JSON bool `help:"Print JSON."`
}

func (seedCmd) Help() string { return example("prasan seed --data .demo && prasan serve --data .demo") }

func (c seedCmd) Run(p *program) error {
	server, err := settings(c.Store)
	if err != nil {
		return err
	}
	a, err := app.New(p.ctx, server, app.Options{Mode: app.Upgrade, Version: version(), Demo: &app.DemoOptions{}})
	if err != nil {
		return err
	}
	defer a.Close()
	s, err := a.Scenario(p.ctx, p.progress())
	if err != nil {
		return err
	}
	if c.JSON {
		return p.printJSON(s)
	}
	p.printDemo(a, s)
	fmt.Fprintf(p.std.out, "The scenario is in %s; serve it with: prasan serve --data %s\n", c.Data, c.Data)
	return nil
}

// progress shows how far long work has come: on a terminal in place, else in lines.
func (p *program) progress() func(done, all int) {
	last := -1
	return func(done, all int) {
		percent := 100 * done / max(all, 1)
		if percent/5 == last {
			return
		}
		last = percent / 5
		if isTerminal(p.std.err) {
			fmt.Fprintf(p.std.err, "\rseeding: %3d %%", percent)
			if done == all {
				fmt.Fprintln(p.std.err)
			}
			return
		}
		if done == 0 || done == all {
			fmt.Fprintf(p.std.err, "seeding: %d %%\n", percent)
		}
	}
}

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
