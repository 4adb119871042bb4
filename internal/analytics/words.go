package analytics

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"prasan/internal/geo"
	"prasan/internal/i18n"
	"prasan/internal/thai"
)

// DateOf is a day as people read it.
func DateOf(day int64, lang string) string {
	t := dayTime(day)
	return thai.DateShort(time.Date(t.Year(), t.Month(), t.Day(), 12, 0, 0, 0, thai.Bangkok), lang)
}

// ISO is a day for machines.
func ISO(day int64) string { return dayTime(day).Format(time.DateOnly) }

// ParseDay reads an ISO date.
func ParseDay(s string) (int64, bool) {
	t, err := time.Parse(time.DateOnly, s)
	return t.Unix() / 86400, err == nil && t.Year() >= 1970 && t.Year() < 2200
}

// Number writes a value of a column: counts with commas, the rest with one decimal.
func Number(column string, v float64) string {
	switch column {
	case "bounce-rate", "completion", "percent":
		return strconv.FormatFloat(v, 'f', 1, 64) + "%"
	case "seconds", "pages-per-visit", "pages", "seconds-per-visit":
		return strconv.FormatFloat(v, 'f', 1, 64)
	case "mean":
		return commas(int64(math.Round(v)))
	}
	return commas(int64(math.Round(v)))
}

func commas(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Sentence says an overview in words: how many views, and by how much they changed.
func Sentence(o Overview, lang string) string {
	args := []any{"views", commas(o.Now.Views), "visitors", commas(o.Now.Visitors), "from", DateOf(o.Query.From, lang), "to", DateOf(o.Query.To, lang)}
	text := i18n.T(lang, "analytics.sentence", args...)
	if o.Before == nil {
		return text
	}
	change, ok := Change(o.Now.Views, o.Before.Views)
	key := "analytics.sentence-same"
	switch {
	case !ok:
		key = "analytics.sentence-new"
	case change >= .5:
		key = "analytics.sentence-more"
	case change <= -.5:
		key = "analytics.sentence-less"
	}
	return text + " " + i18n.T(lang, key, "percent", strconv.FormatFloat(math.Abs(change), 'f', 0, 64))
}

// Name is how a line is called in a language: what the program itself named is
// translated, what came from outside is as it is.
func Name(widget string, l Line, lang string) string {
	key := "analytics." + widget + "-" + strings.ToLower(strings.ReplaceAll(l.Label, " ", "-"))
	switch {
	case widget == "places" && l.Label != "":
		return geo.Name(l.Label, lang)
	case l.Label == "":
		return i18n.T(lang, "analytics.unknown")
	case l.Label == Other:
		return i18n.T(lang, "analytics.other")
	case i18n.Has(key):
		return i18n.T(lang, key)
	}
	if widget == "sources" && l.Label == l.Detail || widget == "sources" && l.Detail == "" {
		return Name("channels", Line{Label: l.Label}, lang)
	}
	return l.Label
}

// Letter is a report as the text of a mail.
func Letter(m Made, lang string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n", m.Format.Body.Name, Sentence(m.Overview, lang))
	for _, t := range m.Tables {
		fmt.Fprintf(&b, "\n%s\n", i18n.T(lang, "analytics.report-"+t.Widget))
		for i, l := range t.Lines {
			if i == 10 {
				break
			}
			fmt.Fprintf(&b, "%s  %s\n", Number(t.Columns[0], l.Values[0]), Name(t.Widget, l, lang))
		}
	}
	b.WriteString("\n" + i18n.T(lang, "analytics.about-visitors"))
	return b.String()
}

// AlertLine says an alert in words.
func AlertLine(a Alert, lang string) string {
	return i18n.T(lang, "analytics.alert-"+a.What, "host", a.Host, "day", DateOf(a.Day, lang), "page", a.Page, "value", commas(int64(a.Value)), "expected", commas(int64(math.Round(a.Expected))))
}

func trim(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) }

// DayOf is the number of the day of a moment in Bangkok's calendar, from 1970.
func DayOf(t time.Time) int64 { return dayOf(t.UnixMicro()) }
