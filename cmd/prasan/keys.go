package main

import (
	"fmt"

	"prasan/internal/app"
	"prasan/internal/config"
)

type keysCmd struct {
	Rotate keysRotateCmd `cmd:"" help:"Replace the master key and the keys under it, while the program serves too. What was interrupted goes on."`
	Forget keysForgetCmd `cmd:"" help:"Destroy the old master key. Copies that were made before the rotation cannot be opened from then on."`
}

type keysRotateCmd struct {
	config.Store
	Reason string `required:"" help:"Why; it is a line of the audit." placeholder:"TEXT"`
	JSON   bool   `help:"Print JSON."`
}

func (keysRotateCmd) Help() string {
	return example("prasan keys rotate --reason 'yearly' --data /var/lib/prasan")
}

func (c keysRotateCmd) Run(p *program) error {
	a, err := p.open(c.Store, app.Use)
	if err != nil {
		return err
	}
	defer a.Close()
	r, err := a.Keys.Now(p.ctx, "console", c.Reason)
	if err != nil {
		return err
	}
	if c.JSON {
		return p.printJSON(r)
	}
	fmt.Fprintf(p.std.out, "New keys: %d data keys were wrapped anew. Keep a copy of the new master key (%s) in the safe.\n", r.Moved, a.Config.MasterKeyFile)
	if r.OldKey {
		fmt.Fprintf(p.std.out, "The old one is %s.old: copies made until now open with it only. Next: prasan backup, prasan verify, and then prasan keys forget\n", a.Config.MasterKeyFile)
	}
	return nil
}

type keysForgetCmd struct{ config.Store }

func (keysForgetCmd) Help() string { return example("prasan keys forget --data /var/lib/prasan") }

func (c keysForgetCmd) Run(p *program) error {
	a, err := p.open(c.Store, app.Use)
	if err != nil {
		return err
	}
	defer a.Close()
	if err := a.Keys.Forget(p.ctx, "console"); err != nil {
		return err
	}
	fmt.Fprintln(p.std.out, "The old master key is destroyed.")
	return nil
}
