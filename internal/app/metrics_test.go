package app_test

import (
	"net/http"
	"strings"
	"testing"

	"prasan/internal/webtest"
)

func TestMetricsAreInTheTextFormOfPrometheus(t *testing.T) {
	r := start(t, settings(t, ""), demo())
	r.get(rayong, "/th/", 200)
	p := r.want(http.StatusOK)(webtest.New(r.Config.AdminListen).Get("http://" + r.Config.AdminListen + "/metrics"))
	for _, want := range []string{
		"# TYPE prasan_http_request_seconds histogram",
		`prasan_http_request_seconds_bucket{audience="public",status="2xx",le="0.001"}`,
		`prasan_http_request_seconds_count{audience="public",status="2xx"} `,
		`prasan_usage_hits_total{outcome="stored"} `,
		"process_resident_memory_bytes ",
	} {
		if !strings.Contains(p.Body, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if t.Failed() {
		t.Logf("%.4000s", p.Body)
	}
}
