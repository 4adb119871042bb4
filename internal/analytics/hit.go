package analytics

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"prasan/internal/errs"
)

// Events that have a meaning; they bear the names that other tools give them. Any other
// name is counted as it is.
const (
	PageView   = "page_view"
	NotFound   = "page_not_found"
	Engagement = "user_engagement"
	SiteSearch = "view_search_results"
	Outbound   = "click"
	Download   = "file_download"
	FormStart  = "form_start"
	FormSubmit = "form_submit"
	Vitals     = "web_vitals"
)

// labels are the property of each event that is kept beside its name, and how it is read.
var labels = map[string]struct {
	property string
	read     func(string) string
}{
	Outbound:   {"link_url", target},
	Download:   {"link_url", target},
	SiteSearch: {"search_term", func(s string) string { return word(s, 100) }},
	FormStart:  {"form_id", func(s string) string { return word(s, 60) }},
	FormSubmit: {"form_id", func(s string) string { return word(s, 60) }},
}

// Hit is something that happened on a page, as the edge hands it over. Address and
// agent do not outlive Collect.
type Hit struct {
	Site     string // host that collects
	Name     string // of the event; "" is a page view
	URL      string
	Referrer string
	Width    int
	Props    map[string]any // strings, numbers, booleans
	Addr     string
	Agent    string
	Language string // Accept-Language
	Signals  Signals
}

// cleaned is a hit with nothing in it but what may be kept.
type cleaned struct {
	at       int64 // set when it is stored
	scope    Scope
	site     string
	name     string
	page     string
	source   string
	campaign string
	profile  profile
	label    string
	value    int64
	bot      string
	place    string // province or country; "" where it is not looked up
	visitor  int64  // of the day; 0 without an id
	cookie   int64  // of the consent; 0 without one
}

var eventName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

const (
	maxWidth   = 20000
	maxEngaged = 30 * time.Minute
	maxText    = 4096 // bytes of one property
)

// check refuses what no page would send.
func (h *Hit) check() (*url.URL, error) {
	var bad []errs.Field
	wrong := func(name, key string) { bad = append(bad, errs.Field{Name: name, Key: key}) }
	if h.Name == "" {
		h.Name = PageView
	}
	if h.Name != PageView && !eventName.MatchString(h.Name) {
		wrong("n", "analytics.error-name")
	}
	u, err := url.Parse(h.URL)
	if err != nil || len(h.URL) > maxURL || !utf8.ValidString(h.URL) || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		wrong("u", "analytics.error-url")
	}
	if h.Width < 0 || h.Width > maxWidth {
		wrong("w", "analytics.error-width")
	}
	for name, v := range h.Props {
		if !plainValue(v) || len(name) > 40 {
			wrong("p", "analytics.error-properties")
			break
		}
	}
	return u, errs.InvalidFields(bad)
}

func plainValue(v any) bool {
	switch x := v.(type) {
	case string:
		return len(x) <= maxText && utf8.ValidString(x)
	case float64, bool:
		return true
	}
	return false
}

// maxProps bounds the properties of a hit.
const maxProps = 20

// clean keeps of a hit what its scope allows; own tells which hosts are the ministry's.
func (h *Hit) clean(u *url.URL, scope Scope, own func(host string) bool) cleaned {
	client := clientsMemo.of(h.Agent, Classify)
	host := hostOf(u)
	c := cleaned{scope: scope, site: host, name: h.Name, bot: client.Bot}
	if scope.Has("page_path") {
		c.page = pathsMemo.of(u.EscapedPath(), cleanPath)
	}
	if scope.Has("browser") {
		c.profile.device, c.profile.browser, c.profile.os = client.Device, client.Browser, client.OS
	}
	if scope.Has("language") {
		c.profile.language = primaryLanguage(h.Language)
	}
	if scope.Has("screen_width") {
		c.profile.width = widthClass(h.Width)
	}
	h.way(&c, u, host, own)
	if scope.Has("event") {
		h.event(&c, u)
	} else if c.name != PageView {
		c.name = ""
	}
	return c
}

// way is how the visitor came to the page.
func (h *Hit) way(c *cleaned, u *url.URL, host string, own func(string) bool) {
	from, camp := "", campaign{}
	if h.Referrer != "" {
		from = referrerMemo.of(h.Referrer, referrerHost)
	}
	if u.RawQuery != "" && c.scope.Has("campaign") {
		camp = campaignOf(u.Query())
	}
	if from == strings.TrimPrefix(host, "www.") {
		from = ""
	}
	c.campaign = camp.term()
	if c.scope.Has("referrer") {
		ch := channel(from, own, camp)
		if ch == Campaign || ch == Mail {
			from = camp.source
		}
		c.source = sourceTerm(ch, from)
	}
}

// event reads what the event is about.
func (h *Hit) event(c *cleaned, u *url.URL) {
	text := func(name string) string {
		s, _ := h.Props[name].(string)
		return s
	}
	switch h.Name {
	case Engagement:
		c.value = number(h.Props["engagement_time_msec"], int64(maxEngaged/time.Millisecond))
	case Vitals:
		c.label, c.value = vital(text("metric"), h.Props["value"])
	case PageView:
		if u.RawQuery != "" {
			c.label = searchOf(u.Query())
		}
	case NotFound:
	default:
		l, ok := labels[h.Name]
		if !ok {
			return
		}
		c.label = l.read(text(l.property))
	}
}

func number(v any, max int64) int64 {
	f, ok := v.(float64)
	if s, isText := v.(string); isText {
		var err error
		f, err = strconv.ParseFloat(s, 64)
		ok = err == nil
	}
	if !ok || !(f > 0) {
		return 0
	}
	return int64(min(f, float64(max)))
}

// vitals are the thresholds of web.dev: good up to the first, poor above the second; CLS
// is kept in thousandths, the others in milliseconds.
var vitals = map[string][2]int64{"LCP": {2500, 4000}, "INP": {200, 500}, "CLS": {100, 250}, "FCP": {1800, 3000}, "TTFB": {800, 1800}}

// VitalNames are in the order in which they are shown.
var VitalNames = []string{"LCP", "INP", "CLS", "FCP", "TTFB"}

func vital(metric string, v any) (label string, value int64) {
	limits, ok := vitals[metric]
	if !ok {
		return "", 0
	}
	if f, isNumber := v.(float64); isNumber && metric == "CLS" {
		v = f * 1000
	}
	value = number(v, 600_000)
	class := "poor"
	if value <= limits[0] {
		class = "good"
	} else if value <= limits[1] {
		class = "middling"
	}
	return metric + separator + class, value
}
