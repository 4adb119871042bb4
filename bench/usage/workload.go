package main

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"net/url"
	"sort"
	"time"
)

// The workload: 80 sites by Zipf 0.9, 200 paths a site by Zipf 1.1, 200,000 visitors by
// Zipf 0.6, each with a browser, a width, a language and an address of his own. Hit i
// follows from the seed and i alone.

const (
	paths    = 200
	visitors = 200_000
	longTail = 1000 // hosts that refer now and then
)

// zipf picks by weights 1/rank^s.
type zipf []float64

func newZipf(n int, s float64) zipf {
	z, sum := make(zipf, n), 0.0
	for i := range z {
		sum += 1 / math.Pow(float64(i+1), s)
		z[i] = sum
	}
	for i := range z {
		z[i] /= sum
	}
	return z
}

func (z zipf) pick(r *rand.Rand) int { return sort.SearchFloat64s(z, r.Float64()) }

// weighted picks a name by its weight in percent.
type weighted []struct {
	name   string
	weight int
}

func (w weighted) pick(r *rand.Rand) string {
	n := r.IntN(100)
	for _, x := range w {
		if n -= x.weight; n < 0 {
			return x.name
		}
	}
	return w[len(w)-1].name
}

var (
	languages = weighted{{"th-TH,th;q=0.9,en;q=0.7", 85}, {"en-US,en;q=0.9", 12}, {"zh-CN,zh;q=0.9", 2}, {"ja-JP,ja;q=0.9", 1}}
	referrers = weighted{{"", 45}, {"https://www.google.com/", 30}, {"https://l.facebook.com/", 8}, {"https://line.me/", 3}, {"https://www.bing.com/", 2}, {"internal", 8}, {"tail", 4}}
	ranges    = []string{"49.228", "58.8", "101.51", "110.164", "171.96", "180.183", "182.52", "184.22", "223.204", "27.55"} // blocks given to Thai providers
	words     = []string{"ข่าว", "ประกาศ", "โรงงาน", "ใบอนุญาต", "ดาวน์โหลด", "ติดต่อ", "บริการ", "รายงาน", "จัดซื้อจัดจ้าง", "เอสเอ็มอี"}
	plain     = []string{"news", "announcement", "factory", "licence", "download", "contact", "service", "report", "procurement", "sme"}
	agents    = []struct {
		text  string
		width int
	}{
		{"Mozilla/5.0 (Linux; Android 14; SM-A156E) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36", 360},
		{"Mozilla/5.0 (Linux; Android 13; V2247) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36", 393},
		{"Mozilla/5.0 (Linux; Android 12; CPH2269) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Mobile Safari/537.36", 360},
		{"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1", 390},
		{"Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1", 375},
		{"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Line/14.12.0", 390},
		{"Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/26.0 Chrome/122.0.0.0 Mobile Safari/537.36", 384},
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36", 1536},
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0", 1920},
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0", 1366},
		{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15", 1440},
		{"Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1", 820},
	}
	campaigns = []string{"smefair", "licence-online", "green-industry", "safety-week", "taxbreak", "eec", "soft-power", "carbon", "recall", "training", "survey", "newyear"}
	sources   = []string{"facebook", "line", "email", "poster", "radio"}
	media     = []string{"social", "qr", "email"}
)

// workload makes hits for some sites.
type workload struct {
	seed                  uint64
	sites                 []string
	bySite, byPath, byWho zipf
	hours                 []float64 // share of the day that is over at the end of each hour
}

func newWorkload(seed uint64, sites []string) *workload {
	w := &workload{seed: seed, sites: sites, bySite: newZipf(len(sites), .9), byPath: newZipf(paths, 1.1), byWho: newZipf(visitors, .6)}
	sum := 0.0
	for h := range 24 {
		weight := .15
		switch {
		case h >= 8 && h < 17:
			weight = 1
		case h >= 17 && h < 23:
			weight = .55
		}
		sum += weight
		w.hours = append(w.hours, sum)
	}
	for i := range w.hours {
		w.hours[i] /= sum
	}
	return w
}

// hit is one page that one visitor opens.
type hit struct {
	Site, Path, Query, Referrer string
	Addr, Agent, Language       string
	Width                       int
}

func (w *workload) hit(i uint64) hit {
	r := rand.New(rand.NewPCG(w.seed, i))
	h := hit{Site: w.sites[w.bySite.pick(r)], Path: pathOf(w.byPath.pick(r))}
	w.who(&h, w.byWho.pick(r))
	switch from := referrers.pick(r); from {
	case "internal":
		h.Referrer = "https://" + w.sites[w.bySite.pick(r)] + "/th/"
	case "tail":
		h.Referrer = fmt.Sprintf("https://site%d.example.co.th/page", r.IntN(longTail))
	default:
		h.Referrer = from
	}
	if r.IntN(100) < 4 {
		h.Query = url.Values{"utm_source": {sources[r.IntN(len(sources))]}, "utm_medium": {media[r.IntN(len(media))]}, "utm_campaign": {campaigns[r.IntN(len(campaigns))]}}.Encode()
	}
	return h
}

// who is a visitor: always the same for his number.
func (w *workload) who(h *hit, n int) {
	r := rand.New(rand.NewPCG(w.seed^0x9E3779B97F4A7C15, uint64(n)))
	// 55 % carry the first seven, which are phones.
	a := agents[7+r.IntN(5)]
	if r.IntN(100) < 55 {
		a = agents[r.IntN(7)]
	}
	h.Agent, h.Width, h.Language = a.text, a.width, languages.pick(r)
	block := ranges[r.IntN(len(ranges))]
	if r.IntN(100) >= 95 {
		block = fmt.Sprintf("%d.%d", 60+r.IntN(100), r.IntN(256))
	}
	h.Addr = fmt.Sprintf("%s.%d.%d", block, r.IntN(256), 1+r.IntN(254))
}

// pathOf is one of a site's pages; a fifth of them are Thai.
func pathOf(n int) string {
	if n == 0 {
		return "/th/"
	}
	if n%5 == 1 {
		return "/th/" + url.PathEscape(words[n%len(words)]) + "/" + fmt.Sprint(n)
	}
	return "/th/" + plain[n%len(plain)] + "/" + fmt.Sprint(n)
}

func (h *hit) body() []byte {
	u := "https://" + h.Site + h.Path
	if h.Query != "" {
		u += "?" + h.Query
	}
	b, err := json.Marshal(map[string]any{"n": "page_view", "u": u, "r": h.Referrer, "t": "หน้า", "w": h.Width})
	if err != nil {
		panic(err) // strings and numbers
	}
	return b
}

// at spreads a number in [0,1) over a day as people do.
func (w *workload) at(day time.Time, share float64) time.Time {
	hour := sort.SearchFloat64s(w.hours, share)
	before := 0.0
	if hour > 0 {
		before = w.hours[hour-1]
	}
	within := (share - before) / (w.hours[hour] - before)
	return day.Add(time.Duration((float64(hour) + within) * float64(time.Hour)))
}
