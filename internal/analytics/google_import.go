package analytics

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"prasan/internal/analytics/ga"
	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
)

// Formats of files from which usage of the past is read.
const (
	FormatLog      = "log"      // a web server's access log, combined format
	FormatBigQuery = "bigquery" // Google's export of events to BigQuery, a JSON object a line
	FormatCSV      = "csv"      // a report of Google Analytics 4 with a date in each line
)

// Import reads a file of the past, whatever of the three it is. Events and access logs
// are counted as if they had been collected here, on days that were not; a report is
// kept as what it is, Google's figures, beside ours.
func (s *Service) Import(ctx context.Context, account, site string, r io.Reader) (Imported, error) {
	in := bufio.NewReaderSize(r, maxLogLine)
	head, err := in.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return Imported{}, err
	}
	switch formatOf(head) {
	case FormatBigQuery:
		return s.importDays(ctx, account, site, FormatBigQuery, &lines{in, maxEventLine, readEvent})
	case FormatCSV:
		return s.importFigures(ctx, account, site, in)
	}
	return s.importDays(ctx, account, site, FormatLog, &lines{in, maxLogLine, ParseLog})
}

// formatOf tells by its beginning what a file is.
func formatOf(head []byte) string {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \r\n")
	switch first, _, _ := bytes.Cut(head, []byte("\n")); {
	case bytes.HasPrefix(head, []byte("{")):
		return FormatBigQuery
	case bytes.HasPrefix(head, []byte("#")) || !combined.Match(bytes.TrimRight(first, "\r")) && columnsOf(strings.Split(string(first), ",")).day >= 0:
		return FormatCSV
	}
	return FormatLog
}

// bigEvent is what is read of an exported event; everything else of it is passed over.
type bigEvent struct {
	Micros json.RawMessage `json:"event_timestamp"` // a number, or a number as text
	Name   string          `json:"event_name"`
	Params []struct {
		Key   string `json:"key"`
		Value struct {
			Text   *string         `json:"string_value"`
			Number json.RawMessage `json:"int_value"`
		} `json:"value"`
	} `json:"event_params"`
	Visitor string `json:"user_pseudo_id"`
	Device  struct {
		Category string `json:"category"`
		Language string `json:"language"`
		Web      struct {
			Browser string `json:"browser"`
		} `json:"web_info"`
		System string `json:"operating_system"`
	} `json:"device"`
}

// theirs are events that Google makes by itself and that are counted otherwise here.
var theirs = map[string]bool{"session_start": true, "first_visit": true}

// readEvent reads a line of the export. ok is false for what is no event of the site's
// pages; a line that is no JSON is an error, since then the file is not whole.
func readEvent(site, text string) (p Past, ok bool, err error) {
	var e bigEvent
	if !utf8.ValidString(text) || json.Unmarshal([]byte(text), &e) != nil {
		return p, false, errEventLine
	}
	micros, bad := strconv.ParseInt(strings.Trim(string(e.Micros), `"`), 10, 64)
	if bad != nil || micros <= 0 || e.Name == "" || theirs[e.Name] {
		return p, false, nil
	}
	p = Past{At: time.UnixMicro(micros), Hit: Hit{Site: site, Name: e.Name, Addr: e.Visitor, Agent: agentOf(&e), Language: e.Device.Language, Props: map[string]any{}}}
	for _, x := range e.Params {
		switch {
		case x.Key == "page_location" && x.Value.Text != nil:
			p.URL = *x.Value.Text
		case x.Key == "page_referrer" && x.Value.Text != nil:
			p.Referrer = *x.Value.Text
		case x.Value.Text != nil && len(p.Props) < maxProps:
			p.Props[x.Key] = *x.Value.Text
		case len(x.Value.Number) > 0 && len(p.Props) < maxProps:
			p.Props[x.Key] = strings.Trim(string(x.Value.Number), `"`)
		}
	}
	u, bad := url.Parse(p.URL)
	if bad != nil || hostOf(u) != site && hostOf(u) != "www."+site {
		return p, false, nil
	}
	u.Scheme, u.Host = "https", site
	p.URL = u.String()
	return p, true, nil
}

var errEventLine = errors.New("no event")

// agentOf is a user agent that is classified as what Google found: of the visitor's own
// nothing is in the export.
func agentOf(e *bigEvent) string {
	browser := map[string]string{"Chrome": "Chrome/1", "Safari": "Version/1 Safari/1", "Firefox": "Firefox/1", "Edge": "Edg/1", "Samsung Internet": "SamsungBrowser/1", "Opera": "OPR/1", "Android Webview": "Chrome/1"}[e.Device.Web.Browser]
	system := map[string]string{"Windows": "Windows", "iOS": "iPhone", "Android": "Android", "Macintosh": "Macintosh", "Linux": "X11; Linux", "Chrome OS": "CrOS"}[e.Device.System]
	form := map[string]string{"mobile": " Mobile", "tablet": " Tablet"}[e.Device.Category]
	return "Mozilla/5.0 (" + system + ")" + " " + browser + form
}

// figureColumns are where a report has what; -1 where it has it not.
type figureColumns struct{ day, page, views, users, sessions int }

