package app

import (
	"context"
	"fmt"

	"prasan/internal/errs"
	"prasan/internal/notices"
	"prasan/internal/sites"
	"prasan/internal/web/public"
)

// noticeVersions are all notices of a site's agency, newest first.
func (a *App) noticeVersions(ctx context.Context, site sites.Site) ([]public.NoticeVersion, error) {
	list, err := a.Notices.Versions(ctx, site.Agency)
	out := make([]public.NoticeVersion, len(list))
	for i, n := range list {
		out[i] = versionOf(n)
	}
	return out, err
}

func versionOf(n notices.Version) public.NoticeVersion {
	return public.NoticeVersion{NoticeView: public.NoticeView{ID: n.ID, Version: fmt.Sprint(n.Revision), PublishedAt: n.PublishedAt}, Kind: n.Kind}
}

// noticeText is one of them word for word; that of another agency is not found here.
func (a *App) noticeText(ctx context.Context, site sites.Site, id, lang string) (public.NoticeText, error) {
	list, err := a.Notices.Versions(ctx, site.Agency)
	if err != nil {
		return public.NoticeText{}, err
	}
	for _, n := range list {
		if n.ID != id {
			continue
		}
		th, en, _, err := a.Notices.Texts(ctx, id)
		if lang == "en" {
			th = en
		}
		return public.NoticeText{NoticeVersion: versionOf(n), Text: th}, err
	}
	return public.NoticeText{}, errs.New(errs.NotFound, "error.not-found")
}
