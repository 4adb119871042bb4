package analytics

import (
	"strings"
)

// Client is the class of a visitor's device, all that is kept of a user agent.
type Client struct {
	Device  string // mobile, tablet, desktop
	Browser string
	OS      string
	Bot     string // the family of a program that is no visitor; "" for people
}

// mark is a piece of a user agent that gives something away; the first one that is
// found counts, so that what imitates others comes before what it imitates.
type mark struct{ has, name string }

var bots = []mark{
	{"googlebot", "Googlebot"}, {"bingbot", "Bingbot"}, {"yandexbot", "YandexBot"}, {"baiduspider", "Baiduspider"}, {"duckduckbot", "DuckDuckBot"}, {"applebot", "Applebot"}, {"petalbot", "PetalBot"}, {"ahrefsbot", "AhrefsBot"}, {"semrushbot", "SemrushBot"}, {"mj12bot", "MJ12bot"},
	{"gptbot", "GPTBot"}, {"ccbot", "CCBot"}, {"claudebot", "ClaudeBot"}, {"bytespider", "Bytespider"}, {"perplexitybot", "PerplexityBot"},
	{"facebookexternalhit", "Facebook preview"}, {"twitterbot", "Twitter preview"}, {"linespider", "LINE preview"}, {"line-poker", "LINE preview"}, {"whatsapp", "WhatsApp preview"}, {"telegrambot", "Telegram preview"}, {"slackbot", "Slack preview"}, {"discordbot", "Discord preview"},
	{"headlesschrome", "Headless browser"}, {"phantomjs", "Headless browser"}, {"lighthouse", "Monitoring"}, {"pingdom", "Monitoring"}, {"uptime", "Monitoring"}, {"statuscake", "Monitoring"}, {"monitor", "Monitoring"},
	{"curl/", "Programs"}, {"wget", "Programs"}, {"python", "Programs"}, {"go-http-client", "Programs"}, {"java/", "Programs"}, {"okhttp", "Programs"}, {"libwww", "Programs"}, {"httpclient", "Programs"}, {"node-fetch", "Programs"}, {"axios", "Programs"}, {"scrapy", "Programs"}, {"ruby", "Programs"}, {"php", "Programs"},
	{"bot", "Other crawlers"}, {"crawl", "Other crawlers"}, {"spider", "Other crawlers"}, {"slurp", "Other crawlers"}, {"preview", "Other crawlers"}, {"scan", "Other crawlers"},
}

var browsers = []mark{
	{" line/", "LINE"}, {"fbav", "Facebook"}, {"fban", "Facebook"}, {"instagram", "Instagram"}, {"tiktok", "TikTok"},
	{"edg/", "Edge"}, {"edga/", "Edge"}, {"edgios/", "Edge"}, {"opr/", "Opera"}, {"opera", "Opera"}, {"samsungbrowser", "Samsung Internet"}, {"huaweibrowser", "Huawei Browser"}, {"ucbrowser", "UC Browser"}, {"miuibrowser", "Mi Browser"}, {"vivaldi", "Vivaldi"}, {"yabrowser", "Yandex"},
	{"firefox/", "Firefox"}, {"fxios/", "Firefox"}, {"crios/", "Chrome"}, {"chromium/", "Chromium"}, {"chrome/", "Chrome"}, {"version/", "Safari"}, {"safari/", "Safari"}, {"trident/", "Internet Explorer"}, {"msie ", "Internet Explorer"},
}

var systems = []mark{
	{"iphone", "iOS"}, {"ipad", "iPadOS"}, {"ipod", "iOS"}, {"harmonyos", "HarmonyOS"}, {"android", "Android"}, {"windows", "Windows"}, {"cros", "ChromeOS"}, {"mac os x", "macOS"}, {"macintosh", "macOS"}, {"linux", "Linux"}, {"x11", "Linux"},
}

const otherName = "Other"

func find(list []mark, agent, otherwise string) string {
	for _, m := range list {
		if strings.Contains(agent, m.has) {
			return m.name
		}
	}
	return otherwise
}

// maxAgent is how much of a user agent is looked at.
const maxAgent = 512

// Classify reads a user agent. One that is empty is a program's: every browser has one.
func Classify(agent string) Client {
	a := strings.ToLower(strings.TrimSpace(agent[:min(len(agent), maxAgent)]))
	c := Client{Device: "desktop", Browser: find(browsers, a, otherName), OS: find(systems, a, otherName), Bot: find(bots, a, "")}
	switch {
	case a == "":
		c.Bot = "Programs"
	case strings.Contains(a, "ipad") || strings.Contains(a, "tablet") || strings.Contains(a, "android") && !strings.Contains(a, "mobile"):
		c.Device = "tablet"
	case strings.Contains(a, "mobi") || strings.Contains(a, "iphone") || strings.Contains(a, "android"):
		c.Device = "mobile"
	}
	return c
}

// widths are classes of the width of a screen, in CSS pixels.
var widths = []struct {
	below int
	name  string
}{{1, ""}, {480, "<480"}, {768, "480-767"}, {1024, "768-1023"}, {1440, "1024-1439"}, {1 << 30, "1440+"}}

func widthClass(w int) string {
	for _, c := range widths {
		if w < c.below {
			return c.name
		}
	}
	return ""
}

// primaryLanguage is the first language of an Accept-Language header, without region:
// what the device is set to, and no more.
func primaryLanguage(accept string) string {
	first, _, _ := strings.Cut(accept, ",")
	first, _, _ = strings.Cut(first, ";")
	first, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(first)), "-")
	if len(first) < 2 || len(first) > 3 || strings.Trim(first, "abcdefghijklmnopqrstuvwxyz") != "" {
		return ""
	}
	return first
}

// profile is the visitor's device as one term: what is common to all his hits is
// counted once.
type profile struct{ device, browser, os, language, width string }

const separator = "\x1f" // in no text that is collected

func (p profile) term() string {
	return strings.Join([]string{p.device, p.browser, p.os, p.language, p.width}, separator)
}
