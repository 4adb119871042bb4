package analytics_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"prasan/internal/analytics"
	"prasan/internal/egress"
	"prasan/internal/housetest"
)

// standIn checks what the Measurement Protocol is sent, and can refuse it.
type standIn struct {
	t      *testing.T
	status int
	bodies []string
}

func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.bodies = append(s.bodies, string(body))
	q := r.URL.Query()
	if r.Method != "POST" || q.Get("measurement_id") != "G-1" || q.Get("api_secret") != "secret" || r.Header.Get("X-Forwarded-For") != "" {
		s.t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
	}
	w.WriteHeader(s.status)
}

func TestGoogleIsToldNoMoreThanTheEvents(t *testing.T) {
	s := &standIn{t: t, status: 204}
	server := httptest.NewServer(s)
	defer server.Close()
	way, err := egress.New(egress.Config{Allow: []string{server.Listener.Addr().String()}, Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	housetest.Must(t, err)
	g := analytics.NewGoogle(way, server.URL+"/mp/collect", "G-1", "secret")
	at := time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)
	b := analytics.Batch{Client: "1.2", Events: []analytics.Event{{At: at, Name: "page_view", Params: map[string]any{"page_location": "https://x/"}}}}
	housetest.Must(t, g.Post(context.Background(), b))
	var sent map[string]any
	housetest.Must(t, json.Unmarshal([]byte(s.bodies[0]), &sent))
	if sent["client_id"] != "1.2" || len(sent["events"].([]any)) != 1 || len(sent) != 4 || !strings.Contains(s.bodies[0], `"ad_user_data":"DENIED"`) {
		t.Errorf("%s", s.bodies[0])
	}
	s.status = 500
	if err := g.Post(context.Background(), b); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
	server.Close()
	if err := g.Post(context.Background(), b); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
}
