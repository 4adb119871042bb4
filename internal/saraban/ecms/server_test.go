package ecms

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
)

// Large letters are taken few at a time; one too many is asked to come again, in the
// protocol's terms, and small ones are not kept waiting.
func TestLargeLettersAreTakenFewAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Server{Exchange: &queue{}, Caller: func(*http.Request) (string, bool) { return "1", true }}
		ask := func(body io.Reader, size int64) *httptest.ResponseRecorder {
			w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, Path, body)
			r.ContentLength = size
			s.ServeHTTP(w, r)
			return w
		}
		const small = `<e:Envelope xmlns:e="` + soapNS + `"><e:Body><GetSpeedCodes/></e:Body></e:Envelope>`
		var slow []*io.PipeWriter
		for range atOnce {
			r, w := io.Pipe()
			slow = append(slow, w)
			go ask(r, 20<<20)
		}
		synctest.Wait()
		if w := ask(strings.NewReader(small), 20<<20); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), "<ErrorCode>"+TryAgain+"<") {
			t.Errorf("one too many: %d %s", w.Code, w.Body)
		}
		if w := ask(strings.NewReader(small), int64(len(small))); w.Code != http.StatusOK {
			t.Errorf("a small one: %d %s", w.Code, w.Body)
		}
		slow[0].Close()
		if w := ask(strings.NewReader(small), -1); w.Code != http.StatusOK {
			t.Errorf("when there is a place again: %d %s", w.Code, w.Body)
		}
		for _, w := range slow {
			w.Close()
		}
		synctest.Wait()
	})
}
