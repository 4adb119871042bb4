// Package ropacmd is what the commands over the record do, with their arguments already
// parsed: plain functions that print and return an exit code: 0 done, 1 found something
// or refused, 2 used wrongly. Fmt and Lint work on files alone.
package ropacmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"prasan/internal/errs"
	"prasan/internal/i18n"
	"prasan/internal/policy"
	"prasan/internal/register"
	"prasan/internal/ropa"
	"prasan/internal/ropa/lint"
)

// Env is what the commands work with. Register and Actor are needed by Apply and
// Verify, and by Plan where it is made against what is in force.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	JSON           bool
	Lang           string                                    // of messages; "" is English
	Read           func(text []byte) (*ropa.Revision, error) // of files; nil reads YAML and JSON
	Register       *register.Store
	Actor          func(ctx context.Context, account string) (policy.Actor, error)
}

func (e Env) lang() string {
	if e.Lang == "" {
		return "en"
	}
	return e.Lang
}

func (e Env) text(t ropa.Text) string {
	if e.lang() == "en" && t.EN != "" {
		return t.EN
	}
	return t.TH
}

// bytes reads a file; - is what comes in.
func (e Env) bytes(path string) ([]byte, error) {
	if path == "-" && e.Stdin != nil {
		return io.ReadAll(io.LimitReader(e.Stdin, ropa.MaxBytes+1))
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() || info.Size() > 64<<20 {
		return nil, fmt.Errorf("%s is a folder, or far too large for a record", path)
	}
	return os.ReadFile(path)
}

func (e Env) record(path string) (*ropa.Revision, error) {
	text, err := e.bytes(path)
	if err != nil {
		return nil, err
	}
	if e.Read != nil {
		return e.Read(text)
	}
	return ropa.Parse(text)
}

// wrong says in one line what is the matter with a file, and returns 2.
func (e Env) wrong(path string, err error) int {
	var p *os.PathError
	if errors.As(err, &p) {
		err = fmt.Errorf("cannot read it: %w; give the path of a record", p.Err)
	}
	fmt.Fprintf(e.Stderr, "prasan: %s: %s\n", path, strings.ReplaceAll(err.Error(), "\n", " "))
	return 2
}

// fail says in one line why the register refuses: 1, or 2 for what cannot be read.
func (e Env) fail(err error) int {
	x := errs.As(err)
	text := i18n.T(e.lang(), x.Key, x.Args...)
	if x.Key == "error.internal" && x.Err != nil {
		text += ": " + x.Err.Error() // whoever is at the console may know the cause
	}
	for _, f := range x.Fields {
		text += " " + f.Name + ": " + i18n.T(e.lang(), f.Key, f.Args...)
	}
	fmt.Fprintln(e.Stderr, "prasan: "+strings.ReplaceAll(text, "\n", " "))
	if x.Key == "error.record-unreadable" {
		return 2
	}
	return 1
}

func (e Env) print(value any) int {
	enc := json.NewEncoder(e.Stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return e.wrong("standard output", err)
	}
	return 0
}

// Fmt brings files into the canonical form: to standard output, or with write in
// place; with check it only says which are not in it, and returns 1.
func (e Env) Fmt(paths []string, write, check bool) int {
	code := 0
	for _, path := range paths {
		text, err := e.bytes(path)
		if err != nil {
			return e.wrong(path, err)
		}
		canonical, err := e.canonical(text)
		if err != nil {
			return e.wrong(path, err)
		}
		switch {
		case string(canonical) == string(text) && (write || check):
		case check:
			fmt.Fprintln(e.Stdout, path)
			code = 1
		case write:
			if err := replace(path, canonical); err != nil {
				return e.wrong(path, err)
			}
			fmt.Fprintln(e.Stdout, path)
		default:
			if _, err := e.Stdout.Write(canonical); err != nil {
				return e.wrong(path, err)
			}
		}
	}
	return code
}

func (e Env) canonical(text []byte) ([]byte, error) {
	rev, err := ropa.Parse(text)
	if err != nil {
		return nil, err
	}
	if e.JSON {
		return ropa.MarshalJSON(rev)
	}
	return ropa.Marshal(rev)
}

// replace writes a file anew beside itself, so that a full disk leaves the old one.
func replace(path string, text []byte) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	next := path + ".new"
	if err := os.WriteFile(next, text, info.Mode().Perm()); err != nil {
		return errors.Join(err, os.Remove(next))
	}
	return os.Rename(next, path)
}

// finding is a finding as it is printed.
type finding struct {
	File string `json:"file"`
	lint.Finding
	Message   string `json:"message"`
	MessageTH string `json:"message_th"`
	MessageEN string `json:"message_en"`
}

// Lint prints what records say against themselves and against each other; 1 if anything
// is graver than info.
func (e Env) Lint(paths []string) int {
	records := make([]*ropa.Revision, len(paths))
	for i, path := range paths {
		rev, err := e.record(path)
		if err != nil {
			return e.wrong(path, err)
		}
		records[i] = rev
	}
	found := []finding{}
	for i, list := range lint.Each(records) {
		for _, f := range list {
			found = append(found, finding{paths[i], f, e.text(f.Message), f.Message.TH, f.Message.EN})
		}
	}
	return e.findings(found)
}

