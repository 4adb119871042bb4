package api

import (
	"time"

	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/sites"
)

// AnnouncementBody is an announcement as it is written.
type AnnouncementBody struct {
	Site  string     `json:"site" doc:"Host; * for all sites."`
	State string     `json:"state" enum:"draft,published"`
	From  time.Time  `json:"from" doc:"When it is shown."`
	Until *time.Time `json:"until,omitempty" doc:"When it is shown no more; without end if absent."`
	Title Text       `json:"title"`
	Text  Text       `json:"text"`
}

// Announcement is one with what became of it.
type Announcement struct {
	ID string `json:"id"`
	AnnouncementBody
	Shown     bool      `json:"shown" doc:"Visitors see it now."`
	Version   int64     `json:"version"`
	By        string    `json:"by,omitempty"`
	ChangedAt time.Time `json:"changed_at"`
}

type announcementChange struct {
	Version int64 `json:"version" doc:"That was read; a change of another one is refused."`
	AnnouncementBody
}

func announcementOf(a *sites.Announcement, now time.Time) Announcement {
	return Announcement{a.ID, AnnouncementBody{a.Host, a.State, a.At, optional(a.Until), textOf(a.Title), textOf(a.Text)}, a.Shown(now), a.Version, a.By, a.ChangedAt}
}

func (b *AnnouncementBody) announcement() sites.Announcement {
	a := sites.Announcement{Host: b.Site, State: b.State, News: sites.News{At: b.From, Title: policy.Text(b.Title), Text: policy.Text(b.Text)}}
	if b.Until != nil {
		a.Until = *b.Until
	}
	return a
}

// NewsOperations: announcements of the sites.
func NewsOperations(s *sites.Store, now func() time.Time) []Operation {
	op := func(id, path, summary string) Operation {
		return Operation{ID: id, Path: "/announcements" + path, Tag: "sites", Summary: summary, Action: sites.ActionNews}
	}
	made := op("writeAnnouncement", "", "Write an announcement: a draft, or published.")
	made.Creates = true
	return []Operation{
		Get(op("listAnnouncements", "", "Announcements that the caller may work on, the newest first."), func(c *Call) (Page[Announcement], error) {
			list, err := s.Announcements(c.Request.Context(), c.Actor)
			return whole(list, err, func(a sites.Announcement) Announcement { return announcementOf(&a, now()) })
		}),
		Do(made, func(c *Call, in AnnouncementBody) (Announcement, error) {
			a, err := s.Announce(c.Request.Context(), c.Actor, in.announcement())
			c.Location = "/announcements/" + a.ID
			return announcementOf(&a, now()), err
		}),
		Get(op("getAnnouncement", "/{id}", "An announcement."), func(c *Call) (Announcement, error) {
			a, err := s.Announcement(c.Request.Context(), c.Actor, c.Path("id"))
			return announcementOf(&a, now()), err
		}),
		Do(op("changeAnnouncement", "/{id}", "Change an announcement: its words, its time, its state."), func(c *Call, in announcementChange) (Announcement, error) {
			a := in.announcement()
			if a.ID, a.Version = c.Path("id"), in.Version; a.ID == "" {
				return Announcement{}, errs.New(errs.NotFound, "error.not-found")
			}
			a, err := s.Announce(c.Request.Context(), c.Actor, a)
			return announcementOf(&a, now()), err
		}),
	}
}
