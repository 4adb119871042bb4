package app

import (
	"context"
	"database/sql"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"prasan/internal/db"
	"prasan/internal/truth"
)

func init() { metrics.ExposeMetadata(true) }

// requestSeconds are the bounds of the histogram of answers.
var requestSeconds = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// answered counts an answer by audience and class of status, with how long it took.
func (a *App) answered(audience string, status int, took time.Duration) {
	name := `prasan_http_request_seconds{audience="` + audience + `",status="` + strconv.Itoa(status/100) + `xx"}`
	a.requests.GetOrCreatePrometheusHistogramExt(name, requestSeconds).Update(took.Seconds())
}

// metrics answers /metrics. Figures of the store are read when they are asked for, so
// that an idle program does nothing.
func (a *App) metrics(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	metrics.WriteProcessMetrics(w)
	a.requests.WritePrometheus(w)
	a.writeStore(ctx, w)
	a.writeUsage(w)
	a.writeTruth(ctx, w)
}

// writeStore counts what lies in the store, by state.
func (a *App) writeStore(ctx context.Context, w io.Writer) {
	_ = a.DB.Read(ctx, func(tx *db.Tx) error {
		for _, table := range []string{"cases", "jobs", "outbox"} {
			err := tx.Each(`SELECT state, COUNT(*) FROM `+table+` GROUP BY state ORDER BY state`, nil, func(rows *sql.Rows) error {
				var state string
				var n uint64
				err := rows.Scan(&state, &n)
				metrics.WriteGaugeUint64(w, "prasan_"+table+`{state="`+state+`"}`, n)
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// writeUsage shows what the collection of usage did since the start: hits by what
// became of them (stored, refused, shed because the queue was full, limited because of
// one client too often, other because counted without their text), and the transactions
// in which they were stored.
func (a *App) writeUsage(w io.Writer) {
	s := &a.Analytics.Stats
	for _, x := range []struct {
		outcome string
		n       int64
	}{{"limited", s.Limited.Load()}, {"other", s.Others.Load()}, {"refused", s.Refused.Load()}, {"shed", s.Shed.Load()}, {"stored", s.Stored.Load()}} {
		metrics.WriteCounterUint64(w, `prasan_usage_hits_total{outcome="`+x.outcome+`"}`, uint64(x.n))
	}
	metrics.WriteCounterUint64(w, "prasan_usage_commits_total", uint64(s.Commits.Load()))
}

// writeTruth shows the last report of the record beside what is observed.
func (a *App) writeTruth(ctx context.Context, w io.Writer) {
	r, err := a.Truth.Last(ctx)
	if err == nil && r == nil { // who asks first has one made
		var kept truth.Report
		kept, err = a.Truth.Keep(ctx)
		r = &kept
	}
	if err != nil {
		return
	}
	metrics.WriteGaugeUint64(w, "prasan_truth_percent", uint64(r.Percent))
	metrics.WriteGaugeUint64(w, "prasan_truth_report_timestamp_seconds", uint64(r.At.Unix()))
	for _, x := range r.Activities {
		for _, s := range truth.Statuses {
			metrics.WriteGaugeUint64(w, `prasan_truth_rows{activity="`+x.Code+`",status="`+string(s)+`"}`, uint64(x.Counts[s]))
		}
	}
	drift := map[string]uint64{}
	var names []string
	for _, d := range r.Drift {
		name := `prasan_truth_drift{activity="` + d.Activity + `",class="` + d.Class + `",severity="` + d.Severity + `"}`
		if d.Exception == nil {
			if drift[name]++; drift[name] == 1 {
				names = append(names, name)
			}
		}
	}
	for _, name := range names {
		metrics.WriteGaugeUint64(w, name, drift[name])
	}
}
