package analytics

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
)

// Imported tells what became of a file of the past.
type Imported struct {
	Format  string   `json:"format"`
	Lines   int      `json:"lines"`
	Stored  int      `json:"stored"`
	Ignored int      `json:"ignored"` // no page, no success, or no line of a log
	Skipped []string `json:"skipped"` // days on which the site was counted already
}

const (
	maxLogLine   = 64 << 10
	maxEventLine = 1 << 20   // of an export, which holds a whole event
	maxLogDay    = 1_000_000 // hits of one day
)

// combined is a line of an access log in the combined format.
var combined = regexp.MustCompile(`^(\S+) \S+ \S+ \[([^\]]+)\] "(GET|HEAD|POST) (\S+) [^"]*" (\d{3}) \S+ "([^"]*)" "([^"]*)"`)

// assetPath is what is no page.
var assetPath = regexp.MustCompile(`(?i)\.(css|js|mjs|map|png|jpe?g|gif|svg|ico|webp|avif|woff2?|ttf|eot|xml|txt|json)$`)

// ParseLog reads a line; ok is false where it is no page that somebody opened. A line
// that is none is passed over.
func ParseLog(site, line string) (p Past, ok bool, err error) {
	m := combined.FindStringSubmatch(line)
	if m == nil || m[3] != "GET" {
		return p, false, nil
	}
	at, broken := time.Parse("02/Jan/2006:15:04:05 -0700", m[2])
	u, bad := url.ParseRequestURI(m[4])
	if broken != nil || bad != nil || !strings.HasPrefix(m[4], "/") || assetPath.MatchString(u.Path) {
		return p, false, nil
	}
	p = Past{At: at, Hit: Hit{Site: site, URL: "https://" + site + m[4], Referrer: strings.TrimSuffix(m[6], "-"), Addr: m[1], Agent: m[7]}}
	switch status, _ := strconv.Atoi(m[5]); status { // three digits
	case 200, 304:
		return p, true, nil
	case 404, 410:
		p.Name = NotFound
		return p, true, nil
	}
	return p, false, nil
}

// lines are the lines of a file of the past, each read as one of a kind.
type lines struct {
	in   *bufio.Reader
	max  int // bytes of a line
	read func(site, line string) (p Past, ok bool, err error)
}

// next is the next line; whole is false for one that is too long.
func (l *lines) next() (text string, whole bool, err error) {
	var b []byte
	for {
		part, more, err := l.in.ReadLine()
		if err != nil {
			return "", true, err
		}
		if b = append(b, part...); len(b) > l.max {
			return "", false, nil
		}
		if !more {
			return string(b), true, nil
		}
	}
}

// importDays counts the hits of a file, day by day, for a site whose usage was not
// counted then. A day that was counted is left alone, so that a file that is given
// twice counts once. Addresses, agents and ids are used to tell visitors apart within
// the day, and are not kept.
func (s *Service) importDays(ctx context.Context, account, site, format string, in *lines) (out Imported, err error) {
	if !s.isOurs(site) {
		return out, errs.InvalidField("site", "analytics.error-site", "host", site)
	}
	out.Format, out.Skipped = format, []string{}
	b := book{s: s, ctx: ctx, site: site, out: &out, open: map[int64][]Past{}, closed: map[int64]bool{}}
	for {
		text, whole, err := in.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return out, err
		}
		out.Lines++
		if !whole {
			return out, errs.New(errs.Invalid, "analytics.error-log", "line", out.Lines)
		}
		if strings.TrimSpace(text) == "" {
			continue
		}
		p, ok, err := in.read(site, text)
		if err != nil {
			return out, errs.New(errs.Invalid, "analytics.error-report-file", "line", out.Lines)
		}
		if !ok {
			out.Ignored++
			continue
		}
		if err := b.add(p); err != nil {
			return out, err
		}
	}
	if err := b.flush(0); err != nil {
		return out, err
	}
	return out, s.DB.InTx(ctx, func(tx *db.Tx) error { return s.imported(tx, account, site, &out) })
}

// book gathers the hits of a few days, since files are not quite in order, and days of
// other time zones overlap ours.
type book struct {
	s      *Service
	ctx    context.Context
	site   string
	out    *Imported
	open   map[int64][]Past
	closed map[int64]bool
}

const openDays = 3

func (b *book) add(p Past) error {
	day := DayOf(p.At)
	if b.closed[day] { // far out of order
		b.out.Ignored++
		return nil
	}
	b.open[day] = append(b.open[day], p)
	if len(b.open[day]) > maxLogDay {
		return errs.New(errs.TooLarge, "analytics.error-log", "line", b.out.Lines)
	}
	if len(b.open) > openDays {
		return b.flush(openDays)
	}
	return nil
}

// flush counts the earliest days until so many are open.
func (b *book) flush(left int) error {
	days := slices.Sorted(maps.Keys(b.open))
	for len(days) > left {
		day := days[0]
		days = days[1:]
		counted, err := b.s.counted(b.ctx, b.site, day)
		if err != nil {
			return err
		}
		if counted {
			b.out.Skipped = append(b.out.Skipped, ISO(day))
		} else {
			n, err := b.s.Backfill(b.ctx, day, b.open[day])
			if err != nil {
				return err
			}
			b.out.Stored += n
		}
		b.closed[day] = true
		delete(b.open, day)
	}
	return nil
}

func (s *Service) counted(ctx context.Context, site string, day int64) (bool, error) {
	var n int64
	err := s.read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM usage_daily d JOIN usage_terms t ON t.id = d.site WHERE t.text = $1 AND d.dim IN (0, 7, 14) AND d.day = $2`, []any{site, day}, &n)
	})
	return n > 0, err
}

// String says an import in one sentence.
func (i Imported) String() string {
	if i.Format == FormatCSV {
		return fmt.Sprintf("%d lines: %d figures of Google's kept beside ours, %d lines ignored, %d days left alone because Google has reported them", i.Lines, i.Stored, i.Ignored, len(i.Skipped))
	}
	return fmt.Sprintf("%d lines: %d hits stored, %d lines ignored, %d days left alone because they were counted already", i.Lines, i.Stored, i.Ignored, len(i.Skipped))
}
