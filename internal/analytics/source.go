package analytics

import (
	"net/url"
	"strings"
)

// Channels by which people come.
const (
	Direct   = "direct"
	Internal = "internal" // from another site of the ministry
	Search   = "search"
	Social   = "social"
	Mail     = "email"
	Answers  = "assistant" // programs that answer questions
	Campaign = "campaign"
	Referral = "referral"
)

// Channels are all of them, for forms and docs.
var Channels = []string{Direct, Search, Social, Referral, Campaign, Mail, Answers, Internal}

// referrers are the hosts of channels, by the name that stands before their last
// dots ("google" covers google.co.th) or as a whole domain.
var referrers = map[string]string{
	"google": Search, "bing": Search, "yahoo": Search, "duckduckgo": Search, "baidu": Search, "yandex": Search, "ecosia": Search, "sogou": Search, "naver": Search, "qwant": Search, "brave": Search,
	"facebook": Social, "fb": Social, "instagram": Social, "line": Social, "twitter": Social, "x": Social, "t": Social, "youtube": Social, "tiktok": Social, "pantip": Social, "linkedin": Social, "reddit": Social, "threads": Social, "blockdit": Social,
	"chatgpt": Answers, "perplexity": Answers, "gemini": Answers, "copilot": Answers, "claude": Answers, "openai": Answers,
}

var mailHosts = []string{"mail.google.com", "outlook.live.com", "outlook.office.com", "mail.yahoo.com"}

// suffixes of two labels under which names are given.
var suffixes = []string{"co.th", "go.th", "or.th", "ac.th", "in.th", "co.uk", "co.jp", "com.sg", "com.my", "com.au"}

// registrable splits a host into the name that was registered and its suffix.
func registrable(host string) string {
	labels := strings.Split(host, ".")
	n := len(labels)
	if n < 2 {
		return host
	}
	if n >= 3 {
		for _, s := range suffixes {
			if strings.HasSuffix(host, "."+s) {
				return labels[n-3]
			}
		}
	}
	return labels[n-2]
}

// referrerHost is the host of a referrer, without www; "" for one that is none of the
// web's. Paths and queries of other sites are nobody's business here.
func referrerHost(raw string) string {
	if len(raw) > maxURL {
		return ""
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "android-app" {
		return ""
	}
	host := strings.TrimPrefix(strings.ToLower(strings.TrimSuffix(u.Hostname(), ".")), "www.")
	if !plainHost(host) {
		return ""
	}
	return host
}

// plainHost holds what a host name may hold, so that none of it can mean anything else
// where it is shown.
func plainHost(host string) bool {
	if host == "" || len(host) > 253 {
		return false
	}
	for _, r := range host {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '.' && r != ':' {
			return false
		}
	}
	return true
}

// channel groups a referrer. A campaign that the address names wins over the referrer.
func channel(host string, own func(host string) bool, c campaign) string {
	switch {
	case strings.EqualFold(c.medium, "email"):
		return Mail
	case c.source != "":
		return Campaign
	case host == "":
		return Direct
	case own(host):
		return Internal
	}
	for _, m := range mailHosts {
		if host == m {
			return Mail
		}
	}
	if ch, ok := referrers[registrable(host)]; ok {
		return ch
	}
	return Referral
}

// campaign is what the address of a page says of the way to it (utm_*).
type campaign struct{ source, medium, name string }

func (c campaign) term() string {
	if c.source == "" {
		return ""
	}
	return strings.Join([]string{c.source, c.medium, c.name}, separator)
}

func campaignOf(q url.Values) campaign {
	return campaign{source: word(q.Get("utm_source"), 60), medium: word(q.Get("utm_medium"), 60), name: word(q.Get("utm_campaign"), 100)}
}

// source is channel and host as one term.
func sourceTerm(channel, host string) string { return channel + separator + host }
