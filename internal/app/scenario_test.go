package app

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
	"time"

	"prasan/internal/config"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/scenario"
	"prasan/internal/thai"
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
	a, err := New(ctx, c, Options{Mode: Upgrade, Demo: &DemoOptions{Now: scenarioNow}})
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
		return story(tx, counts)
	})
	if err != nil {
		t.Fatal(err)
	}
	return counts, printed
}

// scenarioNow is the day on which the scenario ends here.
var scenarioNow = time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)

// story counts what a reader of the demo would notice to be untrue, and writes every
// case and event down as a key, so that two scenarios can be told apart.
func story(tx *db.Tx, counts map[string]int) error {
	for name, query := range map[string]string{
		"taken over":       `SELECT COUNT(*) FROM cases WHERE received_at < $1 - 63072000000000`,
		"rounds to order":  `SELECT COUNT(*) FROM rounds WHERE state = 'archives' AND archives_until < $1`,
		"drills":           `SELECT COUNT(*) FROM breaches WHERE drill AND state = 'closed' AND notified_at > aware_at AND subjects_n > 0 AND closed_at < $1`,
		"breach alarms":    `SELECT COUNT(*) FROM outbox WHERE kind = 'breach-alarm' AND created_at < $1`,
		"told of a drill":  `SELECT COUNT(*) FROM outbox WHERE kind = 'breach-assessed' AND created_at < $1`,
		"checks":           `SELECT COUNT(*) FROM monitorings WHERE activity = 'contact-us' AND signed_at > 0 AND at < $1`,
		"overdue":          `SELECT COUNT(*) FROM cases WHERE state IN ('received', 'considering', 'in_progress', 'referred') AND due_at < $1`,
		"due today":        `SELECT COUNT(*) FROM cases WHERE state IN ('received', 'considering', 'in_progress', 'referred') AND due_at >= $1 AND due_at < $1 + 86400000000`,
		"parked":           `SELECT COUNT(*) FROM cases WHERE parked AND received_at < $1`,
		"before its rules": `SELECT COUNT(*) FROM cases JOIN revisions ON revisions.id = cases.revision_id WHERE effective_at > received_at AND received_at < $1 AND received_at > $1 - 63072000000000`,
		"from tomorrow":    `SELECT COUNT(*) FROM case_events WHERE at > $1 + 32400000000`,
	} {
		var n int
		midnight := time.Date(2026, 11, 23, 0, 0, 0, 0, thai.Bangkok)
		if err := tx.QueryRow(query, []any{db.Micros(midnight)}, &n); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		counts[name] = n
	}
	return tx.Each(`SELECT reference, site, topic, channel, cases.state, due_at, seq, at, kind, actor FROM cases JOIN case_events ON case_id = cases.id`, nil, func(rows *sql.Rows) error {
		var v [10]any
		var p [10]any
		for i := range v {
			p[i] = &v[i]
		}
		err := rows.Scan(p[:]...)
		counts[fmt.Sprint(v[:]...)]++
		return err
	})
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
	for name, span := range map[string][2]int{"overdue": {3, 20}, "due today": {1, 10}, "parked": {4, 30}, "before its rules": {0, 0}, "taken over": {scenario.Taken, scenario.Taken}, "rounds to order": {1, 1}, "drills": {1, 1}, "breach alarms": {0, 0}, "told of a drill": {1, 5}, "checks": {10, 13}, "from tomorrow": {0, 0}} {
		if n := lite[name]; n < span[0] || n > span[1] {
			t.Errorf("%s: %d cases; %d to %d are believable", name, n, span[0], span[1])
		}
	}
	for _, name := range []string{"officer-rayong", "registrar-ops", "head-ops", "dpo", "ict", "auditor", "registrar-diw", AdminToken} {
		if printed.Tokens[name] == "" {
			t.Errorf("no token for %s", name)
		}
	}
	postgres, _ := made(t, dbtest.PostgresURL(t))
	for key, n := range lite {
		if postgres[key] != n {
			t.Errorf("%s: %d, the second time, on PostgreSQL, %d", key, n, postgres[key])
		}
	}
}
