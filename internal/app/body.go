package app

import (
	"context"
	"log/slog"

	"prasan/internal/accounts"
	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/notices"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/sites"
)

// installed is the note that the first data is there, whole: it holds the base domain.
const installed = "installed"

// wireInstallation gives a new installation its first data: the agencies and sites of
// the body under the base domain, and the first revisions of the record. Each step may
// be done again: after a crash on the way it is done from the beginning.
func wireInstallation(ctx context.Context, a *App) error {
	base, err := a.Setting(ctx, installed)
	if err != nil {
		return err
	}
	switch {
	case a.Options.Mode == Use && base != "":
		a.Config.BaseDomain = base // a command need not be told again
		return nil
	case base != "" && base != a.Config.BaseDomain:
		slog.Warn("the sites of this installation lie under another domain; add new ones with 'prasan site add'", "installed", base, "base-domain", a.Config.BaseDomain)
		return nil
	case base != "" || a.Options.Mode == Use:
		return nil
	}
	revisions, _, err := a.revisions()
	if err != nil {
		return err
	}
	defer a.opening()()
	if err := a.DB.InTx(ctx, a.putBody); err != nil {
		return err
	}
	if err := a.Register.Begin(ctx, revisions); err != nil {
		return err
	}
	return a.SetSetting(ctx, installed, a.Config.BaseDomain)
}

func (a *App) putBody(tx *db.Tx) error {
	bodies := org.Bodies(a.Config.BaseDomain)
	list := sites.ForAgencies(a.Config.BaseDomain, bodies)
	if err := org.Put(tx, bodies); err != nil {
		return err
	}
	if err := sites.Put(tx, list); err != nil {
		return err
	}
	return a.Audit.Append(tx, audit.Event{Actor: "installation", Action: "installation.body", Object: "installation", Body: map[string]any{"base": a.Config.BaseDomain, "agencies": len(bodies), "sites": len(list)}})
}

// wireBody opens the agencies, sites and accounts, and the notices that name them.
func wireBody(ctx context.Context, a *App) (err error) {
	if a.Agencies, err = org.NewDirectory(ctx, a.DB); err != nil {
		return err
	}
	if a.Sites, err = sites.Open(ctx, a.DB, a.Audit); err != nil {
		return err
	}
	a.Org = &org.Service{DB: a.DB, Audit: a.Audit, Agencies: a.Agencies, Record: a.Register.Snapshot}
	a.Accounts = accounts.New(accounts.Deps{DB: a.DB, Audit: a.Audit, Vault: a.Vault, Limits: a.Limits, Agencies: a.Agencies, Issuer: "Prasan " + a.Config.BaseDomain})
	a.Notices = notices.New(a.DB, a.Register.Snapshot, a.contact)
	return nil
}

// contact is how an agency and the data protection officer are reached.
func (a *App) contact(agency string) notices.Contact {
	x, _ := a.Agencies.Get(agency)
	d := a.Config.DPO
	return notices.Contact{Agency: x.Name, Address: x.Address, Phone: x.Phone, Email: x.Email, DPO: d.Name, DPOEmail: d.Email, DPOPhone: d.Phone}
}

// agency is what the work needs to know of one.
func (a *App) agency(code string) (name policy.Text, parent string, ok bool) {
	x, ok := a.Agencies.Get(code)
	return x.Name, x.Parent, ok
}
