package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"prasan/internal/accounts"
	"prasan/internal/app"
	"prasan/internal/cases"
	"prasan/internal/errs"
	"prasan/internal/i18n"
	"prasan/internal/policy"
)

type docsCmd struct {
	Dir string `arg:"" default:"docs" help:"Folder to write into."`
}

func (docsCmd) Help() string { return example("prasan docs docs") }

// documents are what the program says about itself. A feature adds a line.
var documents = []struct {
	path  string
	write func(w io.Writer, m *manual) error
}{
	{"config.md", writeConfig},
	{"cli.md", writeCommands},
	{"workflow.md", writeWorkflow},
	{"register.md", writeRegister},
	{"letters.md", writeLetters},
	{"api/openapi.json", writeOpenAPI},
}

// manual is what documents are written from.
type manual struct {
	p     *program
	model *kong.Application
	app   *app.App // of a new installation
}

func (c docsCmd) Run(p *program) error {
	m, end, err := p.manual()
	if err != nil {
		return err
	}
	defer end()
	for _, d := range documents {
		path := filepath.Join(c.Dir, d.path)
		if err := writeFile(path, func(w io.Writer) error { return d.write(w, m) }); err != nil {
			return errs.Wrap(err, errs.Unavailable, "error.database-dir", "path", path)
		}
		fmt.Fprintln(p.std.out, path)
	}
	return nil
}

func writeFile(path string, write func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := write(f); err != nil {
		return err
	}
	return f.Close()
}

// manual opens a new installation in a folder that is gone at the end.
func (p *program) manual() (m *manual, end func(), err error) {
	dir, err := os.MkdirTemp("", "prasan-docs")
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(dir)
		}
	}()
	var c cli
	k, err := parser(&c, p)
	if err != nil {
		return nil, nil, err
	}
	var serve struct{ serveCmd }
	plain, err := kong.New(&serve)
	if err == nil {
		_, err = plain.Parse([]string{"--data", dir})
	}
	if err == nil {
		err = serve.Server.Resolve()
	}
	if err != nil {
		return nil, nil, err
	}
	a, err := app.New(p.ctx, serve.Server, app.Options{Mode: app.Create})
	if err != nil {
		return nil, nil, err
	}
	return &manual{p, k.Model, a}, func() { a.Close(); os.RemoveAll(dir) }, nil
}

const made = "<!-- Written by the program: make docs. -->\n"

func writeConfig(w io.Writer, m *manual) error {
	fmt.Fprintf(w, `# Settings

%s
Each setting of `+"`prasan serve`"+` is a flag and an environment variable; the flag wins. A secret may be given in a file
that the variable with `+"`_FILE`"+` names. Commands that work on an installation take the settings of its stores (the first five).

| flag | variable | default | what |
|---|---|---|---|
`, made)
	for _, f := range command(m.model, "serve").Flags {
		variable := ""
		if len(f.Envs) > 0 {
			variable = "`" + f.Envs[0] + "`"
			if _, secret := f.Target.Type(), f.Tag.Has("secret"); secret {
				variable += ", `" + f.Envs[0] + "_FILE`"
			}
		}
		value := ""
		if f.HasDefault {
			value = "`" + f.Default + "`"
		}
		fmt.Fprintf(w, "| `--%s` | %s | %s | %s |\n", f.Name, variable, value, cell(f.Help))
	}
	fmt.Fprint(w, "\nBeside these: `PRASAN_LANG` (`en` or `th`) is the language of messages on the command line, and `PRASAN_LOG` (`debug`,\n`info`, `warn`, `error`) how much is logged.\n")
	return nil
}

func cell(text string) string { return strings.ReplaceAll(text, "|", "\\|") }

// command finds a command by its path.
func command(model *kong.Application, path ...string) *kong.Node {
	node := model.Node
	for _, name := range path {
		i := slices.IndexFunc(node.Children, func(n *kong.Node) bool { return n.Name == name })
		if i < 0 {
			return nil
		}
		node = node.Children[i]
	}
	return node
}

func writeCommands(w io.Writer, m *manual) error {
	fmt.Fprintf(w, `# Commands

%s
Exit codes: 0 done, 1 refused or something was found, 2 used wrongly. Errors are one line on standard error that says
what to do. Flags that are settings of the installation are in [config.md](config.md).
`, made)
	settings := map[string]bool{}
	for _, f := range command(m.model, "serve").Flags {
		settings[f.Name] = true
	}
	for _, n := range m.model.Leaves(true) {
		describe(w, n, settings)
	}
	return nil
}

