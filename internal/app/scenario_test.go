package app

import (
	"context"
	"testing"
	"time"

	"prasan/internal/config"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/scenario"
)

// made makes the scenario on an engine and counts its cases by state, topic and site.
func made(t *testing.T, database string) (counts map[string]int, printed Scenario) {
	t.Helper()
	ctx := context.Background()
	c := config.Server{Store: config.Store{Data: t.TempDir(), Database: database}, Listen: "127.0.0.1:0", AdminListen: "127.0.0.1:0", RateLimits: "on", BaseDomain: "industry.localhost"}
	c.Terms = config.Terms{ReplyDays: 15, ReopenDays: 30, LinkHours: 72, PerHour: 10, RightsDays: 30, BreachHours: 72}
	if err := c.Resolve(); err != nil {
		t.Fatal(err)
	}
	a, err := New(ctx, c, Options{Mode: Upgrade, Demo: &DemoOptions{Now: time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)}})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if printed, err = a.Scenario(ctx, func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	counts = map[string]int{}
	err = a.DB.Read(ctx, func(tx *db.Tx) error {
		for _, column := range []string{"state", "topic", "channel", "site", "lang"} {
			rows, err := tx.Query(`SELECT ` + column + `, COUNT(*) FROM cases GROUP BY ` + column)
			if err != nil {
				return err
			}
			for rows.Next() {
				var value string
				var n int
				if err := rows.Scan(&value, &n); err != nil {
					rows.Close()
					return err
				}
				counts[column+"="+value] = n
				counts[column] += n
			}
			rows.Close()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return counts, printed
}

func TestTheScenarioIsWhatItSaysAndTheSameOnBothEngines(t *testing.T) {
	lite, printed := made(t, "")
	if lite["state"] != scenario.Volume {
		t.Errorf("%d cases; the record declares %d", lite["state"], scenario.Volume)
	}
	for _, want := range []string{"state=received", "state=considering", "state=in_progress", "state=awaiting_sender", "state=answered", "state=closed", "state=quarantined", "topic=question", "topic=feedback", "topic=suggestion", "topic=problem", "channel=phone", "channel=counter", "lang=en", "site=rayong.industry.localhost"} {
		if lite[want] == 0 {
			t.Errorf("no case with %s: %v", want, lite)
		}
	}
	for _, name := range []string{"officer-rayong", "registrar-ops", "head-ops", "dpo", "ict", "auditor", "registrar-diw", AdminToken} {
		if printed.Tokens[name] == "" {
			t.Errorf("no token for %s", name)
		}
	}
	again, _ := made(t, "")
	postgres, _ := made(t, dbtest.PostgresURL(t))
	for key, n := range lite {
		if again[key] != n || postgres[key] != n {
			t.Errorf("%s: %d, the second time %d, on PostgreSQL %d", key, n, again[key], postgres[key])
		}
	}
}
