package app

import (
	"context"
	"database/sql"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"prasan/internal/db"
)

// metrics returns the registry of /metrics. Figures of the store are read when they
// are asked for, so that an idle program does nothing.
func (a *App) metrics() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), a.requests, &storeCollector{a.DB}, usageCollector{a.Analytics}, truthCollector{a.Truth})
	return r
}

func newRequests() *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "prasan_http_request_seconds", Help: "Requests answered, by audience and class of status, and how long they took.", Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}}, []string{"audience", "status"})
}

// storeCollector counts what lies in the store.
type storeCollector struct{ db *db.DB }

var (
	casesDesc  = prometheus.NewDesc("prasan_cases", "Cases by state.", []string{"state"}, nil)
	outboxDesc = prometheus.NewDesc("prasan_outbox", "Mails by state.", []string{"state"}, nil)
	jobsDesc   = prometheus.NewDesc("prasan_jobs", "Jobs by state.", []string{"state"}, nil)
)

func (c *storeCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{casesDesc, outboxDesc, jobsDesc} {
		ch <- d
	}
}

func (c *storeCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = c.db.Read(ctx, func(tx *db.Tx) error {
		for table, desc := range map[string]*prometheus.Desc{"cases": casesDesc, "outbox": outboxDesc, "jobs": jobsDesc} {
			err := tx.Each(`SELECT state, COUNT(*) FROM `+table+` GROUP BY state`, nil, func(rows *sql.Rows) error {
				var state string
				var n float64
				if err := rows.Scan(&state, &n); err != nil {
					return err
				}
				ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, n, state)
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}
