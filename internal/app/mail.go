package app

import (
	"context"
	"net"

	"prasan/internal/mail"
)

// wireMail sets the post up: through the relay of the settings, or into the demo's sink.
func wireMail(_ context.Context, a *App) error {
	setup := mail.Setup
	if a.Demo != nil {
		setup = a.Demo.mail
	}
	relay, dkim, err := setup(a.Config.Mail)
	if err != nil {
		return err
	}
	if dial := relay.Dial; dial != nil {
		relay.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			if err := a.gate("smtp")(ctx); err != nil {
				return nil, err
			}
			return dial(ctx, network, addr)
		}
	}
	a.Mail = mail.New(mail.Deps{DB: a.DB, Vault: a.Vault, Processing: a.Processing, Audit: a.Audit, Jobs: a.Jobs, Limits: a.Limits, Now: a.Now, Config: mail.Config{
		Domain: a.Config.Mail.Domain, Mailbox: a.mailbox(), Relay: relay, DKIM: dkim, Sender: a.sender, SiteURL: a.Config.SiteURL,
		OfficeURL: a.URL("office") + "/th/sign-in", LinkHours: a.Config.Terms.LinkHours,
	}})
	a.Mail.Register()
	a.OnStart(a.Mail.Resume)
	return nil
}

// mailbox is where answers are asked to: the one that is read, if one is.
func (a *App) mailbox() string {
	if a.Config.IMAP.URL == "" {
		return ""
	}
	return a.Config.IMAP.Address
}

// sender is in whose name mail of an agency is sent.
func (a *App) sender(agency, _ string) mail.Sender {
	x, _ := a.Agencies.Get(agency)
	return mail.Sender{Name: x.Name, Email: x.Email}
}
