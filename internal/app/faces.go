package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"prasan/internal/blob"
	"prasan/internal/cases"
	"prasan/internal/doc/slip"
	"prasan/internal/policy"
	"prasan/internal/sites"
	"prasan/internal/web/api"
	"prasan/internal/web/kit"
	"prasan/internal/web/office"
	"prasan/internal/web/public"
)

// clientOf is how the faces learn who is at the other end.
func clientOf(r *http.Request) (addr string, tls bool) { return ClientAddr(r), IsTLS(r) }

// stage takes an attachment in before its message.
func (a *App) stage(ctx context.Context, name string, r io.Reader) (cases.Staged, error) {
	f, err := a.Blobs.Stage(ctx, name, r)
	return cases.Staged(f), err
}

func wireAPI(_ context.Context, a *App) (err error) {
	d := api.Deps{DB: a.DB, Vault: a.Vault, Accounts: a.Accounts, Org: a.Org, Agencies: a.Agencies, Sites: a.Sites, Cases: a.Cases, Register: a.Register, Notices: a.Notices, FileURL: a.OfficeFileURL, Stage: a.stage, MaxFile: blob.MaxFile, Version: a.Options.Version, More: append(a.Operations, api.NewsOperations(a.Sites, a.Now)...)}
	if a.Demo != nil {
		d.Advance = func(by time.Duration) time.Time { return a.Demo.Advance(context.Background(), by) }
	}
	a.API, err = api.New(d)
	return err
}

// wireOffice serves the office host: the API under its path, and the pages.
func wireOffice(_ context.Context, a *App) error {
	seal, err := kit.NewSealer(a.Vault.Derive("office-form"), a.Now)
	if err != nil {
		return err
	}
	face, err := office.New(office.Deps{Stage: a.stage, Seal: seal, DB: a.DB, Analytics: a.Analytics, Accounts: a.Accounts, Org: a.Org, Agencies: a.Agencies, Sites: a.Sites, Cases: a.Cases, Letters: a.Letters, Saraban: a.Saraban, Referral: a.Referral, Inbox: a.Inbox, Register: a.Register, Truth: a.Truth, Evidence: a.Evidence, Library: a.Library, Review: a.Review, Rights: a.Rights, Breach: a.Breach, Retention: a.Retention, Drills: a.Drills, Keys: a.Keys, Copies: a.CopyState, Inspection: a.Inspection, Contact: a.contact, Labels: a.labelsIn, FileURL: a.OfficeFileURL, Activities: a.activities, Client: clientOf, Now: a.Now})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle(api.Base+"/", kit.Secure(kit.Options{TLS: IsTLS}, a.API.Handler()))
	mux.Handle("/", face.Handler())
	a.Host("office", "office", mux)
	return nil
}

// wirePublic serves the sites: every host that has no handler of its own.
func wirePublic(_ context.Context, a *App) error {
	seal, err := kit.NewSealer(a.Vault.Derive("form"), a.Now)
	if err != nil {
		return err
	}
	d := a.Config.DPO
	provider, err := a.provider()
	if err != nil {
		return err
	}
	face, err := public.New(public.Services{Provider: provider,
		Site: a.Sites.Lookup, Sites: a.Sites.All, Policy: a.Register.Snapshot, Notice: a.notice, Notices: public.Notices{All: a.noticeVersions, One: a.noticeText}, Documents: public.Documents{All: a.publicDocuments, Open: a.publicDocument}, Cases: a.Cases, Rights: a.Rights, Identity: a.Identity, ProviderName: a.providerName(), Digest: a.Cases.Digest, Letter: a.Letters.Verify, Agency: a.agencyName, Seal: seal, Slip: drawSlip, News: a.news,
		Stage: a.stage,
		File:  a.OwnerFileURL, URL: a.Config.SiteURL, Client: clientOf, Now: a.Now, MaxFile: blob.MaxFile,
		DPO: func(string) (name, mail, tel string) { return d.Name, d.Email, d.Phone }, Usage: a.UsageFace,
	})
	if err != nil {
		return err
	}
	a.hosts[""] = host{"public", a.UsageFace.Wrap(face.Handler())}
	return nil
}

// news are a site's announcements; where they cannot be read the page does without.
func (a *App) news(host string) []public.News {
	list, err := a.Sites.News(context.Background(), host)
	if err != nil {
		slog.Warn("announcements", "host", host, "err", err)
	}
	out := make([]public.News, len(list))
	for i, n := range list {
		out[i] = public.News(n)
	}
	return out
}

// notice is the privacy notice of a site as its pages show it.
func (a *App) notice(ctx context.Context, site sites.Site, activity, lang string) (public.NoticeView, error) {
	n, err := a.Notices.Current(ctx, activity, site.Agency)
	if err != nil {
		return public.NoticeView{}, err
	}
	text := n.Text[lang]
	v := public.NoticeView{ID: n.ID, Version: fmt.Sprint(n.Revision), PublishedAt: n.PublishedAt, Title: text.Title}
	for _, s := range text.Sections {
		v.Sections = append(v.Sections, public.NoticeSection(s))
	}
	return v, nil
}

func drawSlip(w io.Writer, s public.Slip) error { return slip.Draw(w, slip.Slip(s)) }

func (a *App) agencyName(code string) policy.Text {
	if g, ok := a.Agencies.Get(code); ok {
		return g.Name
	}
	return policy.Text{TH: code}
}
