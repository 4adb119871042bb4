package scenario

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net/url"
	"time"

	"prasan/internal/analytics"
	"prasan/internal/policy"
	"prasan/internal/sites"
)

// UsageEnv is what the usage of the scenario's sites is made with.
type UsageEnv struct {
	Analytics *analytics.Service
	Clock     Clock
	Sites     []sites.Site
	Analyst   policy.Actor // sets goals and evaluates
	Signer    policy.Actor // signs what the analyst wrote
}

const (
	usageDays   = 365
	visitsADay  = 110 // of all sites, on a usual working day
	planDays    = 56  // since the improvement was made
	sentBefore  = .42 // share of the forms begun that are sent
	sentAfter   = .61
	busiestDays = 1.35 // of the fair in the second quarter
)

// Usage makes twelve months of usage and, over them, one turn of the cycle: a goal, a
// plan that was carried out eight weeks ago, and an evaluation that is signed.
func Usage(ctx context.Context, e UsageEnv) error {
	now := e.Clock.Now()
	today := analytics.DayOf(now)
	w := visits{sites: e.Sites, places: shares(len(e.Sites), .9)}
	for day := today - usageDays; day < today; day++ {
		if _, err := e.Analytics.Backfill(ctx, day, w.day(day, today)); err != nil {
			return err
		}
	}
	if err := e.Analytics.CloseMonths(ctx); err != nil {
		return err
	}
	defer e.Clock.Set(now)
	return e.cycle(ctx, now, today)
}

func (e *UsageEnv) cycle(ctx context.Context, now time.Time, today int64) error {
	at := func(days int) { e.Clock.Hold(now.AddDate(0, 0, -days)) }
	at(80)
	goal, err := e.Analytics.SetGoal(ctx, e.Analyst, analytics.Goal{Name: "ผู้เริ่มกรอกแบบติดต่อเราส่งเรื่องสำเร็จไม่น้อยกว่าร้อยละ 55", Metric: "completion:contact", Target: 55, From: today - 79, To: today + 100, Why: "ผู้ใช้จำนวนมากเริ่มกรอกแบบติดต่อเราแล้วไม่ส่ง"})
	if err != nil {
		return err
	}
	plan, err := e.Analytics.PlanFor(ctx, e.Analyst, goal.ID, analytics.Plan{Name: "ทำแบบติดต่อเราให้ง่ายขึ้น", Actions: []analytics.Action{{Text: "แยกแบบเป็นขั้น ถามทีละเรื่อง", Due: today - planDays}, {Text: "บอกเหตุผลที่ขอข้อมูลไว้ข้างช่องกรอก", Due: today - planDays}}})
	if err != nil {
		return err
	}
	at(planDays)
	for no := range plan.Body.Actions {
		if _, err := e.Analytics.Act(ctx, e.Analyst, plan.ID, no+1, analytics.ActionDone); err != nil {
			return err
		}
	}
	at(2)
	evaluation, err := e.Analytics.Evaluate(ctx, e.Analyst, goal.ID, "หลังแยกแบบเป็นขั้น ผู้ใช้ส่งเรื่องสำเร็จมากขึ้นทั้งทางโทรศัพท์และคอมพิวเตอร์ ควรทำต่อกับหน้าติดตามเรื่อง")
	if err != nil {
		return err
	}
	at(1)
	if _, err := e.Analytics.Sign(ctx, e.Signer, evaluation.ID); err != nil {
		return err
	}
	_, err = e.Analytics.SaveFormat(ctx, e.Analyst, "", analytics.Format{Name: "รายงานการใช้งานเว็บไซต์รายเดือน", Widgets: []string{"pages", "channels", "devices", "searches", "not-found"}, Span: "month", Compare: "previous"})
	return err
}

