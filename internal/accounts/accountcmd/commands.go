// Package accountcmd has the commands of the binary about accounts, tokens and sites:
// plain functions that print and return an exit code: 0 done, 1 refused, 2 used wrongly.
package accountcmd

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/mattn/go-runewidth"

	"prasan/internal/accounts"
	"prasan/internal/errs"
	"prasan/internal/i18n"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/sites"
)

// Env is what the commands work with.
type Env struct {
	Stdout, Stderr io.Writer
	JSON           bool
	Lang           string // of errors; "" is English
	Accounts       *accounts.Service
	Agencies       *org.Directory
	Sites          *sites.Store
}

// TokenCreate makes a token of an account and prints it, this once.
func (e Env) TokenCreate(ctx context.Context, account, label string) int {
	t, text, err := e.Accounts.CreateToken(ctx, accounts.Console, account, label)
	if err != nil {
		return e.fail(err, "account", account)
	}
	return e.print(map[string]any{"id": t.ID, "account": t.Account, "label": t.Label, "token": text}, text)
}

// AccountAdd makes an account and prints its one-time password.
func (e Env) AccountAdd(ctx context.Context, a accounts.Account) int {
	a, password, err := e.Accounts.Add(ctx, accounts.Console, a)
	if err != nil {
		return e.fail(err, "account", a.Name)
	}
	return e.oneTime(a.Name, password)
}

// AccountReset prints a new one-time password for who has lost his.
func (e Env) AccountReset(ctx context.Context, name string) int {
	password, err := e.Accounts.Reset(ctx, accounts.Console, name)
	if err != nil {
		return e.fail(err, "account", name)
	}
	return e.oneTime(name, password)
}

func (e Env) oneTime(name, password string) int {
	return e.print(map[string]any{"account": name, "one_time_password": password},
		"account: "+name, "one-time password: "+password, i18n.T(e.lang(), "people.cli-one-time"))
}

// AccountDisable keeps an account from everything.
func (e Env) AccountDisable(ctx context.Context, name string) int {
	if err := e.Accounts.Disable(ctx, accounts.Console, name); err != nil {
		return e.fail(err, "account", name)
	}
	return e.print(map[string]any{"account": name, "disabled": true}, "account: "+name, "disabled: true")
}

// SiteAdd adds a site of an agency.
func (e Env) SiteAdd(ctx context.Context, host, agency, accent string) int {
	a, ok := e.Agencies.Get(agency)
	if !ok {
		return e.fail(errs.InvalidField("agency", "error.agency-unknown"), "agency", agency)
	}
	s, err := e.Sites.Add(ctx, accounts.Console, host, a, accent)
	if err != nil {
		return e.fail(err, "host", host)
	}
	return e.print(s, "site: "+s.Host, "agency: "+s.Agency)
}

// SiteList prints the sites.
func (e Env) SiteList() int {
	all := e.Sites.All()
	if e.JSON {
		return e.print(all)
	}
	width := [2]int{}
	for _, s := range all {
		width[0], width[1] = max(width[0], runewidth.StringWidth(s.Host)), max(width[1], runewidth.StringWidth(s.Agency))
	}
	for _, s := range all {
		fmt.Fprintf(e.Stdout, "%s  %s  %s\n", runewidth.FillRight(s.Host, width[0]), runewidth.FillRight(s.Agency, width[1]), s.Name.In(e.lang()))
	}
	return 0
}

func (e Env) lang() string {
	if e.Lang == "" {
		return "en"
	}
	return e.Lang
}

func (e Env) print(value any, lines ...string) int {
	if !e.JSON {
		fmt.Fprintln(e.Stdout, strings.Join(lines, "\n"))
		return 0
	}
	enc := json.NewEncoder(e.Stdout)
	enc.SetIndent("", "  ")
	if err := enc.Encode(value); err != nil {
		return e.fail(err, "", "")
	}
	return 0
}

// fail says in one line what is wrong with what.
func (e Env) fail(err error, what, name string) int {
	x := errs.As(err)
	text := i18n.T(e.lang(), x.Key, x.Args...)
	if x.Kind == errs.NotFound {
		text = i18n.T(e.lang(), "people.cli-unknown", "what", what, "name", name)
	}
	for _, f := range x.Fields {
		text += " " + f.Name + ": " + i18n.T(e.lang(), f.Key, f.Args...)
	}
	fmt.Fprintln(e.Stderr, "prasan: "+text)
	if x.Kind == errs.Invalid {
		return 2
	}
	return 1
}

// Person makes an account from what the command line gives; roles are separated by commas.
func Person(name, th, en, email, agency, roles string) accounts.Account {
	return accounts.Account{Name: name, Display: policy.Text{TH: th, EN: en}, Email: email, Agency: agency, Roles: strings.FieldsFunc(roles, func(r rune) bool { return r == ',' || r == ' ' })}
}
