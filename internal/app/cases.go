package app

import (
	"context"
	"time"

	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/truth"
)

const day = 24 * time.Hour

func wireCases(_ context.Context, a *App) error {
	t := a.Config.Terms
	c := cases.Config{ReplyWithin: time.Duration(t.ReplyDays) * day, AskWithin: time.Duration(t.AskDays) * day, ReopenWithin: time.Duration(t.ReopenDays) * day, MinFormAge: t.FormMin, LinkLifetime: time.Duration(t.LinkHours) * time.Hour, PerHour: t.PerHour, SiteURL: a.Config.SiteURL}
	var err error
	if c.Opens, c.Closes, err = t.Hours(); err != nil {
		return err
	}
	if a.Limits.Off() {
		c.MinFormAge = 0
	}
	a.Cases = cases.New(cases.Deps{DB: a.DB, Vault: a.Vault, Processing: a.Processing, Audit: a.Audit, Jobs: a.Jobs, Mail: a.Mail, Limits: a.Limits,
		Record: a.Register.Snapshot, Notice: a.noticeID, Site: a.agencyOfSite, Agency: a.agency, SameController: a.sameController, Files: a.Blobs, Now: a.Now, Config: c, Texts: a.countText})
	a.Cases.Register()
	return nil
}

// countText counts what people write into free text, for the truth.
func (a *App) countText(tx *db.Tx, field, text string) error {
	return truth.CountText(tx, a.Config.Node, field, text)
}

func (a *App) noticeID(agency string) (string, error) {
	n, err := a.Notices.Current(context.Background(), cases.Activity, agency)
	if err != nil {
		return "", err
	}
	return n.ID, nil
}

func (a *App) sameController(code string) bool {
	x, ok := a.Agencies.Get(code)
	return ok && x.SameController()
}

func (a *App) agencyOfSite(host string) (string, bool) {
	s, ok := a.Sites.Lookup(host)
	return s.Agency, ok
}