// shares are cumulative weights 1/rank^s.
func shares(n int, s float64) []float64 {
	out, sum := make([]float64, n), 0.0
	for i := range out {
		sum += 1 / math.Pow(float64(i+1), s)
		out[i] = sum
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}

// visits makes the visits of a day; they follow from the day alone.
type visits struct {
	sites  []sites.Site
	places []float64
}

var (
	usageWeekdays = []float64{.40, 1, 1.02, 1, .98, .95, .45} // from Sunday
	usageAgents   = []string{
		"Mozilla/5.0 (Linux; Android 14; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36", "Mozilla/5.0 (Linux; Android 13; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Line/14.12.0",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
	}
	usageReferrers = []string{"", "", "", "", "https://www.google.co.th/", "https://www.google.co.th/", "https://www.google.co.th/", "https://l.facebook.com/", "https://line.me/", "https://www.bing.com/", "https://pantip.com/"}
	usageSearches  = []string{"ใบอนุญาต รง.4", "ขอเลขทะเบียนโรงงาน", "สินเชื่อ SME", "ร้องเรียนกลิ่นเหม็น", "อบรม", "แบบฟอร์ม", "มาตรฐาน มอก.", "พลาสติกชีวภาพ"}
	usagePages     = []string{"/th/contact", "/th/news", "/th/track", "/th/search", "/th/rights", "/th/privacy", "/th/accessibility", "/en/", "/th/old-site/index.php"}
	usageOdds      = []float64{.34, .56, .70, .82, .88, .92, .94, .98, 1}
)

func (w *visits) day(day, today int64) []analytics.Past {
	r := rand.New(rand.NewPCG(2569, uint64(day)))
	date := time.Unix(day*86400, 0).UTC()
	n := visitsADay * usageWeekdays[date.Weekday()] * (.8 + .4*float64(usageDays-(today-day))/usageDays)
	if date.Month() == time.May {
		n *= busiestDays
	}
	sent := sentBefore
	if today-day < planDays {
		sent = sentAfter
	}
	var out []analytics.Past
	for i := range int(n * (.9 + .2*r.Float64())) {
		out = append(out, w.visit(r, day, i, sent)...)
	}
	return out
}

// visit is what one person does: a few pages, a search, perhaps the form.
func (w *visits) visit(r *rand.Rand, day int64, no int, sent float64) (out []analytics.Past) {
	site := w.sites[drawn(w.places, r.Float64())].Host
	who := analytics.Hit{Site: site, Addr: fmt.Sprint(day, no), Agent: usageAgents[r.IntN(len(usageAgents))], Language: []string{"th-TH", "th-TH", "th-TH", "th-TH", "en-US"}[r.IntN(5)], Width: []int{360, 390, 412, 820, 1366, 1920}[r.IntN(6)]}
	hour := 7 + r.IntN(14)
	at := time.Unix(day*86400-7*3600, 0).Add(time.Duration(hour)*time.Hour + time.Duration(r.IntN(3600))*time.Second)
	do := func(name, path string, props map[string]any) {
		h := who
		h.Name, h.URL, h.Props = name, "https://"+site+path, props
		out = append(out, analytics.Past{At: at, Hit: h})
		at = at.Add(time.Duration(3+r.IntN(40)) * time.Second)
		who.Referrer = "https://" + site + path
	}
	who.Referrer = usageReferrers[r.IntN(len(usageReferrers))]
	do(analytics.PageView, "/th/", nil)
	for range r.IntN(4) {
		path := usagePages[drawn(usageOdds, r.Float64())]
		switch path {
		case "/th/search":
			do(analytics.PageView, path+"?q="+url.QueryEscape(usageSearches[r.IntN(len(usageSearches))]), nil)
		case "/th/old-site/index.php":
			do(analytics.NotFound, path, nil)
		case "/th/contact":
			do(analytics.PageView, path, nil)
			if r.Float64() < .05 { // as many are sent as there are cases
				form := map[string]any{"form_id": "contact"}
				do(analytics.FormStart, path, form)
				if r.Float64() < sent {
					do(analytics.FormSubmit, path, form)
				}
			}
		default:
			do(analytics.PageView, path, nil)
		}
	}
	if r.Float64() < .4 {
		do(analytics.Engagement, "/th/", map[string]any{"engagement_time_msec": float64(2000 + r.IntN(90_000))})
	}
	if r.Float64() < .05 {
		do(analytics.Vitals, "/th/", map[string]any{"metric": "LCP", "value": float64(600 + r.IntN(2600))})
	}
	return out
}

// drawn is the first place whose cumulative share reaches x.
func drawn(cumulative []float64, x float64) int {
	for i, c := range cumulative {
		if x <= c {
			return i
		}
	}
	return len(cumulative) - 1
}
