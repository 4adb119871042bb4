package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/alecthomas/kong"

	"prasan/internal/app"
	"prasan/internal/config"
	"prasan/internal/errs"
	"prasan/internal/i18n"
)

// cli is the command line. Each command is a struct in a file of its own; its tags are
// its flags, and what the docs print.
type cli struct {
	Demo    demoCmd    `cmd:"" help:"Seed the demo's ministry and serve it, with a mail sink and a clock that can be moved."`
	Serve   serveCmd   `cmd:"" help:"Serve the sites, the office and the API."`
	Migrate migrateCmd `cmd:"" help:"Bring the database up to this version, or begin a new one."`
	Seed    seedCmd    `cmd:"" help:"Fill a new installation with the demo's ministry and end."`
	Account accountCmd `cmd:"" help:"Accounts of the people who work with the program."`
	Token   tokenCmd   `cmd:"" help:"Tokens of the API."`
	Site    siteCmd    `cmd:"" help:"Public sites."`
	Audit   auditCmd   `cmd:"" help:"The audit chain."`
	Ropa    ropaCmd    `cmd:"" name:"ropa" help:"The record of processing activities."`
	Truth   truthCmd   `cmd:"" help:"The record beside what is observed; exit 1 if anything drifts."`
	Usage   usageCmd   `cmd:"" help:"Usage of the sites."`
	Backup  backupCmd  `cmd:"" help:"Copy the installation to a sealed file, while it serves too."`
	Restore restoreCmd `cmd:"" help:"Make a new installation of a backup; its outgoing post starts held back."`
	Verify  verifyCmd  `cmd:"" help:"Check an installation, a backup, a certificate or an evidence package; exit 1 if anything is not as it was written."`
	Drill   drillCmd   `cmd:"" help:"Restore the newest copy elsewhere, count and check it, delete it, and keep the signed result; exit 1 if anything is not as it was copied."`
	Keys    keysCmd    `cmd:"" help:"The keys of the vault."`
	Seal    sealCmd    `cmd:"" help:"The key and certificate with which an agency seals its letters."`
	Numbers numbersCmd `cmd:"" help:"Letter numbers after a restore."`
	Post    postCmd    `cmd:"" help:"Hold outgoing mail back, or let it go."`
	Docs    docsCmd    `cmd:"" help:"Write the parts of the documentation that the program knows best."`
	Version versionCmd `cmd:"" help:"Print the version."`

	Evidence evidenceCmd `cmd:"" help:"Make what is handed to an inspector: one signed file."`
	Crawl    crawlCmd    `cmd:"" help:"Send a real browser over the sites, for the truth: which hosts, scripts, cookies and storage."`
}

// program is one run of the command line.
type program struct {
	ctx  context.Context
	std  stdio
	lang string // of messages
}

// exit is an exit code that a command has already explained.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit %d", int(e)) }

// leave ends the parsing of the command line: help has been printed.
type leave int

func parser(c *cli, p *program) (*kong.Kong, error) {
	return kong.New(c, kong.Name("prasan"), kong.Description("Prasan receives what people write to a government body, and obeys its record of processing activities."),
		kong.Writers(p.std.out, p.std.err), kong.Exit(func(code int) { panic(leave(code)) }), kong.Bind(p),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}))
}

func (p *program) do(args []string) (code int) {
	defer func() {
		if l, ok := recover().(leave); ok {
			code = int(l)
		}
	}()
	var c cli
	k, err := parser(&c, p)
	if err != nil {
		return p.fail(err)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := k.Parse(args)
	if err != nil {
		return p.misused(err)
	}
	return p.fail(parsed.Run(p))
}

// misused says what is wrong with the command line, and where to read how it is right.
func (p *program) misused(err error) int {
	command := "prasan"
	var parse *kong.ParseError
	if errors.As(err, &parse) && parse.Context != nil {
		if path := parse.Context.Command(); path != "" {
			command += " " + path
		}
	}
	fmt.Fprintf(p.std.err, "prasan: %s; see %s --help\n", err, command)
	return 2
}

// fail says an error in one line and returns its exit code.
func (p *program) fail(err error) int {
	var done exit
	switch {
	case err == nil:
		return 0
	case errors.As(err, &done):
		return int(done)
	}
	x := errs.As(err)
	text := i18n.T(p.lang, x.Key, x.Args...)
	if x.Key == "error.internal" {
		text = i18n.T(p.lang, "error.console")
	}
	for _, f := range x.Fields {
		text += " " + f.Name + ": " + i18n.T(p.lang, f.Key, f.Args...)
	}
	if x.Err != nil && !strings.Contains(text, x.Err.Error()) {
		text += " (" + strings.ReplaceAll(x.Err.Error(), "\n", " ") + ")" // whoever is at the console may know the cause
	}
	fmt.Fprintln(p.std.err, "prasan: "+text)
	if x.Kind == errs.Invalid {
		return 2
	}
	return 1
}

// open opens the installation of c for a command.
func (p *program) open(c config.Store, mode app.Mode) (*app.App, error) {
	server, err := settings(c)
	if err != nil {
		return nil, err
	}
	return app.New(p.ctx, server, app.Options{Mode: mode, Version: version()})
}

// openWith is open with what remote places need.
func (p *program) openWith(c config.Store, places config.Places) (*app.App, error) {
	server, err := settings(c)
	if err != nil {
		return nil, err
	}
	server.Backup.Places = places
	if err := server.Backup.Places.Resolve(); err != nil {
		return nil, err
	}
	return app.New(p.ctx, server, app.Options{Mode: app.Use, Version: version()})
}

// settings are those of a command that serves nothing: the server's as they are by
// default and in the environment, with the stores of the command.
func settings(c config.Store) (config.Server, error) {
	var only struct {
		config.Server
	}
	k, err := kong.New(&only, kong.Exit(func(int) {}))
	if err == nil {
		_, err = k.Parse(nil)
	}
	if err != nil {
		return config.Server{}, errs.Wrap(err, errs.Invalid, "error.settings")
	}
	only.Server.Store = c
	return only.Server, only.Server.Resolve()
}

// printJSON prints data for programs.
func (p *program) printJSON(v any) error {
	enc := json.NewEncoder(p.std.out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// language is that of messages: PRASAN_LANG, or English.
func language(env func(string) string) string {
	if env("PRASAN_LANG") == "th" {
		return "th"
	}
	return "en"
}
