package usage_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"prasan/internal/web/kit"
	"prasan/internal/web/usage"
)

func TestWhatGooglesScriptHasSetIsTakenAway(t *testing.T) {
	face := usage.New(usage.Deps{})
	r := httptest.NewRequest(http.MethodGet, "http://rayong.industry.example.go.th:8080/th/", nil)
	for _, name := range []string{"_ga", "_ga_AB12CD34EF", "_gid", "prasan_choice", "_gallery"} {
		r.AddCookie(&http.Cookie{Name: name, Value: "x"})
	}
	w := httptest.NewRecorder()
	face.DropGoogle(w, r)
	dropped := map[string]string{}
	for _, c := range w.Result().Cookies() {
		if c.MaxAge >= 0 || c.Value != "" || c.Path != "/" {
			t.Errorf("%+v is not taken away", c)
		}
		dropped[c.Name] += c.Domain + ","
	}
	if len(dropped) != 3 || dropped["_ga"] != ",rayong.industry.example.go.th,industry.example.go.th,example.go.th,go.th," {
		t.Errorf("%v", dropped)
	}
}

func TestAPolicyIsWidenedForScriptsPicturesAndConnectionsAlone(t *testing.T) {
	h := http.Header{}
	h.Set("Content-Security-Policy", kit.DefaultCSP)
	kit.Admit(h, []string{"https://a.example", "https://b.example"})
	got := h.Get("Content-Security-Policy")
	for what, want := range map[string]bool{"script-src": true, "img-src": true, "connect-src": true, "default-src": false, "style-src": false, "form-action": false, "frame-ancestors": false, "base-uri": false} {
		for _, part := range strings.Split(got, "; ") {
			if name, rest, _ := strings.Cut(part, " "); name == what && strings.Contains(rest, "https://a.example https://b.example") != want {
				t.Errorf("%s", part)
			}
		}
	}
}
