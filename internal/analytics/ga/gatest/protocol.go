package gatest

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"prasan/internal/analytics/ga"
)

var (
	clientForm = regexp.MustCompile(`^[0-9]{1,10}\.[0-9]{1,10}$`)
	eventForm  = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)
	address    = regexp.MustCompile(`\b(\d{1,3}\.){3}\d{1,3}\b|\b[0-9a-f]{1,4}(:[0-9a-f]{0,4}){3,7}\b`)
	agent      = regexp.MustCompile(`(?i)mozilla|applewebkit|android|iphone|windows nt`)
)

// params are what an event may bear, of all that the protocol knows.
var params = []string{"engagement_time_msec", "session_id", "page_location", "page_referrer", "language"}

// strict reads JSON with nothing in it that is not known.
func strict(body []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if d.More() {
		return fmt.Errorf("more than one value")
	}
	return nil
}

// headers tells what a request says about who is at the other end.
func (s *Server) headers(name string, r *http.Request, allowed ...string) {
	for h, v := range r.Header {
		if !slices.Contains(append([]string{"Content-Type", "Content-Length", "Accept-Encoding"}, allowed...), h) {
			s.complain("%s: header %s: %q", name, h, v)
		}
	}
}

func (s *Server) collect(_ io.Writer, r *http.Request, body []byte) int {
	s.headers(Collect, r)
	q := r.URL.Query()
	if q.Get("measurement_id") != Measurement || q.Get("api_secret") != Secret || len(q) != 2 {
		s.complain("collect: query %v", q)
		return http.StatusForbidden
	}
	var x struct {
		Client  string            `json:"client_id"`
		Micros  int64             `json:"timestamp_micros"`
		Consent map[string]string `json:"consent"`
		Events  []struct {
			Name   string         `json:"name"`
			Params map[string]any `json:"params"`
			Micros int64          `json:"timestamp_micros"`
		} `json:"events"`
	}
	if err := strict(body, &x); err != nil || r.Header.Get("Content-Type") != "application/json" {
		s.complain("collect: %v in %s", err, body)
		return http.StatusNoContent // as the protocol does
	}
	if !clientForm.MatchString(x.Client) {
		s.complain("collect: client id %q", x.Client)
	}
	if len(x.Consent) != 2 || x.Consent["ad_user_data"] != "DENIED" || x.Consent["ad_personalization"] != "DENIED" {
		s.complain("collect: consent %v", x.Consent)
	}
	if len(x.Events) == 0 || len(x.Events) > ga.MaxEvents {
		s.complain("collect: %d events", len(x.Events))
	}
	if found := address.FindString(strings.Replace(string(body), x.Client, "", 1)); found != "" {
		s.complain("collect: an address, %s", found)
	}
	if found := agent.FindString(string(body)); found != "" {
		s.complain("collect: an agent, %s", found)
	}
	b := Batch{Client: x.Client}
	for _, e := range x.Events {
		s.event(e.Name, e.Params, e.Micros)
		b.Names, b.Params = append(b.Names, e.Name), append(b.Params, e.Params)
	}
	s.mu.Lock()
	s.batches = append(s.batches, b)
	s.mu.Unlock()
	return http.StatusNoContent
}

func (s *Server) event(name string, has map[string]any, micros int64) {
	if !eventForm.MatchString(name) {
		s.complain("collect: event %q", name)
	}
	for p := range has {
		if !slices.Contains(params, p) {
			s.complain("collect: parameter %q of %s", p, name)
		}
	}
	for _, p := range params[:2] { // without them it is in no report of the moment
		if v, ok := has[p].(float64); !ok || v <= 0 {
			s.complain("collect: %s of %s is %v", p, name, has[p])
		}
	}
	if u, ok := has["page_location"].(string); ok {
		if at, err := url.Parse(u); err != nil || at.RawQuery != "" || at.User != nil || at.Host == "" {
			s.complain("collect: location %q", u)
		}
	}
	if s.Now != nil {
		if late := s.Now().Sub(time.UnixMicro(micros)); late > ga.MaxLate || late < -time.Minute {
			s.complain("collect: %s is %s late", name, late)
		}
	}
}

// scopes that it gives tokens for.
var scopes = []string{"https://www.googleapis.com/auth/analytics.readonly", "https://www.googleapis.com/auth/analytics.user.deletion"}

