package ecms

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"prasan/internal/errs"
)

// endless is text that does not end, counted as it is read.
type endless struct {
	head string
	fill string
	read int64
	max  int64
}

func (e *endless) Read(p []byte) (int, error) {
	if e.read >= e.max {
		return 0, io.EOF
	}
	n := 0
	if e.read < int64(len(e.head)) {
		n = copy(p, e.head[e.read:])
	} else {
		for n < len(p) {
			n += copy(p[n:], e.fill)
		}
	}
	e.read += int64(n)
	return n, nil
}

// A gigabyte of text, in one piece or in many, is refused after 64 MB, and costs no more
// memory than that allows.
func TestAGigabyteIsRefusedWithoutBeingRead(t *testing.T) {
	q := &queue{}
	s := &Server{Exchange: q, Now: func() time.Time { return moment0 }, Caller: func(*http.Request) (string, bool) { return "1", true }}
	for name, fill := range map[string]string{"one text": strings.Repeat("ก", 4096), "many texts": strings.Repeat("<!-- --> x", 4096), "many elements": strings.Repeat("<a>x</a>", 4096)} {
		body := &endless{head: `<SOAP-ENV:Envelope xmlns:SOAP-ENV="` + soapNS + `"><SOAP-ENV:Body><TimeCheckRequest><x>`, fill: fill, max: 1 << 30}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(http.MethodPost, Path, body))
		runtime.ReadMemStats(&after)
		if w.Code >= 500 || !strings.Contains(w.Body.String(), "<ErrorDetail><ErrorCode>413</ErrorCode>") && !strings.Contains(w.Body.String(), "<ErrorDetail><ErrorCode>200</ErrorCode>") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if body.read > MaxBytes+1<<20 {
			t.Errorf("%s: %d bytes were read", name, body.read)
		}
		if got := after.TotalAlloc - before.TotalAlloc; got > 12*MaxBytes {
			t.Errorf("%s: %d MB were allocated", name, got>>20)
		}
	}
	if len(q.letters)+len(q.notices) > 0 {
		t.Error("something was taken")
	}
}

// A text in a million pieces is put together without a copy for each piece.
func TestATextOfManyPiecesIsRead(t *testing.T) {
	e, err := parseBytes([]byte("<a>" + strings.Repeat("x<!-- -->", 1_000_000) + "</a>"))
	if err != nil || len(e.text) != 1_000_000 {
		t.Errorf("%d bytes, %v", len(e.text), err)
	}
}

// A node that is down, slow or talks nonsense is one that cannot be reached now: nothing
// is taken for an answer, and nothing is taken for a letter.
func TestANodeThatDoesNotAnswerIsTriedAgain(t *testing.T) {
	rows := map[string]http.HandlerFunc{
		"500": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "oops", http.StatusInternalServerError) },
		"HTML": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, "<!DOCTYPE html><html><body><p>Sign in</p></body></html>")
		},
		"half a body": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "4000")
			fmt.Fprint(w, envelope("<CorrespondenceLetterInboundResponse><ProcessID>1</ProcessID>")[:120])
		},
		"nothing": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) },
		"JSON":    func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"error":"no"}`) },
		"a document type": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `<!DOCTYPE x [<!ENTITY a "b">]>`+envelope("<a/>"))
		},
		"another namespace": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, strings.Replace(envelope("<a/>"), soapNS, "urn:x", 1))
		},
		"two bodies": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, strings.Replace(envelope("<a/>"), "</SOAP-ENV:Envelope>", "<SOAP-ENV:Body><a/></SOAP-ENV:Body></SOAP-ENV:Envelope>", 1))
		},
		"slow": func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-r.Context().Done():
			case <-time.After(5 * time.Second):
			}
		},
	}
	for name, handler := range rows {
		s := httptest.NewServer(handler)
		c := &Client{URL: s.URL, HTTP: &http.Client{Timeout: 300 * time.Millisecond}, Now: time.Now}
		for what, do := range map[string]func() error{
			"sending":  func() error { _, err := c.Send(context.Background(), "", letter()); return err },
			"fetching": func() error { _, err := c.Head(context.Background(), ""); return err },
			"removing": func() error { _, err := c.Remove(context.Background(), "", "1"); return err },
		} {
			if err := do(); errs.KindOf(err) != errs.Unavailable {
				t.Errorf("%s, %s: %v", name, what, err)
			}
		}
		s.Close()
		if _, err := c.Head(context.Background(), ""); errs.KindOf(err) != errs.Unavailable {
			t.Errorf("down: %v", err)
		}
	}
}

// A signature that does not fit is refused in the protocol's own terms.
func TestANodeRefusesAnAlteredLetterInTheProtocolsTerms(t *testing.T) {
	q, c, _ := serve(t)
	l, _ := signedLetter(t, ecdsaKey(t))
	l.Document = &Document{text: []byte(strings.Replace(l.Document.String(), "ทดสอบ", "อื่น", 1))}
	refusing := &verifying{q}
	s := httptest.NewServer(&Server{Exchange: refusing, Now: func() time.Time { return moment0 }, Caller: func(*http.Request) (string, bool) { return "1", true }})
	defer s.Close()
	c.URL = s.URL + Path
	if _, err := c.Send(context.Background(), "", l); err == nil || !strings.Contains(err.Error(), Altered) {
		t.Errorf("%v", err)
	}
	if len(q.letters) > 0 {
		t.Error("it was taken")
	}
}

// verifying is a node that looks at signatures.
type verifying struct{ Exchange }

func (v *verifying) Send(ctx context.Context, org string, l *Letter) (Receipt, error) {
	if _, err := Verify(l); err != nil {
		return Receipt{}, err
	}
	return v.Exchange.Send(ctx, org, l)
}
