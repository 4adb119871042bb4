package app

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"prasan/internal/truth"
)

// truthCollector shows the report that was kept last: the one number and its parts.
type truthCollector struct{ truth *truth.Service }

var (
	truthPercent = prometheus.NewDesc("prasan_truth_percent", "Rows of the record that are enforced or verified without drift, of those that the program can speak of.", nil, nil)
	truthRows    = prometheus.NewDesc("prasan_truth_rows", "Rows of the record by status.", []string{"activity", "status"}, nil)
	truthDrift   = prometheus.NewDesc("prasan_truth_drift", "Differences between record and observation that are not accepted.", []string{"activity", "class", "severity"}, nil)
	truthAt      = prometheus.NewDesc("prasan_truth_report_timestamp_seconds", "When the report was made.", nil, nil)
)

func (c truthCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{truthPercent, truthRows, truthDrift, truthAt} {
		ch <- d
	}
}

func (c truthCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	r, err := c.truth.Last(ctx)
	if err != nil || r == nil {
		return // before the first night there is none
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	gauge(truthPercent, float64(r.Percent))
	gauge(truthAt, float64(r.At.Unix()))
	for _, a := range r.Activities {
		for _, s := range truth.Statuses {
			gauge(truthRows, float64(a.Counts[s]), a.Code, string(s))
		}
	}
	drift := map[[3]string]float64{}
	for _, d := range r.Drift {
		if d.Exception == nil {
			drift[[3]string{d.Activity, d.Class, d.Severity}]++
		}
	}
	for key, n := range drift {
		gauge(truthDrift, n, key[:]...)
	}
}
