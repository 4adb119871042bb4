package analytics

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"prasan/internal/analytics/ga"
	"prasan/internal/db"
	"prasan/internal/jobs"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/thai"
)

const jobBridge = "usage.bridge"

// gather is how long events wait for others, so that they travel in batches.
const gather = 15 * time.Second

// parked is an event that waits to be passed on.
type parked struct {
	Client string         `json:"client"`
	Name   string         `json:"name"`
	Params map[string]any `json:"params"`
}

// bridge parks, in the transaction of the hits, those that may be passed on from here.
func (s *Service) bridge(tx *db.Tx, batch []*pending) error {
	if s.Google == nil {
		return nil
	}
	var hosts []string
	for _, p := range batch {
		if p.scope.Level != L3 || p.bot != "" || s.GoogleWhy(p.site) != WhyOpen {
			continue
		}
		if s.googleSite(p.site).Way == WayGtag {
			if err := s.logBrowser(tx, p); err != nil {
				return err
			}
			continue
		}
		body, err := json.Marshal(s.abroad(p))
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO usage_bridge (id, site, at, body) VALUES ($1, $2, $3, $4)`, db.NewID(), p.site, p.at, string(body)); err != nil {
			return err
		}
		if !slices.Contains(hosts, p.site) {
			hosts = append(hosts, p.site)
		}
	}
	for _, h := range hosts {
		if err := s.later(tx, h, TaskSend, tx.Now().Add(gather)); err != nil {
			return err
		}
	}
	return nil
}

// logBrowser writes one line a day, site and revision: that browsers of visitors who
// consented tell Google of their visits.
func (s *Service) logBrowser(tx *db.Tx, p *pending) error {
	n, err := tx.Exec(`INSERT INTO usage_logged (site, day, revision_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, WayGtag+":"+p.site, dayOf(p.at), p.scope.Revision)
	if err != nil || n == 0 {
		return err
	}
	return s.disclosure(tx, p.site, "google: gtag")
}

func (s *Service) disclosure(tx *db.Tx, site, detail string) error {
	record, transfer := s.Record(Activity), policy.Transfer{}
	t, d := s.transfer()
	if d.Allowed {
		transfer = t
	}
	return s.Processing.Record(tx, processing.Line{Activity: Activity, Revision: record.RevisionID, Act: "send", Actor: "system", Ground: d.Ground, Purpose: "improve_service", Subjects: []string{"usage:" + site}, Elements: transfer.Elements, Detail: detail})
}

// abroad is an event with what the record lists for the recipient, and no more.
func (s *Service) abroad(p *pending) parked {
	has := func(e string) bool { return slices.Contains(p.scope.Abroad, e) }
	name, params := PageView, map[string]any{"engagement_time_msec": max(1, p.value), "session_id": 1 + p.visitor%1_000_000_000}
	if has("event") {
		name = p.name
	}
	if has("page_path") {
		params["page_location"] = "https://" + p.site + p.page
	}
	if _, host, _ := strings.Cut(p.source, separator); has("referrer") && host != "" {
		params["page_referrer"] = "https://" + host + "/"
	}
	if has("language") && p.profile.language != "" {
		params["language"] = p.profile.language
	}
	return parked{Client: clientID(p.cookie), Name: name, Params: params}
}

// clientID has the form of the provider's own: two numbers of 31 bits.
func clientID(cookie int64) string {
	const mask = 1<<31 - 1
	return fmt.Sprintf("%d.%d", 1+cookie>>32&mask, 1+cookie&mask)
}

// stint is how long one job passes on at most, so that it ends before its lease does.
const stint = time.Minute

// PassOn sends what is parked of a site, batch by batch. What is too old is dropped,
// and where nothing may go any more everything is.
func (s *Service) PassOn(ctx context.Context, host string) error {
	if s.Google == nil {
		return nil
	}
	s.settle(ctx)
	for begun := time.Now(); time.Since(begun) < stint; {
		var ids []string
		var b ga.Batch
		err := s.DB.InTx(ctx, func(tx *db.Tx) (err error) {
			ids, b = nil, ga.Batch{}
			if err := s.dropParked(tx, host); err != nil {
				return err
			}
			if try, err := s.mayTry(tx, host, TaskSend); !try {
				return err
			}
			if ids, b, err = nextBatch(tx, host); err != nil || len(ids) == 0 {
				return err
			}
			if err := hold(tx, host, TaskSend); err != nil {
				return err
			}
			return s.disclose(tx, host, ids)
		})
		if err != nil || len(ids) == 0 {
			return err
		}
		p, err := s.property(s.googleSite(host))
		if err != nil {
			return err
		}
		if err := s.Google.Send(ctx, p, b); err != nil {
			return s.failed(ctx, host, TaskSend, ga.TroubleOf(err))
		}
		if err := s.DB.InTx(ctx, func(tx *db.Tx) error { return sent(tx, host, ids) }); err != nil {
			return err
		}
	}
	return s.DB.InTx(ctx, func(tx *db.Tx) error { return s.later(tx, host, TaskSend, tx.Now()) })
}

// nextBatch takes the oldest events of one visitor.
func nextBatch(tx *db.Tx, host string) (ids []string, b ga.Batch, err error) {
	err = tx.Each(`SELECT id, at, body FROM usage_bridge WHERE site = $1 ORDER BY at, id LIMIT 500`, []any{host}, func(rows rowScanner) error {
		var id, text string
		var at int64
		if err := rows.Scan(&id, &at, &text); err != nil {
			return err
		}
		var p parked
		if err := json.Unmarshal([]byte(text), &p); err != nil {
			return err
		}
		if b.Client == "" {
			b.Client = p.Client
		}
		if p.Client == b.Client && len(ids) < ga.MaxEvents {
			ids = append(ids, id)
			b.Events = append(b.Events, ga.Event{At: db.Time(at), Name: p.Name, Params: p.Params})
		}
		return nil
	})
	return ids, b, err
}

// dropParked takes away what is older than the provider takes, and, where the bridge is
// closed or leads another way, all of it.
func (s *Service) dropParked(tx *db.Tx, host string) error {
	why, limit := "late", db.Micros(s.Now().Add(-ga.MaxLate))
	if closed := s.GoogleWhy(host); closed != WhyOpen || s.googleSite(host).Way != WayServer {
		why, limit = "closed", int64(1<<62)
	}
	n, err := tx.Exec(`DELETE FROM usage_bridge WHERE site = $1 AND at < $2`, host, limit)
	if err != nil {
		return err
	}
	return s.drop(tx, host, why, n)
}

func (s *Service) transfer() (policy.Transfer, policy.Decision) {
	record := s.Record(Activity)
	if record == nil {
		return policy.Transfer{}, policy.Decision{}
	}
	return record.MayTransfer(Provider)
}

// disclose writes the disclosure of a batch down before it leaves: an event may reach
// the provider twice, and never without its line. What is tried again has its line.
func (s *Service) disclose(tx *db.Tx, host string, ids []string) error {
	fresh := int64(0)
	for _, id := range ids {
		n, err := tx.Exec(`UPDATE usage_bridge SET logged = 1 WHERE id = $1 AND logged = 0`, id)
		if err != nil {
			return err
		}
		fresh += n
	}
	if fresh == 0 {
		return nil
	}
	return s.disclosure(tx, host, fmt.Sprintf("google: %d", fresh))
}

// sent takes away what has been taken.
func sent(tx *db.Tx, host string, ids []string) error {
	for _, id := range ids {
		if _, err := tx.Exec(`DELETE FROM usage_bridge WHERE id = $1`, id); err != nil {
			return err
		}
	}
	return worked(tx, host, TaskSend, int64(len(ids)))
}

func dailyAt(hour, minute int) func(time.Time) time.Time {
	return jobs.Daily(thai.Bangkok, hour, minute)
}
