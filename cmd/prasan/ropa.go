package main

import (
	"context"
	"os"

	"prasan/internal/app"
	"prasan/internal/config"
	"prasan/internal/ropa"
	"prasan/internal/ropa/form"
	"prasan/internal/ropa/form/formcmd"
	"prasan/internal/ropa/ropacmd"
)

type ropaCmd struct {
	Fmt    ropaFmtCmd    `cmd:"" help:"Bring records into the canonical form."`
	Lint   ropaLintCmd   `cmd:"" help:"Say what records contradict or leave out; exit 1 if anything is graver than info."`
	Plan   ropaPlanCmd   `cmd:"" help:"Say what a revision would change, and its effect; exit 1 if it would be refused."`
	Apply  ropaApplyCmd  `cmd:"" help:"Put a revision into force with the approval of two duty holders."`
	Export ropaExportCmd `cmd:"" help:"Write an activity of the register, or a file, in another format."`
	Import ropaImportCmd `cmd:"" help:"Read a filled-in form and write its canonical YAML."`
	Verify ropaVerifyCmd `cmd:"" help:"Go through the stored register; exit 1 if anything is not as it was approved."`
}

// readForm reads a record however it comes: canonical, or as people filled it in.
func readForm(text []byte) (*ropa.Revision, error) {
	r, err := form.Import("", text)
	if err != nil {
		return nil, err
	}
	return r.Revision, nil
}

// files are the commands over files: no installation is opened.
func (p *program) files(json bool) ropacmd.Env {
	return ropacmd.Env{Stdin: os.Stdin, Stdout: p.std.out, Stderr: p.std.err, JSON: json, Lang: p.lang, Read: readForm}
}

// register runs a command over the register of an installation.
func (p *program) register(c config.Store, json bool, do func(e ropacmd.Env) int) error {
	a, err := p.open(c, app.Use)
	if err != nil {
		return err
	}
	defer a.Close()
	e := p.files(json)
	e.Register, e.Actor = a.Register, a.Actor
	return exited(do(e))
}

// exited is an exit code as an error.
func exited(code int) error {
	if code != 0 {
		return exit(code)
	}
	return nil
}

type ropaFmtCmd struct {
	Files []string `arg:"" help:"Records; - is the standard input." placeholder:"FILE"`
	Write bool     `help:"Write the files in place." short:"w"`
	Check bool     `help:"Only say which are not in the canonical form; exit 1 if any is."`
	JSON  bool     `help:"Print JSON."`
}

func (ropaFmtCmd) Help() string { return example("prasan ropa fmt --write contact-us.yaml") }

func (c ropaFmtCmd) Run(p *program) error {
	return exited(p.files(c.JSON).Fmt(c.Files, c.Write, c.Check))
}

type ropaLintCmd struct {
	Files []string `arg:"" help:"Records in YAML, JSON, XLSX, CSV, DOCX or as text; - is the standard input." placeholder:"FILE"`
	JSON  bool     `help:"Print JSON: rule, severity, fields, message."`
}

func (ropaLintCmd) Help() string {
	return example("prasan ropa lint contact-us.yaml usage-analytics.yaml", "prasan ropa lint --json form.xlsx")
}

func (c ropaLintCmd) Run(p *program) error { return exited(p.files(c.JSON).Lint(c.Files)) }

type ropaPlanCmd struct {
	config.Store
	File    string `arg:"" help:"The record." placeholder:"FILE"`
	Against string `help:"Another record to compare with, instead of what is in force; then no installation is needed." placeholder:"FILE"`
	JSON    bool   `help:"Print JSON."`
}

func (ropaPlanCmd) Help() string {
	return example("prasan ropa plan contact-us.yaml --data /var/lib/prasan")
}

func (c ropaPlanCmd) Run(p *program) error {
	if c.Against != "" {
		return exited(p.files(c.JSON).Plan(p.ctx, c.File, c.Against))
	}
	return p.register(c.Store, c.JSON, func(e ropacmd.Env) int { return e.Plan(p.ctx, c.File, "") })
}

type ropaApplyCmd struct {
	config.Store
	File    string   `arg:"" help:"The record." placeholder:"FILE"`
	Approve []string `required:"" help:"Account of a duty holder who approves; two different ones." placeholder:"ACCOUNT"`
	By      string   `help:"Account of who prepared it. Default: the first approver." placeholder:"ACCOUNT"`
	JSON    bool     `help:"Print JSON."`
}

func (ropaApplyCmd) Help() string {
	return example("prasan ropa apply contact-us.yaml --approve head-ops --approve dpo --data /var/lib/prasan")
}

func (c ropaApplyCmd) Run(p *program) error {
	by := c.By
	if by == "" {
		by = c.Approve[0]
	}
	return p.register(c.Store, c.JSON, func(e ropacmd.Env) int { return e.Apply(p.ctx, c.File, by, c.Approve) })
}

type ropaExportCmd struct {
	config.Store
	What   string `arg:"" help:"Code of an activity in force, or a file." placeholder:"CODE|FILE"`
	Format string `help:"Format of the output." enum:"yaml,json,jsonld,xlsx,docx,pdf,csv,svg,text" default:"yaml"`
	JSON   bool   `help:"The same as --format json."`
}

func (ropaExportCmd) Help() string {
	return example("prasan ropa export contact-us --format xlsx --data /var/lib/prasan > contact-us.xlsx", "prasan ropa export form.yaml --format pdf > form.pdf")
}

func (c ropaExportCmd) Run(p *program) error {
	if c.JSON {
		c.Format = "json"
	}
	e := formcmd.Env{Stdin: os.Stdin, Stdout: p.std.out, Stderr: p.std.err}
	if _, err := os.Stat(c.What); err == nil || c.What == "-" {
		return exited(e.Export(p.ctx, c.What, c.Format))
	}
	a, err := p.open(c.Store, app.Use)
	if err != nil {
		return err
	}
	defer a.Close()
	e.Record = func(ctx context.Context, code string) (*ropa.Revision, error) {
		snap := a.Register.Snapshot(code)
		if snap == nil {
			return nil, nil
		}
		text, err := a.Register.Body(ctx, code, snap.Revision)
		if err != nil {
			return nil, err
		}
		return ropa.Parse([]byte(text))
	}
	return exited(e.Export(p.ctx, c.What, c.Format))
}

type ropaImportCmd struct {
	File string `arg:"" help:"A filled-in form: text, XLSX, CSV, DOCX, JSON or YAML, told by content; - is the standard input." placeholder:"FILE"`
	JSON bool   `help:"Print each field with its value, confidence and place, what is asked, and what could not be placed."`
}

func (ropaImportCmd) Help() string { return example("prasan ropa import form.xlsx > contact-us.yaml") }

func (c ropaImportCmd) Run(p *program) error {
	return exited(formcmd.Env{Stdin: os.Stdin, Stdout: p.std.out, Stderr: p.std.err, JSON: c.JSON}.Import(c.File))
}

type ropaVerifyCmd struct {
	config.Store
	JSON bool `help:"Print JSON."`
}

func (ropaVerifyCmd) Help() string { return example("prasan ropa verify --data /var/lib/prasan") }

func (c ropaVerifyCmd) Run(p *program) error {
	return p.register(c.Store, c.JSON, func(e ropacmd.Env) int { return e.Verify(p.ctx) })
}
