package files_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"prasan/internal/clock"
	"prasan/internal/errs"
	"prasan/internal/web/files"
)

type host struct {
	t     *testing.T
	clock *clock.Fixed
	links *files.Links
	http  http.Handler
	asked files.Link
}

func open(t *testing.T, give files.File, err error) *host {
	t.Helper()
	h := &host{t: t, clock: clock.NewFixed(time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC))}
	var e error
	if h.links, e = files.NewLinks(bytes.Repeat([]byte{7}, 32), h.clock.Now); e != nil {
		t.Fatal(e)
	}
	h.http = files.Host{Links: h.links, Open: func(_ context.Context, l files.Link) (files.File, error) {
		h.asked = l
		return give, err
	}}.Handler()
	return h
}

func (h *host) get(method, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.http.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w
}

func file(body string) files.File {
	return files.File{Name: `ภาพ "1" 100%.jpg`, Type: "image/jpeg", Size: int64(len(body)), Body: io.NopCloser(strings.NewReader(body))}
}

func TestAFileIsSavedUnderItsNameAndCanDoNothing(t *testing.T) {
	h := open(t, file("content"), nil)
	link := files.Link{Attachment: "a1", Reference: "R", Account: "officer-rayong"}
	w := h.get("GET", h.links.Path(link))
	link.Expires = h.asked.Expires
	if w.Code != 200 || w.Body.String() != "content" || h.asked != link {
		t.Fatalf("%d %q %+v", w.Code, w.Body, h.asked)
	}
	kind, params, err := mime.ParseMediaType(w.Header().Get("Content-Disposition"))
	if err != nil || kind != "attachment" || params["filename"] != `ภาพ "1" 100%.jpg` {
		t.Errorf("%s: %v %v", w.Header().Get("Content-Disposition"), params, err)
	}
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Content-Type": "image/jpeg", "Content-Length": "7", "Referrer-Policy": "no-referrer"} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "sandbox") || !strings.Contains(csp, "default-src 'none'") {
		t.Error(csp)
	}
}

func TestALinkIsSealedAndEnds(t *testing.T) {
	h := open(t, file("x"), nil)
	path := h.links.Path(files.Link{Attachment: "a1", CaseID: "secret-case"})
	other, err := files.NewLinks(bytes.Repeat([]byte{8}, 32), h.clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]string{"forged": other.Path(files.Link{Attachment: "a1"}), "changed": path[:len(path)-2] + "AA", "nonsense": "/a/x", "empty": "/a/", "elsewhere": "/"} {
		if w := h.get("GET", p); w.Code != http.StatusNotFound || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	if w := h.get("POST", path); w.Code == 200 {
		t.Error("answers POST")
	}
	h.clock.Advance(files.Lifetime - time.Second)
	if w := h.get("GET", path); w.Code != 200 {
		t.Errorf("ended early: %d", w.Code)
	}
	h.clock.Advance(time.Second)
	if w := h.get("GET", path); w.Code != http.StatusNotFound {
		t.Errorf("still works: %d", w.Code)
	}
}

func TestARefusalLooksLikeAFileThatIsNotThere(t *testing.T) {
	var answers []string
	for _, err := range []error{errs.New(errs.Forbidden, "error.purpose-not-declared"), errs.New(errs.NotFound, "error.file-link")} {
		h := open(t, files.File{}, err)
		w := h.get("GET", h.links.Path(files.Link{Attachment: "a1"}))
		answers = append(answers, w.Result().Status+w.Body.String())
	}
	if answers[0] != answers[1] {
		t.Errorf("%q", answers)
	}
	h := open(t, files.File{}, errors.New("pq: secret detail"))
	if w := h.get("GET", h.links.Path(files.Link{})); w.Code != 500 || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestAFileThatBreaksOffIsNotTakenForWhole(t *testing.T) {
	f := file("content")
	f.Size++
	s := httptest.NewServer(open(t, f, nil).http)
	defer s.Close()
	h := open(t, f, nil)
	res, err := http.Get(s.URL + h.links.Path(files.Link{}))
	if err == nil {
		_, err = io.ReadAll(res.Body)
		res.Body.Close()
	}
	if err == nil {
		t.Error("the browser was not told")
	}
}