func (s *Server) token(w io.Writer, r *http.Request, body []byte) int {
	s.headers(Token, r)
	form, err := url.ParseQuery(string(body))
	if err != nil || form.Get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" || len(form) != 2 {
		s.complain("token: %s", body)
		return http.StatusBadRequest
	}
	scope, err := s.verify(form.Get("assertion"))
	if err != nil {
		fmt.Fprintf(w, `{"error":"invalid_grant","error_description":%q}`, err.Error())
		return http.StatusBadRequest
	}
	bearer := random()
	s.mu.Lock()
	s.tokens[bearer] = scope
	s.mu.Unlock()
	fmt.Fprintf(w, `{"access_token":%q,"expires_in":3599,"token_type":"Bearer"}`, bearer)
	return http.StatusOK
}

// verify holds an assertion against its signature and what it must say.
func (s *Server) verify(assertion string) (scope string, err error) {
	parts := strings.Split(assertion, ".")
	if len(parts) != 3 {
		return "", fmt.Errorf("no JWT")
	}
	var raw [3][]byte
	for i, p := range parts {
		if raw[i], err = base64.RawURLEncoding.DecodeString(p); err != nil {
			return "", err
		}
	}
	var header struct{ Alg, Typ, Kid string }
	if err := strict(raw[0], &header); err != nil || header.Alg != "RS256" || header.Typ != "JWT" || header.Kid != keyID {
		return "", fmt.Errorf("header %s", raw[0])
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err := rsa.VerifyPKCS1v15(&s.key.PublicKey, crypto.SHA256, sum[:], raw[2]); err != nil {
		return "", fmt.Errorf("the signature is not this account's")
	}
	var c struct {
		Iss, Scope, Aud string
		Iat, Exp        int64
	}
	if err := strict(raw[1], &c); err != nil || c.Iss != Email || c.Aud != "https://oauth2.googleapis.com/token" || !slices.Contains(scopes, c.Scope) || c.Exp <= c.Iat || c.Exp-c.Iat > 3600 {
		return "", fmt.Errorf("claims %s", raw[1])
	}
	if s.Now != nil && (s.Now().Unix() > c.Exp || s.Now().Unix() < c.Iat-60) {
		return "", fmt.Errorf("not now")
	}
	return c.Scope, nil
}

func (s *Server) bearer(r *http.Request, scope string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tokens[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")] == scope
}

func (s *Server) report(w io.Writer, r *http.Request, body []byte) int {
	s.headers(Report, r, "Authorization")
	if !s.bearer(r, scopes[0]) {
		return http.StatusUnauthorized
	}
	if r.PathValue("call") != Number+":runReport" {
		return http.StatusForbidden
	}
	type named struct {
		Name string `json:"name"`
	}
	var q struct {
		Ranges     []struct{ StartDate, EndDate string } `json:"dateRanges"`
		Dimensions []named                               `json:"dimensions"`
		Metrics    []named                               `json:"metrics"`
		Order      []struct {
			Dimension struct{ DimensionName string }
		} `json:"orderBys"`
		Limit  string `json:"limit"`
		Offset string `json:"offset"`
	}
	err := strict(body, &q)
	limit, badLimit := strconv.Atoi(q.Limit)
	offset, badOffset := strconv.Atoi(q.Offset)
	if err != nil || badLimit != nil || badOffset != nil || len(q.Ranges) != 1 || len(q.Metrics) != len(ga.Metrics) || len(q.Dimensions) < 1 || q.Dimensions[0].Name != "date" {
		s.complain("report: %v in %s", err, body)
		return http.StatusBadRequest
	}
	dimension := ""
	if len(q.Dimensions) == 2 {
		dimension = q.Dimensions[1].Name
	}
	var rows []map[string]any
	s.mu.Lock()
	for _, x := range s.rows[dimension] {
		day := x.Day.Format(time.DateOnly)
		if day < q.Ranges[0].StartDate || day > q.Ranges[0].EndDate {
			continue
		}
		dims := []map[string]string{{"value": x.Day.Format("20060102")}}
		if dimension != "" {
			dims = append(dims, map[string]string{"value": x.Term})
		}
		figure := func(n int64) map[string]string { return map[string]string{"value": strconv.FormatInt(n, 10)} }
		rows = append(rows, map[string]any{"dimensionValues": dims, "metricValues": []map[string]string{figure(x.Views), figure(x.Users), figure(x.Sessions)}})
	}
	s.mu.Unlock()
	count := len(rows)
	rows = rows[min(offset, count):min(offset+limit, count)]
	answer := map[string]any{"dimensionHeaders": q.Dimensions, "metricHeaders": q.Metrics, "rows": rows, "rowCount": count, "kind": "analyticsData#runReport"}
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		s.complain("report: %v", err)
	}
	return http.StatusOK
}

func (s *Server) deletion(w io.Writer, r *http.Request, body []byte) int {
	s.headers(Deletion, r, "Authorization")
	if !s.bearer(r, scopes[1]) {
		return http.StatusUnauthorized
	}
	var x struct {
		Kind       string                        `json:"kind"`
		ID         struct{ Type, UserID string } `json:"id"`
		PropertyID string                        `json:"propertyId"`
	}
	if err := strict(body, &x); err != nil || x.Kind != "analytics#userDeletionRequest" || x.ID.Type != "CLIENT_ID" || !clientForm.MatchString(x.ID.UserID) || x.PropertyID != Number {
		s.complain("deletion: %v in %s", err, body)
		return http.StatusBadRequest
	}
	s.mu.Lock()
	s.erased = append(s.erased, x.ID.UserID)
	s.mu.Unlock()
	fmt.Fprintf(w, `{"kind":"analytics#userDeletionRequest","id":{"type":"CLIENT_ID","userId":%q},"propertyId":%q,"deletionRequestTime":"2026-11-25T00:00:00.000Z"}`, x.ID.UserID, Number)
	return http.StatusOK
}

// gtag does in a browser what Google's script does, as far as it can be seen from
// outside: it reads what was configured, sets its cookies and reports the page.
const gtag = `(()=>{const me=new URL(document.currentScript.src),id=me.searchParams.get('id');let c={},first='',consent={};
for(const a of window.dataLayer||[]){first=first||a[0];if(a[0]==='consent')consent=a[2];if(a[0]==='config'&&a[1]===id)c=a[2]||{}}
const flags=';path=/;max-age=60'+(c.cookie_domain&&c.cookie_domain!=='none'?';domain='+c.cookie_domain:'');
document.cookie='_ga=GA1.1.'+c.client_id+flags;document.cookie='_ga_'+id.slice(2)+'=GS1.1.1'+flags;
const q=new URLSearchParams({tid:id,cid:c.client_id||'',dl:c.page_location||location.href,dr:c.page_referrer===undefined?document.referrer:c.page_referrer,first,gcs:JSON.stringify(consent),signals:String(c.allow_google_signals)});
new Image().src=me.origin+'/g/collect?'+q})()`

func (s *Server) script(w io.Writer, r *http.Request, _ []byte) int {
	if r.URL.Query().Get("id") != Measurement {
		s.complain("script: %s", r.URL)
	}
	if from := r.Header.Get("Referer"); from != "" {
		s.complain("script: the browser tells where from, %s", from)
	}
	if r.Header.Get("Cookie") != "" {
		s.complain("script: the browser sends a cookie")
	}
	_, _ = io.WriteString(w, gtag)
	return http.StatusOK
}

func (s *Server) fromBrowser(_ io.Writer, r *http.Request, _ []byte) int {
	q := r.URL.Query()
	if !clientForm.MatchString(q.Get("cid")) || q.Get("first") != "consent" || q.Get("signals") != "false" {
		s.complain("browser: %v", q)
	}
	var consent map[string]string
	if json.Unmarshal([]byte(q.Get("gcs")), &consent) != nil || consent["analytics_storage"] != "granted" || consent["ad_storage"] != "denied" || consent["ad_user_data"] != "denied" || consent["ad_personalization"] != "denied" {
		s.complain("browser: consent %s", q.Get("gcs"))
	}
	if at, err := url.Parse(q.Get("dl")); err != nil || at.RawQuery != "" {
		s.complain("browser: location %s", q.Get("dl"))
	}
	s.mu.Lock()
	s.browser = append(s.browser, q.Get("dl")+" "+q.Get("cid"))
	s.mu.Unlock()
	return http.StatusNoContent
}