func describe(w io.Writer, n *kong.Node, settings map[string]bool) {
	fmt.Fprintf(w, "\n## prasan %s\n\n%s\n", commandPath(n), n.Help)
	if n.Detail != "" {
		fmt.Fprintf(w, "\n```\n%s\n```\n", strings.TrimSpace(strings.NewReplacer("Example:\n\n  ", "", "Examples:\n\n  ", "", "\n  ", "\n").Replace(n.Detail)))
	}
	var rows, shared []string
	for _, a := range n.Positional {
		rows = append(rows, fmt.Sprintf("| `%s` | %s |", a.Summary(), cell(a.Help)))
	}
	for _, f := range n.Flags {
		if settings[f.Name] {
			shared = append(shared, "`--"+f.Name+"`")
			continue
		}
		help := cell(f.Help)
		if f.Required {
			help += " Required."
		}
		rows = append(rows, fmt.Sprintf("| `%s` | %s |", f.Summary(), help))
	}
	if len(rows) > 0 {
		fmt.Fprintf(w, "\n| | |\n|---|---|\n%s\n", strings.Join(rows, "\n"))
	}
	switch {
	case len(shared) == len(settings):
		fmt.Fprint(w, "\nTakes all settings.\n")
	case len(shared) > 0:
		fmt.Fprintf(w, "\nTakes the settings %s.\n", strings.Join(shared, ", "))
	}
}

func commandPath(n *kong.Node) string {
	if n.Parent == nil || n.Parent.Type == kong.ApplicationNode {
		return n.Name
	}
	return commandPath(n.Parent) + " " + n.Name
}

func writeWorkflow(w io.Writer, m *manual) error {
	fmt.Fprintf(w, `# The workflow of a case

%s
Every change of a case is a row of this table; what is not in it does not happen (the API answers 409). The step is that
of the flow which the record declares.

| act | from | to | step | by | seen by the sender |
|---|---|---|---:|---|---|
`, made)
	for _, t := range cases.Transitions {
		var from []string
		for _, s := range t.From {
			from = append(from, string(s))
		}
		to := string(t.To)
		if to == "" {
			to = "(same)"
		}
		seen := "no"
		if t.Public {
			seen = "yes"
		}
		fmt.Fprintf(w, "| %s | %s | %s | %d | %s | %s |\n", t.Action, strings.Join(from, ", "), to, t.Step, t.By, seen)
	}
	fmt.Fprint(w, "\n`sender` is the person who wrote, `system` the program; every other entry is an act that roles reach as below.\n\n## Who may do what\n\n`own` is the agency of the person, `all` is every agency. What personal data may be read, and for which purpose, is not\nhere: the record says it.\n\n| act |")
	for _, r := range accounts.Roles {
		fmt.Fprintf(w, " %s |", r)
	}
	fmt.Fprint(w, "\n|---|"+strings.Repeat("---|", len(accounts.Roles))+"\n")
	for _, act := range policy.Actions() {
		fmt.Fprintf(w, "| %s |", act)
		for _, r := range accounts.Roles {
			fmt.Fprintf(w, " %s |", reach(r, act))
		}
		fmt.Fprintln(w)
	}
	fmt.Fprint(w, "\n## States\n\n| state | to the sender |\n|---|---|\n")
	for _, s := range states() {
		fmt.Fprintf(w, "| %s | %s |\n", s, stageWords(s))
	}
	writeOtherWorkflows(w)
	return nil
}

func reach(role, act string) string {
	all, agency := policy.Reach(policy.Actor{Agency: "own", Roles: []string{role}}, act)
	if all {
		return "all"
	}
	return agency
}

// states are those of the table, in its order.
func states() []cases.State {
	var out []cases.State
	for _, t := range cases.Transitions {
		for _, s := range append(slices.Clone(t.From), t.To) {
			if s != "" && !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out
}

func stageWords(s cases.State) string {
	key := "public.state-" + string(s)
	if !i18n.Has(key) {
		return ""
	}
	return i18n.T("th", key) + " · " + i18n.T("en", key)
}

func writeOpenAPI(w io.Writer, m *manual) error {
	_, err := fmt.Fprintln(w, strings.TrimSpace(string(m.app.API.Document())))
	return err
}
