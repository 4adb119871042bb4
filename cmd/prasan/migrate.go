package main

import (
	"fmt"

	"prasan/internal/app"
	"prasan/internal/config"
	"prasan/internal/errs"
)

type migrateCmd struct {
	config.Store
	Check bool `help:"Only say what would be applied; exit 1 if there is anything."`
	JSON  bool `help:"Print JSON."`
}

func (migrateCmd) Help() string {
	return example("prasan migrate --check --data /var/lib/prasan", "prasan migrate --data /var/lib/prasan")
}

func (c migrateCmd) Run(p *program) error {
	if err := c.Store.Resolve(); err != nil {
		return err
	}
	pending, err := app.Pending(p.ctx, c.Store)
	begins := errs.KindOf(err) == errs.NotFound
	if err != nil && (c.Check || !begins) {
		return err
	}
	if !c.Check {
		a, err := p.open(c.Store, app.Upgrade)
		if err != nil {
			return err
		}
		if err := a.Close(); err != nil {
			return err
		}
	}
	if begins && !c.JSON {
		fmt.Fprintf(p.std.out, "A new installation is in %s. Next: prasan account add, then prasan serve.\n", c.Data)
		return nil
	}
	if err := c.report(p, pending); err != nil {
		return err
	}
	if c.Check && len(pending) > 0 {
		return exit(1)
	}
	return nil
}

func (c migrateCmd) report(p *program, names []string) error {
	if c.JSON {
		key := "applied"
		if c.Check {
			key = "pending"
		}
		return p.printJSON(map[string][]string{key: append([]string{}, names...)})
	}
	for _, n := range names {
		fmt.Fprintln(p.std.out, n)
	}
	switch {
	case c.Check && len(names) > 0:
		fmt.Fprintf(p.std.out, "%d to apply. Take a backup, then run: prasan migrate\n", len(names))
	case c.Check, len(names) == 0:
		fmt.Fprintln(p.std.out, "The database is current.")
	default:
		fmt.Fprintf(p.std.out, "%d applied. The database is current.\n", len(names))
	}
	return nil
}
