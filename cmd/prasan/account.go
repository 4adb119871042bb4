package main

import (
	"prasan/internal/accounts/accountcmd"
	"prasan/internal/app"
	"prasan/internal/config"
)

// people runs a command about accounts, tokens or sites on an open installation.
func (p *program) people(c config.Store, json bool, do func(e accountcmd.Env) int) error {
	a, err := p.open(c, app.Use)
	if err != nil {
		return err
	}
	defer a.Close()
	code := do(accountcmd.Env{Stdout: p.std.out, Stderr: p.std.err, JSON: json, Lang: p.lang, Accounts: a.Accounts, Agencies: a.Agencies, Sites: a.Sites})
	if code != 0 {
		return exit(code)
	}
	return nil
}

type accountCmd struct {
	Add     accountAddCmd     `cmd:"" help:"Make an account and print its one-time password."`
	Disable accountDisableCmd `cmd:"" help:"Keep an account from everything; sessions and tokens end at once."`
	Reset   accountResetCmd   `cmd:"" help:"Print a new one-time password for who lost his password or authenticator."`
}

type accountAddCmd struct {
	config.Store
	Name    string `required:"" help:"Name with which the person signs in." placeholder:"NAME"`
	Display string `required:"" help:"Name of the person, in Thai." placeholder:"NAME"`
	English string `help:"Name of the person, in English. Default: as in Thai." placeholder:"NAME"`
	Email   string `help:"Address for the daily digest." placeholder:"ADDRESS"`
	Agency  string `required:"" help:"Code of the agency, such as ops, ict or rayong." placeholder:"CODE"`
	Role    string `required:"" help:"Roles, separated by commas: officer, registrar, head, dpo, ict, auditor, admin." placeholder:"ROLES"`
	JSON    bool   `help:"Print JSON."`
}

func (accountAddCmd) Help() string {
	return example("prasan account add --name somsri --display 'สมศรี ตัวอย่าง' --agency ops --role admin", "prasan account add --name rayong.1 --display 'เจ้าหน้าที่ ตัวอย่าง' --agency rayong --role officer,registrar")
}

func (c accountAddCmd) Run(p *program) error {
	return p.people(c.Store, c.JSON, func(e accountcmd.Env) int {
		return e.AccountAdd(p.ctx, accountcmd.Person(c.Name, c.Display, c.English, c.Email, c.Agency, c.Role))
	})
}

type accountDisableCmd struct {
	config.Store
	Name string `arg:"" help:"Name of the account."`
	JSON bool   `help:"Print JSON."`
}

func (accountDisableCmd) Help() string { return example("prasan account disable somsri") }

func (c accountDisableCmd) Run(p *program) error {
	return p.people(c.Store, c.JSON, func(e accountcmd.Env) int { return e.AccountDisable(p.ctx, c.Name) })
}

type accountResetCmd struct {
	config.Store
	Name string `arg:"" help:"Name of the account."`
	JSON bool   `help:"Print JSON."`
}

func (accountResetCmd) Help() string { return example("prasan account reset somsri") }

func (c accountResetCmd) Run(p *program) error {
	return p.people(c.Store, c.JSON, func(e accountcmd.Env) int { return e.AccountReset(p.ctx, c.Name) })
}

type tokenCmd struct {
	Create tokenCreateCmd `cmd:"" help:"Make a token of an account and print it, this once."`
}

type tokenCreateCmd struct {
	config.Store
	Account string `required:"" help:"Account whose rights the token has." placeholder:"NAME"`
	Label   string `required:"" help:"What it is for, as its list shows it." placeholder:"L"`
	JSON    bool   `help:"Print JSON."`
}

func (tokenCreateCmd) Help() string {
	return example("prasan token create --account somsri --label 'monthly report'")
}

func (c tokenCreateCmd) Run(p *program) error {
	return p.people(c.Store, c.JSON, func(e accountcmd.Env) int { return e.TokenCreate(p.ctx, c.Account, c.Label) })
}

type siteCmd struct {
	Add  siteAddCmd  `cmd:"" help:"Have a host name speak for an agency."`
	List siteListCmd `cmd:"" help:"List the sites."`
}

type siteAddCmd struct {
	config.Store
	Host   string `arg:"" help:"Host name of the site."`
	Agency string `required:"" help:"Code of the agency that answers." placeholder:"CODE"`
	Accent string `help:"Accent of the site's pages." placeholder:"NAME"`
	JSON   bool   `help:"Print JSON."`
}

func (siteAddCmd) Help() string {
	return example("prasan site add rayong.industry.go.th --agency rayong --accent green")
}

func (c siteAddCmd) Run(p *program) error {
	return p.people(c.Store, c.JSON, func(e accountcmd.Env) int { return e.SiteAdd(p.ctx, c.Host, c.Agency, c.Accent) })
}

type siteListCmd struct {
	config.Store
	JSON bool `help:"Print JSON."`
}

func (siteListCmd) Help() string { return example("prasan site list --json") }

func (c siteListCmd) Run(p *program) error {
	return p.people(c.Store, c.JSON, func(e accountcmd.Env) int { return e.SiteList() })
}
