package analytics

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
)

// Imported tells what became of an access log.
type Imported struct {
	Lines   int      `json:"lines"`
	Stored  int      `json:"stored"`
	Ignored int      `json:"ignored"` // no page, no success, or no line of a log
	Skipped []string `json:"skipped"` // days on which the site was counted already
}

const (
	maxLogLine = 64 << 10
	maxLogDay  = 1_000_000 // hits of one day
)

// combined is a line of an access log in the combined format.
var combined = regexp.MustCompile(`^(\S+) \S+ \S+ \[([^\]]+)\] "(GET|HEAD|POST) (\S+) [^"]*" (\d{3}) \S+ "([^"]*)" "([^"]*)"`)

// assetPath is what is no page.
var assetPath = regexp.MustCompile(`(?i)\.(css|js|mjs|map|png|jpe?g|gif|svg|ico|webp|avif|woff2?|ttf|eot|xml|txt|json)$`)

// ParseLog reads a line; ok is false where it is no page that somebody opened.
func ParseLog(site, line string) (p Past, ok bool) {
	m := combined.FindStringSubmatch(line)
	if m == nil || m[3] != "GET" {
		return p, false
	}
	at, err := time.Parse("02/Jan/2006:15:04:05 -0700", m[2])
	u, bad := url.ParseRequestURI(m[4])
	if err != nil || bad != nil || !strings.HasPrefix(m[4], "/") || assetPath.MatchString(u.Path) {
		return p, false
	}
	p = Past{At: at, Hit: Hit{Site: site, URL: "https://" + site + m[4], Referrer: strings.TrimSuffix(m[6], "-"), Addr: m[1], Agent: m[7]}}
	switch status, _ := strconv.Atoi(m[5]); status { // three digits
	case 200, 304:
		return p, true
	case 404, 410:
		p.Name = NotFound
		return p, true
	}
	return p, false
}

// ImportLog counts the pages of an access log, day by day, for a site whose usage was
// not counted then. A day that was counted is left alone, so that a log that is given
// twice counts once. Addresses and agents are used to tell visitors apart within the
// day, and are not kept.
func (s *Service) ImportLog(ctx context.Context, account, site string, r io.Reader) (out Imported, err error) {
	if !s.isOurs(site) {
		return out, errs.InvalidField("site", "analytics.error-site", "host", site)
	}
	out.Skipped = []string{}
	var day int64
	var past []Past
	flush := func() error {
		if len(past) == 0 {
			return nil
		}
		counted, err := s.counted(ctx, site, day)
		if err != nil {
			return err
		}
		if counted {
			out.Skipped = append(out.Skipped, ISO(day))
		} else {
			n, err := s.Backfill(ctx, day, past)
			if err != nil {
				return err
			}
			out.Stored += n
		}
		past = past[:0]
		return nil
	}
	lines := bufio.NewReaderSize(r, maxLogLine)
	for {
		text, prefix, err := lines.ReadLine()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return out, err
		}
		out.Lines++
		if prefix {
			return out, errs.New(errs.Invalid, "analytics.error-log", "line", out.Lines)
		}
		p, ok := ParseLog(site, string(text))
		if !ok {
			out.Ignored++
			continue
		}
		if d := DayOf(p.At); d != day {
			if err := flush(); err != nil {
				return out, err
			}
			day = d
		}
		if past = append(past, p); len(past) > maxLogDay {
			return out, errs.New(errs.TooLarge, "analytics.error-log", "line", out.Lines)
		}
	}
	if err := flush(); err != nil {
		return out, err
	}
	return out, s.DB.InTx(ctx, func(tx *db.Tx) error {
		return s.Audit.Append(tx, audit.Event{Actor: account, Action: "usage.import", Object: "usage:" + site, Body: map[string]any{"lines": out.Lines, "stored": out.Stored, "skipped": len(out.Skipped)}})
	})
}

func (s *Service) counted(ctx context.Context, site string, day int64) (bool, error) {
	var n int64
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM usage_daily d JOIN usage_terms t ON t.id = d.site WHERE t.text = $1 AND d.dim IN (0, 7, 14) AND d.day = $2`, []any{site, day}, &n)
	})
	return n > 0, err
}

// String says an import in one sentence.
func (i Imported) String() string {
	return fmt.Sprintf("%d lines: %d hits stored, %d lines ignored, %d days left alone because they were counted already", i.Lines, i.Stored, i.Ignored, len(i.Skipped))
}
