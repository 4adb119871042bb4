package analytics

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/jobs"
	"prasan/internal/policy"
	"prasan/internal/processing"
)

// Poster passes events of one visitor on to the provider abroad.
type Poster interface {
	Post(ctx context.Context, b Batch) error
}

// Batch is what the provider is told of one visitor at a time: no address, no agent.
type Batch struct {
	Client string // a keyed hash, formed as the provider's own ids are
	Events []Event
}

// Event is one of its events.
type Event struct {
	At     time.Time
	Name   string
	Params map[string]any
}

const (
	jobBridge = "usage.bridge"
	// The provider takes 25 events at a time, at most 72 hours late.
	maxEvents = 25
	maxLate   = 72 * time.Hour
)

// parked is an event that waits to be passed on.
type parked struct {
	Client string         `json:"client"`
	Name   string         `json:"name"`
	Params map[string]any `json:"params"`
}

// bridge parks, in the transaction of the hits, those that may be passed on.
func (s *Service) bridge(tx *db.Tx, batch []*pending) error {
	if s.Poster == nil {
		return nil
	}
	any := false
	for _, p := range batch {
		if p.scope.Level != L3 || p.bot != "" {
			continue
		}
		body, err := json.Marshal(s.abroad(p))
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO usage_bridge (id, site, at, body) VALUES ($1, $2, $3, $4)`, db.NewID(), p.site, p.at, string(body)); err != nil {
			return err
		}
		any = true
	}
	if !any {
		return nil
	}
	return s.Jobs.Enqueue(tx, jobBridge, nil, jobs.Unique(jobBridge))
}

// abroad is an event with what the record lists for the recipient, and no more.
func (s *Service) abroad(p *pending) parked {
	has := func(e string) bool { return slices.Contains(p.scope.Abroad, e) }
	name, params := "page_view", map[string]any{"engagement_time_msec": max(1, p.value), "session_id": p.visitor % 1_000_000_000}
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

// clientID has the form of the provider's own: two numbers.
func clientID(cookie int64) string {
	const digits = "0123456789"
	var b []byte
	for x := uint64(cookie); x > 0; x /= 10 {
		b = append(b, digits[x%10])
		if len(b) == 10 {
			b = append(b, '.')
		}
	}
	return string(b)
}

// PassOn sends what is parked. What is too old is dropped, and where the record no
// longer lists the recipient everything is.
func (s *Service) PassOn(ctx context.Context) error {
	if s.Poster == nil {
		return nil
	}
	for {
		var ids []string
		var site string
		b := Batch{}
		err := s.DB.InTx(ctx, func(tx *db.Tx) error {
			ids, b, site = nil, Batch{}, ""
			if err := s.dropLate(tx); err != nil {
				return err
			}
			return tx.Each(`SELECT id, site, at, body FROM usage_bridge ORDER BY id LIMIT 200`, nil, func(rows rowScanner) error {
				var id, host, text string
				var at int64
				if err := rows.Scan(&id, &host, &at, &text); err != nil {
					return err
				}
				var p parked
				if err := json.Unmarshal([]byte(text), &p); err != nil {
					return err
				}
				if b.Client == "" {
					b.Client, site = p.Client, host
				}
				if p.Client == b.Client && host == site && len(ids) < maxEvents {
					ids = append(ids, id)
					b.Events = append(b.Events, Event{db.Time(at), p.Name, p.Params})
				}
				return nil
			})
		})
		if err != nil || len(ids) == 0 {
			return err
		}
		if err := s.disclose(ctx, site, ids, b); err != nil {
			return err
		}
	}
}

func (s *Service) dropLate(tx *db.Tx) error {
	limit := db.Micros(s.Now().Add(-maxLate))
	if _, d := s.transfer(); !d.Allowed {
		limit = 1 << 62
	}
	_, err := tx.Exec(`DELETE FROM usage_bridge WHERE at < $1`, limit)
	return err
}

func (s *Service) transfer() (policy.Transfer, policy.Decision) {
	record := s.Record(Activity)
	if record == nil {
		return policy.Transfer{}, policy.Decision{}
	}
	return record.MayTransfer(Provider)
}

// disclose writes the disclosure down, sends, and only then takes what was sent away:
// an event may reach the provider twice, and never without its line.
func (s *Service) disclose(ctx context.Context, site string, ids []string, b Batch) error {
	transfer, d := s.transfer()
	if !d.Allowed {
		return nil // dropped at the next pass
	}
	record := s.Record(Activity)
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		return s.Processing.Record(tx, processing.Line{Activity: Activity, Revision: record.RevisionID, Act: "send", Actor: "system", Ground: d.Ground, Purpose: "improve_service", Subjects: []string{"usage:" + site}, Elements: transfer.Elements, Detail: "google"})
	})
	if err != nil {
		return err
	}
	if err := s.Poster.Post(ctx, b); err != nil {
		return errs.Wrap(err, errs.Unavailable, "error.unavailable")
	}
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		for _, id := range ids {
			if _, err := tx.Exec(`DELETE FROM usage_bridge WHERE id = $1`, id); err != nil {
				return err
			}
		}
		return nil
	})
}
