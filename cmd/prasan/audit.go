package main

import (
	"fmt"

	"prasan/internal/app"
	"prasan/internal/config"
)

type auditCmd struct {
	Verify auditVerifyCmd `cmd:"" help:"Read the whole chain and its signed checkpoints; exit 1 if anything is not as it was written."`
}

type auditVerifyCmd struct {
	config.Store
	Against []string `help:"Signed heads that were kept elsewhere: a file, such as a mail, or a folder with files *.note; repeatable." placeholder:"PATH"`
	JSON    bool     `help:"Print JSON."`
}

func (auditVerifyCmd) Help() string {
	return example("prasan audit verify --data /var/lib/prasan", "prasan audit verify --against /safe/heads --data /var/lib/prasan")
}

func (c auditVerifyCmd) Run(p *program) error {
	a, err := p.open(c.Store, app.Use)
	if err != nil {
		return err
	}
	defer a.Close()
	r, err := a.VerifyAuditAgainst(p.ctx, c.Against)
	if err != nil {
		return err
	}
	if c.JSON {
		err = p.printJSON(r)
	} else {
		for _, f := range r.Faults {
			fmt.Fprintf(p.std.out, "%s %d: %s\n", f.Chain, f.Seq, f.What)
		}
		_, err = fmt.Fprintf(p.std.out, "%d lines in %d chains: %d faults.\n", r.Lines, r.Chains, len(r.Faults))
	}
	if err == nil && len(r.Faults) > 0 {
		return exit(1)
	}
	return err
}
