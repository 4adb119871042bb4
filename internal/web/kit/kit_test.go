package kit_test

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"prasan/internal/errs"
	"prasan/internal/web/kit"
)

type answers struct{ Message string }

func TestASealIsForItsPurposeAndTime(t *testing.T) {
	now := time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)
	s, err := kit.NewSealer(make([]byte, 32), func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "สั้น", strings.Repeat("ข้อความยาว ", 5000)} {
		token := s.Seal("a", answers{text}, time.Hour)
		if len(text) > 10000 && len(token) > len(text)/10 {
			t.Errorf("%d bytes are sealed as %d", len(text), len(token))
		}
		var got answers
		if issued, err := s.Open("a", token, &got); err != nil || got.Message != text || !issued.Equal(now) {
			t.Errorf("%v %v", issued, err)
		}
		if _, err := s.Open("b", token, &got); !errors.Is(err, kit.ErrFalse) {
			t.Error("opens for another purpose")
		}
		for i := range min(len(token), 40) {
			changed := token[:i] + string("AB"[token[i]&1]) + token[i+1:]
			if _, err := s.Open("a", changed, &got); changed != token && err == nil {
				t.Errorf("a token changed at %d opens", i)
			}
		}
		now = now.Add(time.Hour)
		got = answers{}
		if _, err := s.Open("a", token, &got); !errors.Is(err, kit.ErrOld) || got.Message != text {
			t.Error("an old token is not old, or what was typed is gone")
		}
		now = now.Add(-time.Hour)
	}
}

func TestAnErrorShowsItsMessageAndNeverItsCause(t *testing.T) {
	secret := errors.New("dial tcp 10.0.0.1: SECRET")
	for _, c := range []struct {
		err    error
		status int
	}{
		{secret, 500},
		{errs.Wrap(secret, errs.Unavailable, "error.unavailable"), 503},
		{errs.Wrap(secret, errs.NotFound, "error.not-found"), 404},
		{&http.MaxBytesError{Limit: 1}, 413},
		{errs.InvalidField("email", "error.email"), 422},
	} {
		w := httptest.NewRecorder()
		kit.Edge{}.Handle(func(http.ResponseWriter, *http.Request) error { return c.err }).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		var p kit.Problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != c.status || p.Status != c.status || p.Reference == "" || p.Title == "" || strings.Contains(w.Body.String(), "SECRET") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if w.Header().Get("Content-Type") != "application/problem+json" {
			t.Error(w.Header())
		}
	}
	w := httptest.NewRecorder()
	kit.Edge{}.Handle(func(http.ResponseWriter, *http.Request) error { panic("SECRET") }).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != 500 || strings.Contains(w.Body.String(), "SECRET") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestPagesAreCompressedForWhoTakesIt(t *testing.T) {
	page := []byte(strings.Repeat("<p>สวัสดี</p>", 500))
	for accept, zipped := range map[string]bool{"gzip, br": true, "": false, "gzip;q=0": false, "br, gzip;q=0.5": true} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept-Encoding", accept)
		w := httptest.NewRecorder()
		if err := kit.WriteHTML(w, r, 0, page); err != nil {
			t.Fatal(err)
		}
		body := io.Reader(w.Body)
		if (w.Header().Get("Content-Encoding") == "gzip") != zipped {
			t.Errorf("%q: %v", accept, w.Header())
		}
		if zipped {
			body, _ = gzip.NewReader(w.Body)
		}
		if got, _ := io.ReadAll(body); string(got) != string(page) {
			t.Errorf("%q: another page", accept)
		}
	}
}

func TestAFormOfAnotherOriginIsRefused(t *testing.T) {
	h := kit.Secure(kit.Options{}, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) }))
	for site, want := range map[string]int{"cross-site": 403, "same-origin": 200, "none": 200} {
		r := httptest.NewRequest("POST", "/", nil)
		r.Header.Set("Sec-Fetch-Site", site)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want || !strings.Contains(w.Header().Get("Content-Security-Policy"), "frame-ancestors 'none'") {
			t.Errorf("%s: %d", site, w.Code)
		}
	}
}
