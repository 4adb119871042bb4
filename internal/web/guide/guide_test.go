package guide_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"prasan/internal/web/guide"
)

func TestTheGuideShowsTheCodeOfTheDemosClock(t *testing.T) {
	now := time.Unix(59, 0) // RFC 6238, appendix B: SHA-1, six digits of 94287082
	h := guide.Guide{Places: []guide.Place{{Name: "ระยอง", URL: "http://rayong.test/"}}, Now: func() time.Time { return now },
		People: func() []guide.Person {
			return []guide.Person{{Name: "officer-rayong", Password: "open", Secret: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}}
		}}.Handler()
	get := func(path string) string {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != 200 {
			t.Fatalf("%s: %d", path, w.Code)
		}
		return w.Body.String()
	}
	page := get("/")
	for _, want := range []string{"287082", "officer-rayong", "http://rayong.test/"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	var people []guide.Person
	if err := json.Unmarshal([]byte(get("/accounts.json")), &people); err != nil || people[0].Code != "287082" {
		t.Errorf("%v %v", people, err)
	}
	if strings.Contains(get("/accounts.json"), "GEZDG") {
		t.Error("the secret is not to be told here")
	}
}
