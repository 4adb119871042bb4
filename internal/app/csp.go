package app

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"time"

	"prasan/internal/db"
	"prasan/internal/truth"
	"prasan/internal/web/kit"
)

// cspPath is where browsers report what they refused on a page of ours; every page's
// policy names it.
const cspPath = "/csp-report"

const (
	maxReport  = 16 << 10 // bytes of a request
	maxReports = 10       // in it
	reportsOf  = 60       // an address and hour
)

// violation is a report in either of the two forms that browsers send.
type violation struct {
	Directive  string `json:"effectiveDirective"`
	Blocked    string `json:"blockedURL"`
	Directive1 string `json:"effective-directive"`
	Violated1  string `json:"violated-directive"`
	Blocked1   string `json:"blocked-uri"`
}

func (v violation) told() (directive, blocked string) {
	for _, d := range []string{v.Directive, v.Directive1, v.Violated1} {
		if d != "" {
			return d, v.Blocked + v.Blocked1
		}
	}
	return "", ""
}

// cspReport counts what a browser reports: the directive and the origin, by day. The
// address only bounds how much one may send, as a keyed hash; whose browser it was, and
// on which page, is not kept. Whatever comes is answered alike.
func (a *App) cspReport(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	name := kit.HostName(r.Host)
	_, ours := a.hosts[name]
	if _, site := a.Sites.Lookup(name); !ours && !site {
		http.Error(w, http.StatusText(http.StatusMisdirectedRequest), http.StatusMisdirectedRequest)
		return
	}
	list := readViolations(http.MaxBytesReader(w, r.Body, maxReport), r.Header.Get("Content-Type"))
	if len(list) > 0 {
		_ = a.DB.InTx(r.Context(), func(tx *db.Tx) error { // a report that is lost is no one's loss
			if ok, err := a.Limits.Allow(tx, "csp-report", ClientAddr(r), reportsOf, time.Hour); err != nil || !ok {
				return err
			}
			for _, v := range list {
				directive, blocked := v.told()
				if _, err := truth.Reported(tx, directive, blocked); err != nil {
					return err
				}
			}
			return nil
		})
	}
	w.WriteHeader(http.StatusNoContent)
}

func readViolations(body io.Reader, contentType string) []violation {
	kind, _, _ := mime.ParseMediaType(contentType)
	text, err := io.ReadAll(body)
	if err != nil {
		return nil
	}
	if kind == "application/reports+json" {
		var many []struct {
			Type string    `json:"type"`
			Body violation `json:"body"`
		}
		var out []violation
		if json.Unmarshal(text, &many) != nil {
			return nil
		}
		for _, m := range many {
			if m.Type == "csp-violation" && len(out) < maxReports {
				out = append(out, m.Body)
			}
		}
		return out
	}
	var one struct {
		Report *violation `json:"csp-report"`
	}
	if json.Unmarshal(text, &one) != nil || one.Report == nil {
		return nil
	}
	return []violation{*one.Report}
}
