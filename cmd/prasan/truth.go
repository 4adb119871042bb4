package main

import (
	"fmt"

	"prasan/internal/app"
	"prasan/internal/config"
	"prasan/internal/i18n"
	"prasan/internal/truth"
)

type truthCmd struct {
	config.Store
	JSON bool `help:"Print JSON."`
}

func (truthCmd) Help() string { return example("prasan truth --data /var/lib/prasan --json") }

// Run prints the record beside what is observed; 1 when something drifts.
func (c truthCmd) Run(p *program) error {
	a, err := p.open(c.Store, app.Use)
	if err != nil {
		return err
	}
	defer a.Close()
	r, err := a.Truth.Report(p.ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		err = p.printJSON(r)
	} else {
		err = printTruth(p, r)
	}
	if err == nil && r.Drifting > 0 {
		return exit(1)
	}
	return err
}

func printTruth(p *program, r truth.Report) error {
	const lang = "en"
	for _, act := range r.Activities {
		fmt.Fprintf(p.std.out, "%s revision %d\n", act.Code, act.Revision)
		for _, row := range act.Rows {
			mark := " "
			if row.Drifting {
				mark = "!"
			}
			fmt.Fprintf(p.std.out, "%s %2d  %-26s %-9s", mark, row.No, row.Field, row.Status)
			for i, e := range row.Evidence {
				if i > 0 {
					fmt.Fprint(p.std.out, ";")
				}
				fmt.Fprint(p.std.out, " ", e.Say(lang))
			}
			fmt.Fprintln(p.std.out)
		}
	}
	for _, d := range r.Drift {
		class, _ := truth.ClassOf(d.Class)
		accepted := ""
		if d.Exception != nil {
			accepted = "; accepted until " + d.Exception.Until.Format("2006-01-02")
		}
		fmt.Fprintf(p.std.out, "%s %s %s %s: %s, %d (%v)%s\n", d.Severity, d.Class, d.Activity, d.Field, class.Text.EN, d.Wrong, d.Names, accepted)
	}
	for _, c := range r.Claims {
		fmt.Fprintf(p.std.out, "claim %s revision %d %s: %s %s\n", c.Activity, c.Revision, c.Field, c.Text(lang), c.Evidence(lang))
	}
	n := r.Counts
	_, err := fmt.Fprintln(p.std.out, i18n.T(lang, "truth.head", "percent", r.Percent, "enforced", n[truth.Enforced], "verified", n[truth.Verified], "attested", n[truth.Attested], "external", n[truth.External], "unknown", n[truth.Unknown], "drifting", r.Drifting))
	return err
}