// columnNames are how Google calls them, in English and in Thai.
var columnNames = map[string]string{
	"date": "day", "วันที่": "day", "page path": "page", "page path and screen class": "page", "pagepath": "page", "เส้นทางหน้าเว็บ": "page", "เส้นทางหน้าและคลาสหน้าจอ": "page",
	"views": "views", "screenpageviews": "views", "การดู": "views", "จำนวนการดู": "views", "active users": "users", "total users": "users", "users": "users", "activeusers": "users", "ผู้ใช้ที่ใช้งานอยู่": "users", "ผู้ใช้": "users", "sessions": "sessions", "เซสชัน": "sessions",
}

func columnsOf(head []string) figureColumns {
	c := figureColumns{-1, -1, -1, -1, -1}
	for i, name := range head {
		into := map[string]*int{"day": &c.day, "page": &c.page, "views": &c.views, "users": &c.users, "sessions": &c.sessions}[columnNames[strings.ToLower(strings.Trim(strings.TrimPrefix(name, "\ufeff"), " \t\r\""))]]
		if into != nil && *into < 0 {
			*into = i
		}
	}
	return c
}

const (
	maxFigureLines = 500_000
	maxFigure      = 1 << 40 // of anything in a day
)

// importFigures keeps a report of Google's as Google's. What the Data API has reported
// of a day is left alone; the file is taken whole, or not at all.
func (s *Service) importFigures(ctx context.Context, account, site string, r io.Reader) (out Imported, err error) {
	if !s.isOurs(site) {
		return out, errs.InvalidField("site", "analytics.error-site", "host", site)
	}
	out.Format, out.Skipped = FormatCSV, []string{}
	rows, dim, err := readFigures(r, &out)
	if err != nil {
		return out, err
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		out.Stored = 0
		kept := rows[:0:0]
		reported := map[int64]bool{}
		err := tx.Each(`SELECT DISTINCT day FROM google_figures WHERE host = $1 AND dim = $2 AND origin = 'report'`, []any{site, dim}, func(rows rowScanner) error {
			var day int64
			err := rows.Scan(&day)
			reported[day] = true
			return err
		})
		if err != nil {
			return err
		}
		skipped := map[int64]bool{}
		for _, x := range rows {
			if day := x.Day.Unix() / 86400; !reported[day] {
				kept = append(kept, x)
			} else if !skipped[day] {
				skipped[day] = true
				out.Skipped = append(out.Skipped, ISO(day))
			}
		}
		out.Stored = len(kept)
		if err := putFigures(tx, site, dim, "import", kept); err != nil {
			return err
		}
		return s.imported(tx, account, site, &out)
	})
	return out, err
}

func (s *Service) imported(tx *db.Tx, account, site string, i *Imported) error {
	return s.Audit.Append(tx, audit.Event{Actor: account, Action: "usage.import", Object: "usage:" + site, Body: map[string]any{"format": i.Format, "lines": i.Lines, "stored": i.Stored, "skipped": len(i.Skipped)}})
}

// readFigures reads the table of a report: comments before it, a head, lines, and what
// Google writes under it (totals, further tables), where it ends.
func readFigures(r io.Reader, out *Imported) (rows []ga.Row, dim string, err error) {
	wrong := func() error { return errs.New(errs.Invalid, "analytics.error-report-file", "line", out.Lines) }
	in := csv.NewReader(r)
	in.Comment, in.FieldsPerRecord, in.LazyQuotes = '#', -1, false
	var c figureColumns
	width := 0
	for {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var broken *csv.ParseError
		if errors.As(err, &broken) {
			out.Lines = broken.Line
		}
		if err != nil {
			return nil, "", wrong()
		}
		if out.Lines, _ = in.FieldPos(0); out.Lines > maxFigureLines {
			return nil, "", wrong()
		}
		if width == 0 {
			if c = columnsOf(record); c.day < 0 || c.views < 0 && c.users < 0 && c.sessions < 0 {
				return nil, "", wrong()
			}
			width = len(record)
			continue
		}
		if len(record) != width || strings.TrimSpace(record[c.day]) == "" { // a total, or the next table
			out.Ignored++
			continue
		}
		x, ok := figureOf(record, c)
		if !ok {
			return nil, "", wrong()
		}
		rows = append(rows, x)
	}
	if width == 0 {
		return nil, "", wrong()
	}
	if dim = "day"; c.page >= 0 {
		dim = "page"
	}
	return rows, dim, nil
}

func figureOf(record []string, c figureColumns) (x ga.Row, ok bool) {
	for _, f := range record {
		if !utf8.ValidString(f) {
			return x, false
		}
	}
	text := strings.TrimSpace(record[c.day])
	var err error
	if x.Day, err = time.Parse("20060102", text); err != nil {
		if x.Day, err = time.Parse(time.DateOnly, text); err != nil {
			return x, false
		}
	}
	if x.Day.Year() < 2005 || x.Day.Year() > 2199 { // before there was a Google Analytics
		return x, false
	}
	if c.page >= 0 {
		x.Term = record[c.page]
	}
	for i, into := range map[int]*int64{c.views: &x.Views, c.users: &x.Users, c.sessions: &x.Sessions} {
		if i < 0 {
			continue
		}
		if *into, err = strconv.ParseInt(strings.ReplaceAll(strings.TrimSpace(record[i]), ",", ""), 10, 64); err != nil || *into < 0 || *into > maxFigure {
			return x, false
		}
	}
	return x, true
}
