package main

import (
	"fmt"
	"os"

	"prasan/internal/app"
	"prasan/internal/config"
	"prasan/internal/errs"
)

type usageCmd struct {
	Import  usageImportCmd  `cmd:"" help:"Read usage of the past: a web server's access log (combined format), events that Google Analytics exported to BigQuery (JSON lines), or a report of Google Analytics by date (CSV)."`
	Recount usageRecountCmd `cmd:"" help:"Count the hits that are still kept again and compare with the totals; exit 1 if they differ."`
}

type usageImportCmd struct {
	config.Store
	Site string `help:"Host of the site." required:"" placeholder:"HOST"`
	File string `arg:"" help:"The file; - reads standard input." placeholder:"FILE"`
	JSON bool   `help:"Print JSON."`
}

func (usageImportCmd) Help() string {
	return example("prasan usage import --data /var/lib/prasan --site rayong.example.go.th access.log")
}

// Run imports a log.
func (c usageImportCmd) Run(p *program) error {
	in := os.Stdin
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return errs.Wrap(err, errs.Invalid, "analytics.error-log", "line", 0)
		}
		defer f.Close()
		in = f
	}
	a, err := p.open(c.Store, app.Use)
	if err != nil {
		return err
	}
	defer a.Close()
	out, err := a.Analytics.Import(p.ctx, "console", c.Site, in)
	if err != nil {
		return err
	}
	if c.JSON {
		return p.printJSON(out)
	}
	fmt.Fprintln(p.std.out, out)
	return nil
}

type usageRecountCmd struct {
	config.Store
	JSON bool `help:"Print JSON."`
}

func (usageRecountCmd) Help() string { return example("prasan usage recount --data /var/lib/prasan") }

// Run recounts all days of all sites whose hits are whole.
func (c usageRecountCmd) Run(p *program) error {
	a, err := p.open(c.Store, app.Use)
	if err != nil {
		return err
	}
	defer a.Close()
	days, found, err := a.Analytics.RecountAll(p.ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		err = p.printJSON(map[string]any{"days": days, "differences": found})
	} else {
		for _, d := range found {
			fmt.Fprintln(p.std.out, d)
		}
		fmt.Fprintf(p.std.out, "%d days of sites counted again, %d differences\n", days, len(found))
	}
	if err == nil && len(found) > 0 {
		return exit(1)
	}
	return err
}