func (e Env) findings(found []finding) int {
	code := 0
	for _, f := range found {
		if f.Severity != lint.Info {
			code = 1
		}
	}
	if e.JSON {
		return max(code, e.print(found))
	}
	for _, f := range found {
		fmt.Fprintf(e.Stdout, "%s: %s %s: %s\n    %s\n", f.File, f.Severity, f.Rule, f.Message, strings.Join(f.Fields, ", "))
	}
	if len(found) == 0 {
		fmt.Fprintln(e.Stdout, i18n.T(e.lang(), "ropa.nothing-found"))
	}
	return code
}

// effects and plans as they are printed.
type said struct {
	register.Effect
	Text string `json:"text"`
}

type planned struct {
	register.Plan
	Effects []said `json:"effects"`
	Holds   []said `json:"holds"`
}

// Plan prints what a file would do: against another file where one is given, else
// against what is in force. It returns 1 where the register would refuse it.
func (e Env) Plan(ctx context.Context, path, against string) int {
	text, err := e.bytes(path)
	if err != nil {
		return e.wrong(path, err)
	}
	next, err := ropa.Parse(text)
	if err != nil {
		return e.wrong(path, err)
	}
	var p register.Plan
	if against != "" {
		before, err := e.record(against)
		if err != nil {
			return e.wrong(against, err)
		}
		before.Number = max(before.Number, 1)
		p, err = register.Compare(before, next, register.World{})
		if err != nil {
			return e.wrong(against, err)
		}
	} else if p, err = e.Register.Plan(ctx, text); err != nil {
		return e.fail(err)
	}
	return e.plan(p)
}

func (e Env) say(list []register.Effect) []said {
	out := []said{}
	for _, x := range list {
		out = append(out, said{x, x.In(e.lang())})
	}
	return out
}

func (e Env) plan(p register.Plan) int {
	code := 0
	if len(p.Holds) > 0 {
		code = 1
	}
	effects, holds := e.say(p.Effects), e.say(p.Holds)
	if e.JSON {
		return max(code, e.print(planned{p, effects, holds}))
	}
	from, to := fmt.Sprint(p.From), fmt.Sprint(p.To)
	fmt.Fprintln(e.Stdout, i18n.T(e.lang(), "ropa.plan-head", "activity", p.Activity, "from", from, "to", to))
	signs := map[string]string{"added": "+", "removed": "-", "changed": "~"}
	for _, c := range p.Changes {
		fmt.Fprintf(e.Stdout, "  %s %s (%s): %s\n", signs[c.Kind], e.text(c.Title), c.Field, strings.Trim(c.Before+" -> "+c.After, " ->"))
	}
	if len(p.Changes) == 0 {
		fmt.Fprintln(e.Stdout, "  "+i18n.T(e.lang(), "ropa.plan-same"))
	}
	for _, part := range []struct {
		key  string
		list []said
	}{{"ropa.plan-effects", effects}, {"ropa.plan-holds", holds}} {
		if len(part.list) > 0 {
			fmt.Fprintln(e.Stdout, i18n.T(e.lang(), part.key))
		}
		for _, x := range part.list {
			fmt.Fprintln(e.Stdout, "  "+x.Text)
		}
	}
	return code
}

// Apply puts a file into force with the approval of two people whom the record names.
func (e Env) Apply(ctx context.Context, path, by string, approve []string) int {
	text, err := e.bytes(path)
	if err != nil {
		return e.wrong(path, err)
	}
	if _, err := ropa.Parse(text); err != nil {
		return e.wrong(path, err)
	}
	var approvers []policy.Actor
	for _, name := range approve {
		a, err := e.Actor(ctx, name)
		if err != nil {
			return e.fail(errs.Wrap(err, errs.Forbidden, "error.not-approver", "account", name))
		}
		approvers = append(approvers, a)
	}
	rev, err := e.Register.Apply(ctx, text, by, approvers)
	if err != nil {
		return e.fail(err)
	}
	if e.JSON {
		return e.print(map[string]any{"activity": rev.Activity, "revision": rev.N, "id": rev.ID, "sha256": rev.SHA256, "prev_sha256": rev.PrevSHA256, "approvals": rev.Approvals, "effective_at": rev.EffectiveAt})
	}
	fmt.Fprintln(e.Stdout, i18n.T(e.lang(), "ropa.applied", "activity", rev.Activity, "n", rev.N, "sha256", rev.SHA256))
	return 0
}

// Verify goes through the stored register; 1 where anything is not as it was approved.
func (e Env) Verify(ctx context.Context) int {
	rep, err := e.Register.Verify(ctx)
	if err != nil {
		return e.fail(err)
	}
	code := min(1, len(rep.Faults))
	if e.JSON {
		return max(code, e.print(rep))
	}
	for _, f := range rep.Faults {
		fmt.Fprintf(e.Stdout, "%s %d: %s\n", f.Activity, f.N, f.Problem)
	}
	fmt.Fprintln(e.Stdout, i18n.T(e.lang(), "ropa.verified", "activities", rep.Activities, "revisions", rep.Revisions, "faults", len(rep.Faults)))
	return code
}
